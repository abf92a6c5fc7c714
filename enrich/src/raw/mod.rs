//! Raw record -> requests (`spec/enrich.md` 1).

pub(crate) mod client_address;
pub(crate) mod path;
pub(crate) mod request;
