//! What the command itself says: results on stdout, why it ends on stderr.

use std::{fmt, io::Write};

/// One line. A reader that has gone away is not our trouble.
pub(crate) fn line(text: fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Why the command ends, on stderr.
pub(crate) fn error(text: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr().lock(), "piste: {text}");
}

/// A whole document, on stdout.
pub(crate) fn text(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// One line of findings, on stderr.
pub(crate) fn error_line(text: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
