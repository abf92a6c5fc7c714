//! What the stories are told with.

pub mod http;
pub mod lake;
pub mod load;
pub mod piste;
pub mod wait;
