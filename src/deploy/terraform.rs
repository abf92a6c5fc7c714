//! The program Terraform: called in a folder, listened to, never cut off.

use std::{path::PathBuf, process::Stdio};

use serde_json::Value;
use service::exit::{ExitCode, RunError};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
};

use crate::output;

/// Terraform in an environment's folder.
#[derive(Clone, Debug)]
pub(super) struct Terraform {
    folder: PathBuf,
}

impl Terraform {
    /// Of this folder. Calls nothing yet.
    pub(super) fn of(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Runs it to its end and returns what it printed; what it printed on stderr is why it failed.
    pub(super) async fn run(&self, arguments: &[&str]) -> Result<String, RunError> {
        let done = self.command(arguments).output().await.map_err(|error| absent(&error))?;
        if done.status.success() {
            return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&done.stderr);
        let said = if said.trim().is_empty() { String::from_utf8_lossy(&done.stdout) } else { said };
        Err(failed(arguments, said.trim()))
    }

    /// What it prints as one document of JSON.
    pub(super) async fn json(&self, arguments: &[&str]) -> Result<Value, RunError> {
        let text = self.run(arguments).await?;
        serde_json::from_str(&text).map_err(|error| failed(arguments, &format!("no JSON: {error}")))
    }

    /// Runs it and gives each line to `take` as it comes. A signal to us ends Terraform as it should be ended: it finishes what it
    /// has begun, and writes down what is there. Returns whether all went well.
    pub(super) async fn follow(
        &self,
        arguments: &[&str],
        mut take: impl FnMut(&str),
    ) -> Result<bool, RunError> {
        let cannot = |error| RunError::unavailable(format!("signals cannot be heard: {error}"));
        let mut end = signal(SignalKind::terminate()).map_err(cannot)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
        // Not of our group: else a terminal's interrupt would reach it twice, which makes it give up at once.
        let command = self.command(arguments).process_group(0).stdout(Stdio::piped()).spawn();
        let mut child = command.map_err(|error| absent(&error))?;
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut lines = BufReader::new(stdout).lines();
        loop {
            tokio::select! {
                line = lines.next_line() => match line {
                    Ok(Some(line)) => take(&line),
                    Ok(None) | Err(_) => break,
                },
                _ = end.recv() => ask_to_end(&child).await,
                _ = interrupt.recv() => ask_to_end(&child).await,
            }
        }
        let status = child.wait().await.map_err(|error| absent(&error))?;
        Ok(status.success())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("terraform");
        command.args(arguments).current_dir(&self.folder).stdin(Stdio::null());
        command.env("TF_IN_AUTOMATION", "1").env("CHECKPOINT_DISABLE", "1");
        command
    }
}

/// Terraform heeds an interrupt.
async fn ask_to_end(child: &Child) {
    output::error_line(format_args!("Terraform finishes what it has begun, and nothing after that"));
    if let Some(id) = child.id() {
        let _ = Command::new("kill").args(["-s", "INT", &id.to_string()]).status().await;
    }
}

fn absent(error: &std::io::Error) -> RunError {
    RunError::unavailable(format!("terraform cannot be run, 1.11 or newer is needed: {error}"))
}

fn failed(arguments: &[&str], said: &str) -> RunError {
    let what = format!("terraform {}: {said}", arguments.first().copied().unwrap_or_default());
    RunError::new(ExitCode::Unavailable, what)
}
