//! TLS beside HTTP, and being sent from one to the other.

mod redirect;
mod wire;
