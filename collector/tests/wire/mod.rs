//! Connections: framing, caps, timeouts, drain, HTTP/2, a sink that refuses or takes less than comes.

mod compressed;
mod drain;
mod framing;
mod http2;
mod inflated;
mod limits;
mod noise;
mod observed;
mod overload;
mod patience;
mod sink;
