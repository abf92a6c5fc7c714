//! The collector over real sockets, and its tables of cases.

mod golden;
mod support;
mod wire;
