//! HTTP/1.0 and HTTP/1.1 as the collector speaks them: heads and bodies come in through [`intake`], under caps and whatever the
//! pieces they arrive in; [`answer`] is what goes out, and [`server`] the loop between.

pub mod answer;
pub mod framing;
pub mod intake;
pub(crate) mod server;
