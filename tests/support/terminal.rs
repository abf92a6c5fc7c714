//! What the executable says to a terminal.

use std::process::{Command, Stdio};

/// What a command has said, stdout and stderr as the terminal shows them, and how it ended.
#[derive(Clone, Debug)]
pub struct Shown {
    /// With all that moves the cursor and colours it.
    pub text: String,
    /// The exit code.
    pub code: Option<i32>,
}

/// `piste` with these arguments on a terminal of 120 columns; `environment` as `NAME=value` words of a shell.
pub fn shown(environment: &str, arguments: &[&str]) -> Shown {
    let quoted: Vec<String> =
        arguments.iter().map(|argument| format!("'{}'", argument.replace('\'', "'\\''"))).collect();
    let piste = env!("CARGO_BIN_EXE_piste");
    let command = format!("stty cols 120 rows 30; {environment} '{piste}' {}", quoted.join(" "));
    let done = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .env_remove("NO_COLOR")
        .env("TERM", "xterm-256color")
        .stdin(Stdio::null())
        .output()
        .expect("script of util-linux runs");
    Shown { text: String::from_utf8_lossy(&done.stdout).into_owned(), code: done.status.code() }
}
