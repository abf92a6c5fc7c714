//! Requests that are refused before they have come whole (`spec/collector.md` 2.8): no event, no CORS headers.

use std::net::SocketAddr;

use bytes::Bytes;
use http::StatusCode;

use crate::{client_ip, compatibility::Compatibility};

/// Why a request is refused. The connection is closed after the answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not HTTP.
    #[error("{0}")]
    Malformed(&'static str),
    /// Not HTTP in the strict reading of the Apache line.
    #[error("{0}")]
    Strict(String),
    /// A method nobody knows.
    #[error("Unsupported HTTP method")]
    UnsupportedMethod,
    /// Neither HTTP/1.0 nor HTTP/1.1.
    #[error("The server does not support the HTTP protocol version used in the request.")]
    UnsupportedVersion,
    /// Longer than `networking.maxRequestLineLength`.
    #[error("URI length exceeds the configured limit of {limit} characters")]
    RequestLineTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// Longer than `networking.maxHeadersLength`.
    #[error("HTTP headers exceed the configured limit of {limit} bytes")]
    HeadersTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// More fields than the Apache line takes.
    #[error("HTTP message contains more than the configured limit of 64 headers")]
    TooManyFields,
    /// A longer name than the Apache line takes.
    #[error("HTTP header name exceeds the configured limit of 64 characters")]
    NameTooLong,
    /// A longer value than the Apache line takes.
    #[error("HTTP header value exceeds the configured limit of 8192 characters")]
    ValueTooLong,
    /// The head did not come in time.
    #[error("request head timed out")]
    HeadTimeout,
    /// The body is longer than `networking.dropPayloadSize`.
    #[error("request body is too large")]
    BodyTooLarge,
    /// The body did not come in time.
    #[error("request body timed out")]
    BodyTimeout,
    /// The body is malformed, or ends before its end.
    #[error("request body is malformed")]
    BodyMalformed,
}

impl Refusal {
    /// Status to answer with.
    pub fn status(&self, compatibility: Compatibility) -> StatusCode {
        match (compatibility, self) {
            (_, Self::HeadTimeout | Self::BodyTimeout) => StatusCode::REQUEST_TIMEOUT,
            (_, Self::BodyTooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
            // No route of the Apache line takes it.
            (Compatibility::V2, Self::BodyMalformed) => StatusCode::NOT_FOUND,
            (Compatibility::V3, _) => StatusCode::BAD_REQUEST,
            (Compatibility::V2, Self::UnsupportedMethod) => StatusCode::NOT_IMPLEMENTED,
            (Compatibility::V2, Self::UnsupportedVersion) => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            (Compatibility::V2, Self::RequestLineTooLong { .. }) => StatusCode::URI_TOO_LONG,
            (Compatibility::V2, Self::HeadersTooLong { .. } | Self::NameTooLong | Self::ValueTooLong) => {
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
            }
            (Compatibility::V2, _) => StatusCode::BAD_REQUEST,
        }
    }

    /// Body to answer with; the current line sends none, the Apache line only to a bad head. `from`: the client, where it is
    /// known.
    pub fn body(&self, compatibility: Compatibility, from: Option<SocketAddr>) -> Bytes {
        match (compatibility, self, from) {
            (_, Self::BodyTooLarge | Self::BodyTimeout, _) | (Compatibility::V3, _, _) => Bytes::new(),
            (Compatibility::V2, Self::BodyMalformed, _) => Bytes::from_static(b"404 not found"),
            (Compatibility::V2, Self::RequestLineTooLong { .. }, Some(from)) => {
                let ip = client_ip::render(from.ip(), compatibility);
                Bytes::from(format!("{self} from {ip}:{}", from.port()))
            }
            (Compatibility::V2, _, _) => Bytes::from(self.to_string()),
        }
    }
}
