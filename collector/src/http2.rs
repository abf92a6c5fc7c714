//! HTTP/2: heads become what they would be in HTTP/1 ([`head`]), and from there on everything is the same; the rest is hyper's
//! ([`server`]).

pub mod head;
pub(crate) mod server;
