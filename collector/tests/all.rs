//! The collector over real sockets, and its tables of cases.

mod conformance;
mod golden;
mod reference;
mod support;
mod wire;
