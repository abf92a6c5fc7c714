//! Raw records for tests.

use event::payload::CollectorPayload;

/// A request as the collector stores it, ready to be changed.
pub fn payload() -> CollectorPayload {
    CollectorPayload {
        schema: event::payload::SCHEMA.into(),
        ip_address: Some("203.0.113.7".into()),
        timestamp: 1_704_067_199_500,
        encoding: Some("UTF-8".into()),
        collector: Some("ssc-test".into()),
        path: Some("/i".into()),
        hostname: Some("collector.example.com".into()),
        ..CollectorPayload::default()
    }
}

/// A GET request of one event.
pub fn get(query: &str) -> Vec<u8> {
    encoded(&CollectorPayload { querystring: Some(query.into()), ..payload() })
}

/// A POST request.
pub fn post(body: &str) -> Vec<u8> {
    encoded(&CollectorPayload {
        path: Some("/com.snowplowanalytics.snowplow/tp2".into()),
        content_type: Some("application/json; charset=utf-8".into()),
        body: Some(body.to_owned().into()),
        ..payload()
    })
}

/// Thrift bytes.
pub fn encoded(payload: &CollectorPayload) -> Vec<u8> {
    let mut bytes = Vec::new();
    payload.encode(&mut bytes);
    bytes
}
