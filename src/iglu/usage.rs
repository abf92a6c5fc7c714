//! What is said of a wrong command line where stdout is no terminal: igluctl's first line and exit code, and our own help.

use std::io::IsTerminal as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use service::exit::ExitCode;

use crate::output;

/// Tells what is wrong with a command line of these tools; `None`: it is another one, or it asks for help.
pub(crate) fn answer(error: &clap::Error, arguments: &[String]) -> Option<ExitCode> {
    let is_ours =
        arguments.iter().find(|argument| !argument.starts_with('-')).is_some_and(|name| name == "iglu");
    let is_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if !is_ours || is_help || std::io::stdout().is_terminal() {
        return None;
    }
    let first = first_line(error);
    let rendered = error.render().to_string();
    let usage = rendered.find("Usage:").map_or("", |at| rendered[at..].trim_end());
    output::error_line(format_args!("{first}"));
    if !usage.is_empty() {
        output::error_line(format_args!("\n{usage}"));
    }
    Some(ExitCode::Unwell)
}

fn first_line(error: &clap::Error) -> String {
    let context = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => texts.first().cloned(),
        _ => None,
    };
    let names = |text: &Option<String>| text.as_deref().is_some_and(|text| text.starts_with('-'));
    let argument = context(ContextKind::InvalidArg);
    match error.kind() {
        ErrorKind::MissingRequiredArgument if names(&argument) => {
            format!("Missing expected flag {}!", argument.unwrap_or_default())
        }
        ErrorKind::MissingRequiredArgument if error.to_string().contains("<--") => {
            "Missing expected flag (--schema or --server)!".into()
        }
        ErrorKind::MissingRequiredArgument => "Missing expected positional argument!".into(),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            "Missing expected flag --version, or command (static or lint or server or table-check or verify)!"
                .into()
        }
        ErrorKind::InvalidSubcommand => {
            format!("Unexpected argument: {}", context(ContextKind::InvalidSubcommand).unwrap_or_default())
        }
        ErrorKind::UnknownArgument if names(&argument) => {
            format!("Unexpected option: {}", argument.unwrap_or_default())
        }
        ErrorKind::UnknownArgument => format!("Unexpected argument: {}", argument.unwrap_or_default()),
        ErrorKind::ValueValidation => {
            // What the argument's own reader says.
            let said = std::error::Error::source(error).map(ToString::to_string);
            said.unwrap_or_else(|| error.to_string())
        }
        _ => {
            let text = error.to_string();
            text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    }
}
