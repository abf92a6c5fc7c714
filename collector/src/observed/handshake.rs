//! Why TLS handshakes fail.

use std::io::{Error, ErrorKind};

use rustls::PeerIncompatible;

/// The reason in metrics and logs, one of a fixed list.
pub(super) fn reason(error: &Error) -> &'static str {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match (error.kind(), tls) {
        (ErrorKind::TimedOut, _) => "timeout",
        (ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe, _) => "closed",
        (_, Some(rustls::Error::InvalidMessage(_))) => "not_tls",
        (_, Some(rustls::Error::AlertReceived(_))) => "refused",
        (_, Some(rustls::Error::PeerIncompatible(incompatible))) => match incompatible {
            PeerIncompatible::SupportedVersionsExtensionRequired
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled => "version",
            _ => "nothing_in_common",
        },
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use rustls::{AlertDescription, InvalidMessage};

    use super::*;

    #[test]
    fn reasons() {
        let tls = |error: rustls::Error| Error::new(ErrorKind::InvalidData, error);
        let table = [
            (ErrorKind::TimedOut.into(), "timeout"),
            (ErrorKind::UnexpectedEof.into(), "closed"),
            (ErrorKind::ConnectionReset.into(), "closed"),
            (tls(InvalidMessage::InvalidContentType.into()), "not_tls"),
            (tls(rustls::Error::AlertReceived(AlertDescription::UnknownCA)), "refused"),
            (tls(PeerIncompatible::Tls12NotOfferedOrEnabled.into()), "version"),
            (tls(PeerIncompatible::NoCipherSuitesInCommon.into()), "nothing_in_common"),
            (tls(rustls::Error::DecryptError), "other"),
            (ErrorKind::PermissionDenied.into(), "other"),
        ];
        for (error, expected) in table {
            assert_eq!(reason(&error), expected, "{error}");
        }
    }
}
