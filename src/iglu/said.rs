//! What the tools that igluctl has say: results on stdout with exit code 0, or problems on stderr with exit code 1.

use service::exit::ExitCode;

use crate::output;

/// Lines of results, or lines of problems.
pub(crate) type Said = Result<Vec<String>, Vec<String>>;

/// Prints it.
pub(crate) fn tell(said: Said) -> ExitCode {
    match said {
        Ok(lines) => {
            lines.iter().for_each(|line| output::line(format_args!("{line}")));
            ExitCode::Ok
        }
        Err(lines) => {
            lines.iter().for_each(|line| output::error_line(format_args!("{line}")));
            ExitCode::Unwell
        }
    }
}
