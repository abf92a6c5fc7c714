//! HTTP request -> collector payload -> raw stream.
//!
//! Bytes of a connection pass these stations, all of them pure but the last two and the loops of the first:
//!
//! * [`http1`] and [`http2`] cut them into heads ([`head`]) and bodies under caps
//! * [`collect`] turns a request into a response and records: [`target`] and [`route`] say what is asked for,
//!   [`strict`] what the Apache line refuses, [`identity`]
//!   who asks ([`cookie`], [`query`], [`client_ip`]), [`body`], [`header_list`] and [`content_type`] what is kept,
//!   [`split`] what fits a record, [`partition_key`] where it goes, [`cors`], [`redirect`], [`bounce`],
//!   [`https_redirect`] and [`response`] what is answered, [`rejected`] what becomes of records that no stream takes
//! * [`admission`] says what may wait, [`store`] keeps records in the streams, many in one where [`compression`] is on,
//!   [`server`] leads a request through all this,
//!   [`run`] opens the connections and ends them at drain
//!
//! [`observed`] says what is counted and logged of it. [`config`] holds the keys, [`compatibility`] the line of the original that is spoken.

pub mod admission;
pub mod body;
pub mod bounce;
pub mod client_ip;
pub mod collect;
pub mod compatibility;
pub mod compression;
pub mod config;
pub mod content_type;
pub mod cookie;
pub mod cors;
pub mod date;
pub mod draft;
pub mod head;
pub mod header_list;
pub mod http1;
pub mod http2;
pub mod https_redirect;
pub mod identity;
pub mod ids;
pub mod observed;
pub mod partition_key;
pub mod query;
pub mod redirect;
pub mod refusal;
pub mod rejected;
pub mod response;
pub mod route;
pub mod run;
pub mod server;
pub mod server_rendered;
pub mod sinks;
pub mod split;
pub mod store;
pub mod strict;
pub mod target;
pub mod uri_reference;
