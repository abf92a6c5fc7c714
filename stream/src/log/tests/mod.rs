//! The log as a whole.

mod conformance;
