//! Exit codes, after sysexits (design: promises).

/// How the process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Everything done.
    Ok = 0,
    /// The command line is wrong.
    Usage = 64,
    /// Something needed at start is missing: a port, a folder's lock, a database.
    Unavailable = 69,
    /// A bug: an invariant does not hold.
    Software = 70,
    /// The drain deadline passed, or a second signal came; the log says what was left.
    Deadline = 75,
    /// The configuration is wrong; the message names file, line and key.
    Config = 78,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
