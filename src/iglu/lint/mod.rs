//! `piste iglu lint`: what is wrong with the schemas of a folder.

pub(crate) mod arguments;
mod report;

use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
};

use ::iglu::{
    lint::{self, Finding, Level, Linter},
    validator::Validator,
};
use clap::{Args, ValueEnum};
use event::schema_key::SchemaKey;
use indicatif::ProgressIterator as _;
use service::exit::ExitCode;

use self::arguments::{Keys, Names};
use super::{
    files,
    said::{Said, tell},
};
use crate::output;

/// Options of `piste iglu lint`.
///
/// Ends with 1 where something is found. Where stdout is no terminal it says what igluctl says.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// A folder of schemas (`vendor/name/jsonschema/version`), or one of its files.
    input: PathBuf,
    /// Linters to leave out, with commas between them: those that find no errors.
    #[arg(long, value_name = "LINTERS", value_parser = arguments::linters, help = arguments::help(), overrides_with = "skip_checks")]
    skip_checks: Option<Names>,
    /// Schemas to leave out, as Iglu URIs with commas between them.
    #[arg(long, value_name = "URIS", value_parser = arguments::keys, overrides_with = "skip_schemas")]
    skip_schemas: Option<Keys>,
    /// How it is told; without it as text on a terminal, else as igluctl does.
    #[arg(long)]
    format: Option<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people; coloured on a terminal.
    Text,
    /// One document.
    Json,
    /// The report that CI servers read.
    Junit,
    /// igluctl's lines.
    Igluctl,
}

/// A schema, and what was found.
struct Checked {
    path: PathBuf,
    key: SchemaKey,
    findings: Vec<Finding>,
    /// Some of the findings make the schema fail.
    fails: bool,
}

/// All of a folder.
struct Report {
    problems: Vec<String>,
    checked: Vec<Checked>,
}

/// Lints, tells, and judges.
pub(crate) fn run(options: &Options) -> ExitCode {
    let format = options.format.unwrap_or(match std::io::stdout().is_terminal() {
        true => Format::Text,
        false => Format::Igluctl,
    });
    let checks = options.skip_checks.as_ref().map_or(&[][..], |names| &names.0);
    let schemas = options.skip_schemas.as_ref().map_or(&[][..], |keys| &keys.0);
    if format == Format::Igluctl {
        return tell(said(&options.input, checks, schemas));
    }
    let report = report_of(&options.input, checks, schemas);
    match format {
        Format::Json => output::line(format_args!("{}", report::json(&report))),
        Format::Junit => output::text(&report::junit(&report)),
        Format::Text | Format::Igluctl => output::text(&report::text(&report, report::colours())),
    }
    let fails = !report.problems.is_empty() || report.checked.iter().any(|checked| checked.fails);
    if fails { ExitCode::Unwell } else { ExitCode::Ok }
}

/// What igluctl says of a folder without these linters and schemas.
pub(crate) fn said(input: &Path, skip_checks: &[String], skip_schemas: &[SchemaKey]) -> Said {
    let mut folder = files::read(input);
    skip(&mut folder, skip_schemas);
    let (corrupted, mut lines) = (folder.problems.len(), folder.problems);
    let (mut valid, mut invalid) = (0, 0);
    for schema in folder.schemas.iter().progress() {
        let path = schema.key.path();
        let issues = lint::report::issues(&schema.json, skip_checks);
        if issues.is_empty() {
            valid += 1;
            lines.push(format!("OK: {path}"));
            continue;
        }
        invalid += 1;
        lines.push(format!("FAILURE: Schema [{path}] contains {} following issues: ", issues.len()));
        lines.extend(issues.iter().zip(1..).map(|(issue, number)| format!("{number}. {issue}")));
    }
    if corrupted > 0 {
        lines.push(format!("TOTAL: {corrupted} files corrupted"));
    }
    if valid + invalid > 0 {
        lines.push(format!("TOTAL: {valid} valid schemas"));
        lines.push(format!("TOTAL: {invalid} schemas didn't pass validation"));
    }
    if corrupted + invalid == 0 { Ok(lines) } else { Err(lines) }
}

fn skip(folder: &mut files::Folder, skipped: &[SchemaKey]) {
    let had = !folder.schemas.is_empty();
    folder.schemas.retain(|schema| !skipped.contains(&schema.key));
    if had && folder.schemas.is_empty() {
        folder.problems.push("All schemas provided were also skipped".into());
    }
}

fn report_of(input: &Path, skip_checks: &[String], skip_schemas: &[SchemaKey]) -> Report {
    let mut folder = files::read(input);
    skip(&mut folder, skip_schemas);
    let checked = folder.schemas.into_iter().progress().map(|schema| {
        let mut findings = lint::judged(&schema.json).0;
        findings.retain(|finding| !finding.linter.is_some_and(|name| skip_checks.iter().any(|s| s == name)));
        // What only piste warns of fails nothing that igluctl lets pass.
        let fails = findings.iter().any(|finding| finding.linter.is_some() || finding.level == Level::Error);
        if !findings.iter().any(|finding| finding.level == Level::Error)
            && let Err(issues) = Validator::checked(&schema.json)
        {
            findings.extend(issues.into_iter().map(|issue| Finding {
                pointer: issue.path,
                message: issue.message,
                level: Level::Warning,
                linter: None,
            }));
        }
        Checked { path: schema.path, key: schema.key, findings, fails }
    });
    Report { checked: checked.collect(), problems: folder.problems }
}

/// The names of linters that may be left out, as the help lists them.
fn optional() -> impl Iterator<Item = &'static Linter> {
    lint::optional()
}
