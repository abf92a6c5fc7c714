//! The invariants of ARCHITECTURE.md that can be read off the repository itself.

mod dependencies;
mod documents;
mod files;
mod fuzz_targets;
mod purity;
mod reference;
pub mod tree;
mod words;
