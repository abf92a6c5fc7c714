//! What the loader would do with records, without doing it: for whoever sets it up.

use std::collections::BTreeSet;

use event::{
    atomic::{FIELDS, Field},
    schema_key::SchemaKey,
};
use jiff::Timestamp;
use stream::record::{Position, ShardId};

use super::{
    buffer::{Buffer, Closed},
    config::{LakeConfig, Purpose},
    format::INDEX,
    key::BatchName,
    rejected::Rejected,
    shard,
};
use crate::parquet::schemas::Schemas;

/// What would become of records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Keys below the loader's path, and the number of records of each.
    pub objects: Vec<(String, u64)>,
    /// Bad rows as JSON.
    pub bad_rows: Vec<String>,
}

/// The schemas that a batch of these records needs: none where it is no columns.
pub fn schemas_of(config: &LakeConfig, records: &[Vec<u8>]) -> BTreeSet<SchemaKey> {
    batch(config, records).schemas()
}

fn batch(config: &LakeConfig, records: &[Vec<u8>]) -> Buffer {
    let mut buffer = shard::open(config, None);
    for (number, record) in (1_u64..).zip(records) {
        buffer.push(Position::from(number), record);
    }
    buffer
}

/// What a batch of these records, numbered from 1 and closed at `stamp`, would become. `schemas`: those of [`schemas_of`].
pub fn plan(config: &LakeConfig, records: &[Vec<u8>], schemas: &Schemas, stamp: Timestamp) -> Plan {
    let buffer = batch(config, records);
    let Some((first, last)) = buffer.span() else { return Plan::default() };
    let name = BatchName {
        template: &config.template,
        file_prefix: config.file_prefix.as_deref(),
        ending: match config.parquet {
            Some(_) => ".parquet",
            None => config.format.ending(),
        },
        stamp,
        first,
        last,
        shard: &ShardId::numbered(0),
    };
    let Closed { objects, rejected, .. } = buffer.finish_columns(schemas, stamp);
    let mut plan = Plan::default();
    for object in objects {
        let key = name.key(&object.schema);
        let index = object.packed.index.map(|_| (format!("{key}{INDEX}"), 0));
        plan.objects.extend([Some((key, object.records)), index].into_iter().flatten());
    }
    let text = |rejected: &Rejected| {
        let row = rejected.bad_row(stamp, config.max_bad_row_bytes);
        String::from_utf8_lossy(&row.data).into_owned()
    };
    plan.bad_rows = rejected.iter().map(text).collect();
    plan
}

/// A record of the kind that a stream carries.
pub fn sample(purpose: Purpose) -> Vec<u8> {
    match purpose {
        Purpose::Raw => b"a collector payload".to_vec(),
        Purpose::EnrichedEvents => {
            let mut columns = vec![""; FIELDS.len()];
            for (field, text) in [
                (Field::CollectorTstamp, "2026-01-02 03:04:05.678"),
                (Field::Event, "page_view"),
                (Field::EventId, "b5f2a3c4-0d1e-4f60-8a7b-9c0d1e2f3a4b"),
                (Field::VCollector, "sample"),
                (Field::VEtl, "sample"),
                (Field::EventName, "page_view"),
            ] {
                columns[field as usize] = text;
            }
            columns.join("\t").into_bytes()
        }
        Purpose::SelfDescribing => {
            let schema = "iglu:com.snowplowanalytics.snowplow.badrows/schema_violations/jsonschema/2-0-0";
            format!(r#"{{"schema":"{schema}","data":{{}}}}"#).into_bytes()
        }
    }
}
