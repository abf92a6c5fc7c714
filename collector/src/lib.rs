//! HTTP request -> collector payload -> raw stream.
//!
//! Bytes of a connection pass these stations, all of them pure but the last two:
//!
//! * [`intake`] cuts them into heads ([`head`]) and bodies ([`framing`]) under caps, and hands hyper a minimal head
//! * [`collect`] turns a request into a response and records: [`target`] and [`route`] say what is asked for, [`identity`]
//!   who asks ([`cookie`], [`query`], [`client_ip`]), [`header_list`] and [`content_type`] what is kept, [`split`] what
//!   fits a record, [`partition_key`] where it goes, [`cors`], [`redirect`], [`bounce`], [`https_redirect`] and
//!   [`response`] what is answered
//! * [`store`] keeps records in the streams, [`server`] serves one connection, [`run`] all of them until drain
//!
//! [`observed`] says what is counted and logged of it. [`config`] holds the keys, [`compatibility`] the line of the original that is spoken.

pub mod bounce;
pub mod client_ip;
pub mod collect;
pub mod compatibility;
pub mod config;
pub mod content_type;
pub mod cookie;
pub mod cors;
pub mod date;
pub mod deadline;
pub mod draft;
pub mod framing;
pub mod head;
pub mod header_list;
pub mod https_redirect;
pub mod identity;
pub mod ids;
pub mod intake;
pub mod observed;
pub mod partition_key;
pub mod query;
pub mod redirect;
pub mod refusal;
pub mod response;
pub mod route;
pub mod run;
pub mod server;
pub mod server_rendered;
pub mod sinks;
pub mod split;
pub mod store;
pub mod target;
pub mod uri_reference;
