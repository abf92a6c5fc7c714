//! The calls of Kinesis and DynamoDB.

use std::{collections::HashMap, time::Duration};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
        TableStatus,
    },
};
use aws_sdk_kinesis::{
    primitives::DateTime,
    types::{self as kinesis, ShardFilter, ShardFilterType, ShardIteratorType},
};
use jiff::Timestamp;
use tokio::time::sleep;

use super::{Ending, Observer, Settings};
use crate::{
    aws::{Connection, Credentials, Place},
    kinesis::{
        lease::{
            HashRange, Lease,
            item::{Item, Kept, Value, read},
            shards::{Beginning, Child, Shard},
            write::{Change, Condition, Update, Write},
        },
        producer,
        reading::{Answer, From, Raw, Trouble},
        worker::{Listing, Outcome},
    },
    outbox::carrier::{Failure, Kind},
    record::ShardId,
};

/// How often it is asked whether a table that is being made is there.
const TABLE_POLLS: u32 = 120;

/// Both services, for one stream and one table.
pub(super) struct Client {
    pub(super) kinesis: aws_sdk_kinesis::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    stream: String,
    table: String,
    pub(super) stream_place: Place,
    table_place: Place,
    call_records: i32,
    observer: Observer,
}

impl Client {
    pub(super) async fn new(settings: &Settings, observer: Observer) -> Self {
        let (kinesis, dynamodb) = (settings.kinesis.load().await, settings.dynamodb.load().await);
        let (stream, table) = (settings.stream.clone(), settings.application.clone());
        Self {
            stream_place: Place::new(format!("Kinesis stream `{stream}`"), "kinesis", &kinesis),
            table_place: Place::new(format!("DynamoDB table `{table}`"), "dynamodb", &dynamodb),
            kinesis: producer::client(&settings.kinesis, &kinesis),
            dynamodb: dynamodb_client(&settings.dynamodb, &dynamodb),
            stream,
            table,
            call_records: settings.call_records.clamp(1, 10_000),
            observer,
        }
    }

    /// Finds the table, or makes it, and the stream, whose ARN it returns. The error is for people.
    pub(super) async fn prepare(&self) -> Result<String, String> {
        let mut has_created = false;
        for _ in 0..TABLE_POLLS {
            let described = self.dynamodb.describe_table().table_name(&self.table).send().await;
            match described {
                Ok(found) => match found.table().and_then(|table| table.table_status()) {
                    Some(TableStatus::Active | TableStatus::Updating) => return self.check_stream().await,
                    Some(TableStatus::Creating) => {}
                    other => {
                        return Err(self.table_place.not_ready(other.map_or("unknown", |s| s.as_str())).text);
                    }
                },
                Err(error) if code(&error) == "ResourceNotFoundException" && !has_created => {
                    self.create_table().await?;
                    has_created = true;
                    continue;
                }
                Err(error) if code(&error) == "ResourceNotFoundException" => {}
                Err(error) => return Err(failure(&self.table_place, "DescribeTable", &error).text),
            }
            sleep(Duration::from_millis(500)).await;
        }
        Err(self.table_place.not_ready("CREATING").text)
    }

    async fn create_table(&self) -> Result<(), String> {
        const KEY: &str = "leaseKey";
        let attribute =
            AttributeDefinition::builder().attribute_name(KEY).attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder().attribute_name(KEY).key_type(KeyType::Hash);
        let create = self
            .dynamodb
            .create_table()
            .table_name(&self.table)
            .attribute_definitions(attribute.build().expect("name and type, all it needs, are set"))
            .key_schema(key.build().expect("name and type, all it needs, are set"))
            .billing_mode(BillingMode::PayPerRequest);
        match create.send().await {
            Ok(_) => {
                tracing::info!(table = self.table, "the table of leases does not exist yet: made");
                Ok(())
            }
            // Another worker was faster.
            Err(error) if code(&error) == "ResourceInUseException" => Ok(()),
            Err(error) => {
                let text = failure(&self.table_place, "CreateTable", &error).text;
                Err(format!(
                    "{text}; it does not exist: make it, with `{KEY}`, a string, as its partition key"
                ))
            }
        }
    }

    async fn check_stream(&self) -> Result<String, String> {
        let described = self.kinesis.describe_stream_summary().stream_name(&self.stream).send().await;
        match described {
            Ok(found) => {
                let summary = found.stream_description_summary();
                Ok(summary.map(|summary| summary.stream_arn().to_owned()).unwrap_or_default())
            }
            Err(error) => Err(failure(&self.stream_place, "DescribeStreamSummary", &error).text),
        }
    }

    /// The whole table; `None` if it could not be read.
    pub(super) async fn scan(&self) -> Option<Vec<Lease>> {
        let mut leases = Vec::new();
        let mut pages = self.dynamodb.scan().table_name(&self.table).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = self.told(&self.table_place, "Scan", page).ok()?;
            leases.extend(page.items().iter().filter_map(|found| self.lease(found)));
        }
        Some(leases)
    }

    /// A lease as it is now.
    pub(super) async fn look(&self, shard: &ShardId) -> Option<Option<Box<Lease>>> {
        let key = AttributeValue::S(shard.to_string());
        let look =
            self.dynamodb.get_item().table_name(&self.table).key("leaseKey", key).consistent_read(true);
        let found = self.told(&self.table_place, "GetItem", look.send().await).ok()?;
        Some(found.item().and_then(|found| self.lease(found)).map(Box::new))
    }

    fn lease(&self, found: &HashMap<String, AttributeValue>) -> Option<Lease> {
        match read(&item(found)) {
            Ok(Kept::Lease(lease)) => Some(*lease),
            Ok(Kept::Other(kind)) => {
                tracing::warn!(
                    table = self.table,
                    kind,
                    "the table is in use by version 3.x of the Java library: let all of its workers be in mode CLIENT_VERSION_CONFIG_COMPATIBLE_WITH_2X"
                );
                None
            }
            Err(error) => {
                tracing::error!(table = self.table, %error, "not a lease");
                None
            }
        }
    }

    pub(super) async fn write(&self, write: &Write) -> Outcome {
        let key = AttributeValue::S(write.shard.to_string());
        let mut expression = Expression::default();
        let condition = expression.condition(&write.condition);
        let outcome = match &write.change {
            Change::Create(item) => {
                let item = item.iter().map(|(name, value)| (name.clone(), attribute(value))).collect();
                let call = self.dynamodb.put_item().table_name(&self.table).set_item(Some(item));
                let call = call.set_condition_expression(condition);
                let call = call
                    .set_expression_attribute_names(expression.names())
                    .set_expression_attribute_values(expression.values());
                self.written("PutItem", call.send().await)
            }
            Change::Update(update) => {
                let change = expression.update(update);
                let call = self.dynamodb.update_item().table_name(&self.table).key("leaseKey", key);
                let call = call.set_condition_expression(condition).update_expression(change);
                let call = call
                    .set_expression_attribute_names(expression.names())
                    .set_expression_attribute_values(expression.values());
                self.written("UpdateItem", call.send().await)
            }
            Change::Delete => {
                let call = self.dynamodb.delete_item().table_name(&self.table).key("leaseKey", key);
                let call = call.set_condition_expression(condition);
                let call = call
                    .set_expression_attribute_names(expression.names())
                    .set_expression_attribute_values(expression.values());
                self.written("DeleteItem", call.send().await)
            }
        };
        tracing::trace!(table = self.table, shard = %write.shard, ?outcome, "written");
        outcome
    }

    fn written<T, E>(&self, operation: &'static str, answer: Result<T, SdkError<E>>) -> Outcome
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let Err(error) = self.told(&self.table_place, operation, answer) else { return Outcome::Done };
        match *error {
            SdkError::ServiceError(answer) if answer.err().code() == Some(NOT_SO) => Outcome::Refused,
            SdkError::ServiceError(answer) if answer.raw().status().as_u16() < 500 => Outcome::Failed,
            SdkError::ConstructionFailure(_) => Outcome::Failed,
            _ => Outcome::Unknown,
        }
    }

    /// Shards of the stream; `None` if they could not be listed.
    pub(super) async fn list(&self, listing: Listing) -> Option<Vec<Shard>> {
        let filter = match listing {
            Listing::All => None,
            Listing::At(Beginning::TrimHorizon) => Some(filter(ShardFilterType::AtTrimHorizon, None)),
            Listing::At(Beginning::Latest) => Some(filter(ShardFilterType::AtLatest, None)),
            Listing::At(Beginning::AtTimestamp(time)) => {
                Some(filter(ShardFilterType::AtTimestamp, Some(time)))
            }
        };
        let mut shards = Vec::new();
        let mut call = self.kinesis.list_shards().stream_name(&self.stream).set_shard_filter(filter);
        loop {
            let page = self.told(&self.stream_place, "ListShards", call.send().await).ok()?;
            shards.extend(page.shards().iter().filter_map(shard));
            match page.next_token() {
                None => return Some(shards),
                Some(token) => call = self.kinesis.list_shards().next_token(token),
            }
        }
    }

    pub(super) async fn iterator(&self, shard: &ShardId, from: From) -> Result<String, Trouble> {
        let call = self.kinesis.get_shard_iterator().stream_name(&self.stream).shard_id(shard.as_str());
        let (kind, sequence, time) = starting_point(from);
        let call = call.shard_iterator_type(kind).set_starting_sequence_number(sequence).set_timestamp(time);
        let answer = self.told(&self.stream_place, "GetShardIterator", call.send().await);
        let answer = answer.map_err(|error| trouble(&error))?;
        answer.shard_iterator.ok_or(Trouble::Passing)
    }

    /// The next records of a shard.
    pub(super) async fn records(&self, shard: &ShardId, iterator: String) -> Result<Answer, Trouble> {
        let call = self.kinesis.get_records().shard_iterator(iterator).limit(self.call_records);
        let answer = self.told(&self.stream_place, "GetRecords", call.send().await);
        let answer = answer.map_err(|error| trouble(&error))?;
        let behind = answer.millis_behind_latest.unwrap_or_default();
        let children = answer.child_shards.unwrap_or_default();
        let answer = self::answer(answer.records, answer.next_shard_iterator, behind, &children);
        answer.ok_or_else(|| {
            tracing::error!(stream = self.stream, %shard, "a record has no sequence number");
            Trouble::Passing
        })
    }

    /// Counts a call, and writes down why it failed.
    pub(super) fn told<T, E>(
        &self,
        place: &Place,
        operation: &'static str,
        answer: Result<T, SdkError<E>>,
    ) -> Result<T, Box<SdkError<E>>>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let ending = match &answer {
            Ok(_) => Ending::Answered,
            Err(error) if code(error) == NOT_SO => Ending::Refused,
            Err(error) => {
                let failure = failure(place, operation, error);
                // As it happens after five minutes without a call.
                if code(error) != EXPIRED {
                    tracing::warn!(why = failure.text, "a call failed");
                }
                match failure.kind {
                    Kind::Throttled => Ending::Throttled,
                    Kind::Rejected | Kind::Passing => Ending::Failed,
                }
            }
        };
        self.observer.called(operation, ending);
        answer.map_err(Box::new)
    }
}

/// What DynamoDB says to a write whose condition does not hold.
const NOT_SO: &str = "ConditionalCheckFailedException";

/// What Kinesis says to an iterator that is too old.
const EXPIRED: &str = "ExpiredIteratorException";

/// Where an iterator or a subscription begins.
pub(super) fn starting_point(from: From) -> (ShardIteratorType, Option<String>, Option<DateTime>) {
    match from {
        From::TrimHorizon => (ShardIteratorType::TrimHorizon, None, None),
        From::Latest => (ShardIteratorType::Latest, None, None),
        From::AtTimestamp(time) => (ShardIteratorType::AtTimestamp, None, Some(date_time(time))),
        From::At(sequence) => (ShardIteratorType::AtSequenceNumber, Some(sequence.to_string()), None),
        From::After(sequence) => (ShardIteratorType::AfterSequenceNumber, Some(sequence.to_string()), None),
    }
}

/// What Kinesis has brought, `behind` milliseconds behind the newest record; `None`: not in a form that is known.
pub(super) fn answer(
    records: Vec<kinesis::Record>,
    next: Option<String>,
    behind: i64,
    children: &[kinesis::ChildShard],
) -> Option<Answer> {
    let behind = Duration::from_millis(u64::try_from(behind).unwrap_or_default());
    let children = children.iter().filter_map(child).collect();
    let records = records.into_iter().map(raw).collect::<Option<_>>()?;
    Some(Answer { records, next, behind, children, place: None })
}

pub(super) fn trouble<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Trouble {
    match code(error) {
        EXPIRED | "InvalidArgumentException" => Trouble::Iterator,
        "ResourceNotFoundException" => Trouble::Missing,
        _ => Trouble::Passing,
    }
}

pub(super) fn failure<E>(place: &Place, action: &str, error: &SdkError<E>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let word = match error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status();
            let code = error.code().map_or_else(|| format!("HTTP {status}"), str::to_owned);
            return place.refused(action, &code, error.message());
        }
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(_) => "connection",
        SdkError::ResponseError(_) => "answer",
        _ => "request",
    };
    place.unanswered(action, word, error)
}

pub(super) fn code<E: ProvideErrorMetadata>(error: &SdkError<E>) -> &str {
    error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default()
}

fn dynamodb_client(connection: &Connection, loaded: &SdkConfig) -> aws_sdk_dynamodb::Client {
    let mut config = aws_sdk_dynamodb::config::Builder::from(loaded);
    if let Credentials::Fixed { access_key, secret_key } = &connection.credentials {
        let credentials =
            aws_sdk_dynamodb::config::Credentials::new(access_key, secret_key, None, None, "configuration");
        config = config.credentials_provider(credentials);
    }
    aws_sdk_dynamodb::Client::from_conf(config.build())
}

/// A condition and a change in DynamoDB's words, with the names and values they hold. Names are not written out: some words
/// are DynamoDB's own.
#[derive(Default)]
struct Expression {
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Expression {
    fn condition(&mut self, condition: &Condition) -> Option<String> {
        match condition {
            Condition::None => None,
            Condition::Absent => Some(format!("attribute_not_exists({})", self.name("leaseKey"))),
            Condition::Present => Some(format!("attribute_exists({})", self.name("leaseKey"))),
            Condition::Counter(counter) => {
                Some(format!("{} = {}", self.name("leaseCounter"), self.value(&Value::number(*counter))))
            }
        }
    }

    fn update(&mut self, update: &Update) -> String {
        let set =
            update.set.iter().map(|(name, value)| format!("{} = {}", self.name(name), self.value(value)));
        let set: Vec<_> = set.collect();
        let add = update
            .add
            .iter()
            .map(|(name, more)| format!("{} {}", self.name(name), self.value(&Value::number(*more))));
        let add: Vec<_> = add.collect();
        let remove: Vec<_> = update.remove.iter().map(|name| self.name(name)).collect();
        let clauses = [("SET", set), ("ADD", add), ("REMOVE", remove)];
        let clauses = clauses.into_iter().filter(|(_, parts)| !parts.is_empty());
        clauses.map(|(clause, parts)| format!("{clause} {}", parts.join(", "))).collect::<Vec<_>>().join(" ")
    }

    fn name(&mut self, name: &str) -> String {
        let alias = format!("#{name}");
        self.names.insert(alias.clone(), name.to_owned());
        alias
    }

    fn value(&mut self, value: &Value) -> String {
        let alias = format!(":{}", self.values.len());
        self.values.insert(alias.clone(), attribute(value));
        alias
    }

    /// `None` rather than none: as DynamoDB wants it.
    fn names(&self) -> Option<HashMap<String, String>> {
        Some(self.names.clone()).filter(|names| !names.is_empty())
    }

    fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        Some(self.values.clone()).filter(|values| !values.is_empty())
    }
}

fn attribute(value: &Value) -> AttributeValue {
    match value {
        Value::S(text) => AttributeValue::S(text.clone()),
        Value::N(number) => AttributeValue::N(number.clone()),
        Value::Ss(texts) => AttributeValue::Ss(texts.clone()),
        Value::B(bytes) => AttributeValue::B(bytes.to_vec().into()),
        Value::Other => AttributeValue::Null(true),
    }
}

fn item(found: &HashMap<String, AttributeValue>) -> Item {
    let value = |value: &AttributeValue| match value {
        AttributeValue::S(text) => Value::S(text.clone()),
        AttributeValue::N(number) => Value::N(number.clone()),
        AttributeValue::Ss(texts) => {
            let mut texts = texts.clone();
            texts.sort();
            Value::Ss(texts)
        }
        AttributeValue::B(bytes) => Value::B(bytes.as_ref().to_vec().into()),
        _ => Value::Other,
    };
    found.iter().map(|(name, found)| (name.clone(), value(found))).collect()
}

fn filter(kind: ShardFilterType, time: Option<Timestamp>) -> ShardFilter {
    let filter = ShardFilter::builder().r#type(kind).set_timestamp(time.map(date_time));
    filter.build().expect("the type, all it needs, is set")
}

fn date_time(time: Timestamp) -> DateTime {
    DateTime::from_millis(time.as_millisecond())
}

fn range(range: Option<&kinesis::HashKeyRange>) -> Option<HashRange> {
    let range = range?;
    Some(HashRange {
        start: range.starting_hash_key().parse().ok()?,
        end: range.ending_hash_key().parse().ok()?,
    })
}

fn shard(found: &kinesis::Shard) -> Option<Shard> {
    let numbers = found.sequence_number_range()?;
    let parents = [found.parent_shard_id(), found.adjacent_parent_shard_id()];
    Some(Shard {
        id: found.shard_id().into(),
        parents: parents.into_iter().flatten().map(ShardId::from).collect(),
        range: range(found.hash_key_range())?,
        first: numbers.starting_sequence_number().parse().ok()?,
        is_open: numbers.ending_sequence_number().is_none(),
    })
}

fn child(found: &kinesis::ChildShard) -> Option<Child> {
    Some(Child {
        id: found.shard_id().into(),
        parents: found.parent_shards().iter().map(|parent| parent.as_str().into()).collect(),
        range: range(found.hash_key_range())?,
    })
}

fn raw(record: kinesis::Record) -> Option<Raw> {
    let arrival = record.approximate_arrival_timestamp().and_then(|time| time.to_millis().ok());
    Some(Raw {
        sequence: record.sequence_number().parse().ok()?,
        arrival: arrival
            .and_then(|millis| Timestamp::from_millisecond(millis).ok())
            .unwrap_or(Timestamp::UNIX_EPOCH),
        key: record.partition_key.unwrap_or_default().into(),
        data: record.data.into_inner().into(),
    })
}
