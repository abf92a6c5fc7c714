//! Connections: framing, caps, timeouts, drain, a sink that refuses.

mod compressed;
mod drain;
mod framing;
mod inflated;
mod limits;
mod noise;
mod observed;
mod sink;
