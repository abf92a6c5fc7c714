//! What the original inherits from the Java and Scala libraries and shows on the wire: numbers, dates, URIs, charsets,
//! and Base64 (`spec/enrich.md` 0, 2.5, 4.7).

pub(crate) mod base64;
pub(crate) mod calendar;
pub(crate) mod charset;
pub(crate) mod decimal;
pub(crate) mod form_decoder;
pub(crate) mod integer;
pub(crate) mod joda;
mod lenient_authority;
pub(crate) mod lenient_uri;
pub(crate) mod text;
pub(crate) mod uri;
pub(crate) mod uri_authority;
