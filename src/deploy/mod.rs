//! `piste deploy`: from nothing to a pipeline on AWS, by Terraform (`spec/deploy.md` 3.2).
//!
//! * [`cidr`], [`cost`]: before anything is there; pure
//! * [`init`]: a folder with all that Terraform needs; [`bundle`]: where that comes from
//! * [`up`], [`status`]: makes it, and says how it is
//! * [`folder`]: what such a folder holds; [`terraform`]: the program; [`progress`]: what it says while it works

mod bundle;
mod cidr;
mod cost;
mod folder;
mod init;
mod preset;
mod prices;
mod progress;
mod status;
mod terraform;
mod up;

use clap::Subcommand;
use service::exit::{ExitCode, RunError};

use crate::runtime;

/// From nothing to a pipeline on AWS, by Terraform.
#[derive(Debug, Subcommand)]
pub(crate) enum Tool {
    Init(init::Options),
    Up(up::Options),
    Status(status::Options),
    Cost(cost::Options),
    Cidr(cidr::Options),
}

/// Runs it to its end.
pub(crate) fn run(tool: Tool) -> Result<ExitCode, RunError> {
    match tool {
        Tool::Init(options) => init::run(&options),
        Tool::Up(options) => runtime::run(Some(1), up::run(options)),
        Tool::Status(options) => runtime::run(Some(1), status::run(options)),
        Tool::Cost(options) => cost::run(&options),
        Tool::Cidr(options) => cidr::run(&options),
    }
}
