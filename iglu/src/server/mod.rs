//! The registry that people publish to (`spec/iglu.md` 2): HTTP over a store. The core is pure: a request, what the store
//! holds and the time go in, a response and changes come out.
//!
//! * [`settings`], [`request`], [`response`], [`route`], [`cors`]: HTTP, without sockets
//! * [`permission`], [`attempts`]: who may do what; how often wrong keys are looked up
//! * [`schema`], [`draft`], [`publish`]: what is stored, and what may be added to it; [`listing`]: lists of it
//! * [`answer`]: a request against a store
//! * [`store`]: Postgres, with the tables of the original, and SQLite
//! * [`seen`]: what metrics are made from
//! * [`run`]: the process's side: sockets, clock, webhooks

pub mod answer;
pub mod attempts;
pub mod cors;
pub mod draft;
pub mod listing;
pub mod permission;
pub mod publish;
pub mod request;
pub mod response;
pub mod route;
pub mod run;
pub mod schema;
pub mod seen;
pub mod settings;
pub mod store;
mod swagger;
pub mod validation;
mod version_check;
mod webhook;
