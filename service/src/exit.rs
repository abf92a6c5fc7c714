//! Exit codes, after sysexits (design: promises).

/// How the process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Everything done.
    Ok = 0,
    /// What was asked about is not well.
    Unwell = 1,
    /// The command line is wrong.
    Usage = 64,
    /// Some of the input could not be read; the output says which.
    Data = 65,
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

/// Why a role or tool ended: what the log says and the exit code of the process.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RunError {
    /// The exit code.
    pub code: ExitCode,
    /// What happened, for the operator.
    pub message: String,
}

impl RunError {
    /// An error with its exit code.
    pub fn new(code: ExitCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Something needed at start is missing.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Unavailable, message)
    }

    /// An invariant does not hold.
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Software, message)
    }
}
