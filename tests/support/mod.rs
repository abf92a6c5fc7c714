//! What the stories are told with.

pub mod aws;
pub mod clients;
pub mod database;
pub mod enrichments;
pub mod expect;
pub mod files;
pub mod filled_log;
pub mod gate;
pub mod http;
pub mod kcl;
pub mod lake;
pub mod load;
pub mod moto;
pub mod piste;
pub mod postgres;
pub mod proxy;
pub mod terminal;
pub mod wait;
