//! `piste manual`: man pages and completions, for packages.

use std::{fs, io, path::PathBuf};

use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, aot};
use service::exit::{ExitCode, RunError};

use crate::cli::Cli;

/// Writes the man pages (`man/man1/*.1`) and the completions of bash, fish and zsh (`completions/`) into a folder.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// The folder; it is made where it is not there.
    #[arg(value_name = "DIR")]
    into: PathBuf,
}

/// Writes them.
pub(crate) fn run(options: &Options) -> Result<ExitCode, RunError> {
    let failed = |error: io::Error| RunError::unavailable(format!("{}: {error}", options.into.display()));
    write(options).map_err(failed)?;
    Ok(ExitCode::Ok)
}

fn write(options: &Options) -> io::Result<()> {
    let (pages, completions) = (options.into.join("man/man1"), options.into.join("completions"));
    fs::create_dir_all(&pages)?;
    fs::create_dir_all(&completions)?;
    clap_mangen::generate_to(Cli::command(), &pages)?;
    for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
        aot::generate_to(shell, &mut Cli::command(), "piste", &completions)?;
    }
    Ok(())
}
