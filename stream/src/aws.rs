//! What all services of Amazon Web Services share: region, endpoint, credentials, times, and what their errors mean.

use std::{error::Error, fmt, time::Duration};

use aws_config::{
    BehaviorVersion, Region, SdkConfig, retry::RetryConfig,
    stalled_stream_protection::StalledStreamProtectionConfig, timeout::TimeoutConfig,
};

use crate::outbox::carrier::{Failure, Kind};

/// How a service is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// The region; `None`: as the environment, the profile or the machine's metadata say.
    pub region: Option<String>,
    /// Where the service is; `None`: where the region has it (China's regions have it under `amazonaws.com.cn`).
    pub endpoint: Option<String>,
    /// Who asks.
    pub credentials: Credentials,
    /// How long calls may take.
    pub times: Times,
}

/// Whose credentials are used.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Credentials {
    /// Environment, profile, web identity, container, machine: the first that has some.
    #[default]
    Chain,
    /// These.
    Fixed {
        /// Access key id.
        access_key: String,
        /// Secret access key.
        secret_key: String,
    },
}

/// The secret stays secret.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chain => "Chain",
            Self::Fixed { .. } => "Fixed",
        })
    }
}

/// How long calls may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Until a connection stands.
    pub connect: Duration,
    /// From the beginning of a call, credentials included, to the end of its answer.
    pub call: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self { connect: Duration::from_secs(3), call: Duration::from_secs(5) }
    }
}

impl Connection {
    /// The configuration of clients. Asks the machine for the region if none is set. The SDK itself tries nothing again.
    pub async fn load(&self) -> SdkConfig {
        let times = TimeoutConfig::builder()
            .connect_timeout(self.times.connect)
            .operation_timeout(self.times.call)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::disabled())
            .timeout_config(times)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(endpoint) = &self.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        loader.load().await
    }
}

/// A stream or queue, for messages.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// What it is and its name: "Kinesis stream `good`".
    pub what: String,
    /// Prefix of the actions on it: "kinesis".
    pub service: &'static str,
    /// The region, if it is known.
    pub region: Option<String>,
    /// The endpoint, if it is not the region's own.
    pub endpoint: Option<String>,
}

impl Place {
    pub(crate) fn new(what: String, service: &'static str, config: &SdkConfig) -> Self {
        Self {
            what,
            service,
            region: config.region().map(ToString::to_string),
            endpoint: config.endpoint_url().map(str::to_owned),
        }
    }

    /// What an error code of the service means. `action` is the one that was asked for, as IAM calls it.
    pub(crate) fn refused(&self, action: &str, code: &str, message: Option<&str>) -> Failure {
        let kind = kind(code);
        let text = match code {
            _ if is_denied(code) => format!(
                "{self}: not allowed ({code}): the credentials in use need {}:{action} on it{}",
                self.service,
                if code.starts_with('K') { ", and the use of the key that encrypts it" } else { "" }
            ),
            "ResourceNotFoundException" | "QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue" => {
                format!("{self}: there is none of this name in this region and account ({code})")
            }
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "ExpiredTokenException"
            | "ExpiredToken"
            | "IncompleteSignature"
            | "MissingAuthenticationTokenException"
            | "SignatureDoesNotMatch" => {
                format!("{self}: the credentials are not accepted ({code})")
            }
            // Messages about content may show content.
            _ if kind == Kind::Rejected => format!("{self}: {action} was rejected ({code})"),
            _ => format!("{self}: {action} failed ({code}){}", cut(message)),
        };
        Failure { kind, code: code.to_owned(), text }
    }

    /// A call that brought no answer of the service.
    pub(crate) fn unanswered(&self, action: &str, code: &str, error: &dyn Error) -> Failure {
        let text = format!("{self}: {action} brought no answer: {}", causes(error));
        Failure { kind: Kind::Passing, code: code.to_owned(), text }
    }

    /// The stream or queue is there, and not in a state to take records.
    pub(crate) fn not_ready(&self, state: &str) -> Failure {
        Failure { kind: Kind::Passing, code: state.to_owned(), text: format!("{self}: its state is {state}") }
    }
}

/// The name and where it is.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.region {
            Some(region) => write!(f, " in {region}")?,
            None => f.write_str(" (no region is configured)")?,
        }
        self.endpoint.as_ref().map_or(Ok(()), |endpoint| write!(f, " at {endpoint}"))
    }
}

/// What follows from an error code.
pub(crate) fn kind(code: &str) -> Kind {
    match code {
        "ProvisionedThroughputExceededException"
        | "ThrottlingException"
        | "Throttling"
        | "RequestThrottled"
        | "LimitExceededException"
        | "KMSThrottlingException"
        | "KmsThrottled"
        | "SlowDown"
        | "OverLimit"
        | "TooManyRequestsException" => Kind::Throttled,
        "InvalidArgumentException"
        | "ValidationException"
        | "SerializationException"
        | "InvalidMessageContents"
        | "BatchRequestTooLong"
        | "AWS.SimpleQueueService.BatchRequestTooLong"
        | "InvalidBatchEntryId"
        | "InvalidAttributeValue"
        | "InvalidParameterValue"
        | "InvalidParameterValueException" => Kind::Rejected,
        _ => Kind::Passing,
    }
}

fn is_denied(code: &str) -> bool {
    matches!(code, "AccessDeniedException" | "AccessDenied" | "KMSAccessDeniedException" | "KmsAccessDenied")
}

/// A message as the end of a sentence, one line of at most 300 characters.
fn cut(message: Option<&str>) -> String {
    match message.map(|message| message.split_whitespace().collect::<Vec<_>>().join(" ")) {
        Some(message) if !message.is_empty() => {
            format!(": {}", message.chars().take(300).collect::<String>().trim_end_matches('.'))
        }
        _ => String::new(),
    }
}

/// An error and what it comes from, in one line.
fn causes(error: &dyn Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if texts.last().is_none_or(|last| !last.contains(&text)) {
            texts.push(text);
        }
        next = error.source();
    }
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        let (what, region) = ("Kinesis stream `good`".to_owned(), Some("eu-west-1".to_owned()));
        Place { what, service: "kinesis", region, endpoint: None }
    }

    #[test]
    fn codes_become_kinds_and_advice() {
        let check = |code: &str, message: Option<&str>, kind: Kind, expect: &str| {
            let failure = place().refused("PutRecords", code, message);
            assert_eq!((failure.kind, &*failure.code), (kind, code));
            assert_eq!(failure.text, format!("Kinesis stream `good` in eu-west-1: {expect}"));
        };
        let rate = "Rate exceeded for shard shardId-000000000001 in stream good.";
        check(
            "ProvisionedThroughputExceededException",
            Some(rate),
            Kind::Throttled,
            "PutRecords failed (ProvisionedThroughputExceededException): Rate exceeded for shard shardId-000000000001 in stream good",
        );
        check("HTTP 502", None, Kind::Passing, "PutRecords failed (HTTP 502)");
        check("InternalFailure", Some("a\n b"), Kind::Passing, "PutRecords failed (InternalFailure): a b");
        check(
            "ValidationException",
            Some("Value '203.0.113.7' at 'partitionKey'"),
            Kind::Rejected,
            "PutRecords was rejected (ValidationException)",
        );
        check(
            "KMSAccessDeniedException",
            Some("no"),
            Kind::Passing,
            "not allowed (KMSAccessDeniedException): the credentials in use need kinesis:PutRecords on it, and the use of the key that encrypts it",
        );
        let long = place().refused("PutRecords", "Other", Some(&"x".repeat(5000)));
        assert!(long.text.len() < 400);
    }

    #[test]
    fn an_error_is_told_with_its_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("dispatch failure")]
        struct Outer(#[source] std::io::Error);
        let failure = place().unanswered(
            "PutRecords",
            "connection",
            &Outer(std::io::Error::other("connection refused")),
        );
        let expect = "Kinesis stream `good` in eu-west-1: PutRecords brought no answer: dispatch failure: connection refused";
        assert_eq!((failure.kind, &*failure.text), (Kind::Passing, expect));
    }

    #[test]
    fn secrets_are_not_shown() {
        let credentials = Credentials::Fixed { access_key: "AKIA".into(), secret_key: "secret".into() };
        assert_eq!(format!("{credentials:?}"), "Fixed");
    }
}
