//! Stories told by the real executable.
