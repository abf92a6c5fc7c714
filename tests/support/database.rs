//! Reads what the Postgres loader wrote.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use event::atomic::{FIELDS, Kind, TABLE};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::lake::Line;

/// A connection to the database of a story.
pub struct Database {
    runtime: Runtime,
    client: Client,
    trouble: Arc<Mutex<Option<String>>>,
}

/// A row as texts by column; absent means NULL.
pub type Row = BTreeMap<String, String>;

impl Database {
    /// Connects; `url` is what `--postgres` is given.
    pub fn connect(url: &str) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let trouble = Arc::new(Mutex::new(None));
        let (client, connection) =
            runtime.block_on(tokio_postgres::connect(url, NoTls)).unwrap_or_else(|e| panic!("{url}: {e}"));
        let sink = trouble.clone();
        runtime.spawn(async move {
            if let Err(error) = connection.await {
                *sink.lock().unwrap() = Some(error.to_string());
            }
        });
        Self { runtime, client, trouble }
    }

    /// All rows of a query, as texts.
    pub fn rows(&self, query: &str) -> Vec<Row> {
        let answered = self.runtime.block_on(self.client.simple_query(query));
        let messages =
            answered.unwrap_or_else(|e| panic!("{query}: {e} ({:?})", self.trouble.lock().unwrap()));
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        rows.map(|row| {
            let columns = row.columns().iter().enumerate();
            columns.filter_map(|(i, c)| Some((c.name().to_owned(), row.get(i)?.to_owned()))).collect()
        })
        .collect()
    }

    /// The one value of a query; empty for NULL.
    pub fn value(&self, query: &str) -> String {
        self.rows(query).into_iter().next().and_then(|row| row.into_values().next()).unwrap_or_default()
    }

    /// Whether `atomic.events` is there yet.
    pub fn has_events(&self) -> bool {
        self.value("select to_regclass('atomic.events') is not null") == "t"
    }

    /// Number of rows of `atomic.events`; 0 before it exists.
    pub fn events(&self) -> usize {
        if self.has_events() {
            self.value("select count(*) from atomic.events").parse().expect("a count is a number")
        } else {
            0
        }
    }

    /// How often each event id is in a table (`events.event_id` or an entity table's `root_id`); none before it exists.
    pub fn ids(&self, table: &str, column: &str) -> BTreeMap<String, usize> {
        if self.value(&format!("select to_regclass('atomic.{table}') is null")) == "t" {
            return BTreeMap::new();
        }
        let query = format!("select {column}::text as id, count(*) as n from atomic.{table} group by 1");
        let rows = self.rows(&query).into_iter();
        rows.map(|mut row| (row.remove("id").unwrap_or_default(), row["n"].parse().unwrap())).collect()
    }

    /// Tables of entities and self-describing events.
    pub fn entity_tables(&self) -> Vec<String> {
        let rows = self.rows(
            "select table_name from information_schema.columns \
             where table_schema = 'atomic' and column_name = 'root_id' order by 1",
        );
        rows.into_iter().filter_map(|mut row| row.remove("table_name")).collect()
    }

    /// Asserts that `atomic.events` has the columns of the table of fields, and holds this line field by field.
    pub fn holds(&self, line: &Line) {
        let id = line.get("event_id");
        let rows = self.rows(&format!("select * from atomic.events where event_id = '{id}'"));
        let [row] = rows.as_slice() else { panic!("{} rows for event {id}", rows.len()) };
        for (field, definition) in FIELDS.iter().zip(&TABLE).filter(|(_, d)| d.postgres.is_some()) {
            let stored = row.get(definition.name).map(|text| normal(definition.kind, text.trim_end()));
            let written =
                Some(line.get(field.name())).filter(|t| !t.is_empty()).map(|t| normal(definition.kind, t));
            assert_eq!(stored, written, "{} of event {id}: in Postgres, and in the file", definition.name);
        }
        for definition in TABLE.iter().filter(|d| d.postgres.is_none()) {
            assert!(!row.contains_key(definition.name), "{} is no column", definition.name);
        }
    }
}

/// One text for equal values.
fn normal(kind: Kind, text: &str) -> String {
    match kind {
        Kind::Bool => if matches!(text, "1" | "t" | "true") { "1" } else { "0" }.to_owned(),
        Kind::Float | Kind::Decimal => {
            text.parse::<f64>().map_or_else(|_| text.to_owned(), |n| n.to_string())
        }
        Kind::Timestamp => match text.split_once('.') {
            Some((seconds, fraction)) => format!("{seconds}.{fraction:0<3}"),
            None => format!("{text}.000"),
        },
        Kind::Text | Kind::Int | Kind::Json | Kind::Uuid => text.to_owned(),
    }
}
