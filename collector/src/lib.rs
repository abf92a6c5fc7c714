//! HTTP request -> collector payload -> raw stream.
