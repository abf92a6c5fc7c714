//! The one integration binary: rules of the house, laws of the parsers, and stories told by the real executable.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test code: a panic is the report")]

pub mod house;
pub mod laws;
pub mod stories;
pub mod support;
