//! The textual form of a payload, as Java prints the struct (`spec/collector.md` 5.2).

use std::fmt::Write as _;

use super::CollectorPayload;
use crate::utf8;

/// How the body is shown, and whether there is a schema to show.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// Upper-case hex pairs, at most 128 of them.
    Hex,
    /// Text.
    Plain,
    /// Text, in a struct that was read without a schema.
    NoSchema,
}

/// Bytes of a body that are shown as hex.
const HEX_BYTES: usize = 128;

pub(super) fn to_text(payload: &CollectorPayload, body: Body, max_units: usize) -> String {
    let mut out = String::from("CollectorPayload(");
    let schema = (body != Body::NoSchema).then_some(payload.schema.as_str());
    out.push_str("schema:");
    out.push_str(schema.unwrap_or("null"));
    out.push_str(", ipAddress:");
    out.push_str(payload.ip_address.as_deref().unwrap_or("null"));
    let _ = write!(out, ", timestamp:{}", payload.timestamp);
    out.push_str(", encoding:");
    out.push_str(payload.encoding.as_deref().unwrap_or("null"));
    out.push_str(", collector:");
    out.push_str(payload.collector.as_deref().unwrap_or("null"));
    let mut optional = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            out.push_str(", ");
            out.push_str(name);
            out.push(':');
            out.push_str(value);
        }
    };
    optional("userAgent", payload.user_agent.as_deref());
    optional("refererUri", payload.referer_uri.as_deref());
    optional("path", payload.path.as_deref());
    optional("querystring", payload.querystring.as_deref());
    match &payload.body {
        Some(bytes) if body == Body::Hex => optional("body", Some(&hex(bytes))),
        // What is beyond the cut need not be decoded: a UTF-16 unit takes at most three bytes.
        Some(bytes) => {
            optional("body", Some(&utf8::decode(&bytes[..bytes.len().min(max_units.saturating_mul(3))])))
        }
        None => {}
    }
    optional("headers", payload.headers.as_ref().map(|h| format!("[{}]", h.join(", "))).as_deref());
    optional("contentType", payload.content_type.as_deref());
    optional("hostname", payload.hostname.as_deref());
    optional("networkUserId", payload.network_userid.as_deref());
    out.push(')');
    cut_units(&mut out, max_units);
    out
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(3 * HEX_BYTES + 3);
    for (i, byte) in bytes.iter().take(HEX_BYTES).enumerate() {
        let _ = write!(out, "{}{byte:02X}", if i == 0 { "" } else { " " });
    }
    if bytes.len() > HEX_BYTES {
        out.push_str("...");
    }
    out
}

/// Cuts a text after `max` UTF-16 units; a character that would be halved is left out.
fn cut_units(text: &mut String, max: usize) {
    if text.len() <= max {
        return;
    }
    let mut units = 0;
    for (at, c) in text.char_indices() {
        units += c.len_utf16();
        if units > max {
            text.truncate(at);
            return;
        }
    }
}
