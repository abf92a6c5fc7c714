//! Why requests are not taken.

use crate::refusal::Refusal;

macro_rules! refused {
    ($($ident:ident = $reason:literal, $doc:literal;)*) => {
        /// Why a request was not taken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Refused {
            $(#[doc = $doc] $ident),*
        }

        impl Refused {
            /// Every reason, each at the place of its number.
            pub const ALL: &[Self] = &[$(Self::$ident),*];

            /// Its name in metrics and logs.
            pub fn reason(self) -> &'static str {
                match self {
                    $(Self::$ident => $reason),*
                }
            }
        }
    };
}

refused! {
    Tls = "tls", "Its connection's TLS handshake failed.";
    Head = "head", "Its head is not HTTP, or more of HTTP than is spoken here.";
    HeadTooLong = "head_too_long", "Its head is too long.";
    HeadTimeout = "head_timeout", "Its head did not come in time.";
    Body = "body", "Its body is malformed or did not come whole.";
    BodyTooLarge = "body_too_large", "Its body is too large.";
    BodyTimeout = "body_timeout", "Its body did not come in time.";
    Overload = "overload", "More is waiting for the sinks than may wait.";
    Full = "full", "A sink refused the records.";
    SinkTimeout = "sink_timeout", "A sink did not take the records in time.";
}

impl Refused {
    /// Whether the cause lies on this side.
    pub fn is_ours(self) -> bool {
        matches!(self, Self::Overload | Self::Full | Self::SinkTimeout)
    }
}

impl From<&Refusal> for Refused {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::HeadTimeout => Self::HeadTimeout,
            Refusal::BodyTooLarge => Self::BodyTooLarge,
            Refusal::BodyTimeout => Self::BodyTimeout,
            Refusal::BodyMalformed => Self::Body,
            Refusal::RequestLineTooLong { .. }
            | Refusal::HeadersTooLong { .. }
            | Refusal::TooManyFields
            | Refusal::NameTooLong
            | Refusal::ValueTooLong => Self::HeadTooLong,
            Refusal::Malformed(_)
            | Refusal::Strict(_)
            | Refusal::UnsupportedMethod
            | Refusal::UnsupportedVersion => Self::Head,
        }
    }
}
