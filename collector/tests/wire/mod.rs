//! Connections: framing, caps, timeouts, drain, a sink that refuses.

mod drain;
mod framing;
mod limits;
mod noise;
mod observed;
mod sink;
