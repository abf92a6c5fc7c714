//! Stories told by the real executable.

mod bad_rows;
mod browser;
mod checking;
mod collector_alone;
mod columns;
mod columns_killed;
mod compressed;
pub mod crashes;
mod demonstration;
mod draining;
mod enrich_alone;
mod enriching_files;
mod enrichments;
mod full_disk;
mod lake_killed;
mod lake_weather;
mod loaders_alone;
mod own_tools;
mod postgres_away;
mod privacy;
mod refusals;
mod registry;
mod sent_again;
mod shared_stream;
mod tls;
pub mod told;
mod trackers;
