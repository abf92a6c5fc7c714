//! Reports for people and for CI servers.

use std::{fmt::Write as _, io::IsTerminal as _};

use ::iglu::lint::{Finding, Level};
use serde_json::{Value, json};

use super::Report;

/// Whether the text is coloured: on a terminal, unless the environment says `NO_COLOR`.
pub(super) fn colours() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// One line for each schema and each finding.
pub(super) fn text(report: &Report, colours: bool) -> String {
    let painted = |code: &str, text: &str| match colours {
        true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        false => text.to_owned(),
    };
    let mut out = String::new();
    for problem in &report.problems {
        let _ = writeln!(out, "{} {problem}", painted("31", "error  "));
    }
    for checked in &report.checked {
        let mark = if checked.fails { painted("31", "FAILURE") } else { painted("32", "OK     ") };
        let _ = writeln!(out, "{mark} {}", checked.key);
        let width = checked.findings.iter().map(|finding| finding.pointer.chars().count()).max().unwrap_or(0);
        for finding in &checked.findings {
            let level = match finding.level {
                Level::Error => painted("31", "error  "),
                Level::Warning => painted("33", "warning"),
                Level::Info => painted("36", "info   "),
            };
            let linter = finding.linter.map(|name| painted("2", &format!(" ({name})"))).unwrap_or_default();
            let _ = writeln!(out, "  {level} {:<width$}  {}{linter}", finding.pointer, finding.message);
        }
    }
    let failing = report.checked.iter().filter(|checked| checked.fails).count();
    let _ = writeln!(
        out,
        "{} schemas, {failing} with findings, {} files that cannot be used",
        report.checked.len(),
        report.problems.len()
    );
    out
}

/// The whole report as one document.
pub(super) fn json(report: &Report) -> Value {
    let finding = |finding: &Finding| {
        json!({
            "pointer": finding.pointer,
            "level": finding.level.name().to_lowercase(),
            "linter": finding.linter,
            "message": finding.message,
        })
    };
    let schemas = report.checked.iter().map(|checked| {
        json!({
            "schema": checked.key.to_string(),
            "path": checked.path.display().to_string(),
            "passes": !checked.fails,
            "findings": checked.findings.iter().map(finding).collect::<Vec<_>>(),
        })
    });
    json!({ "problems": report.problems, "schemas": schemas.collect::<Vec<_>>() })
}

/// A suite with a case for each schema, and an error for each file that cannot be used.
pub(super) fn junit(report: &Report) -> String {
    let failing = report.checked.iter().filter(|checked| checked.fails).count();
    let (tests, errors) = (report.checked.len() + report.problems.len(), report.problems.len());
    let counts = format!("tests=\"{tests}\" failures=\"{failing}\" errors=\"{errors}\"");
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n  <testsuite name=\"piste iglu lint\" {counts}>\n"
    );
    for problem in &report.problems {
        let _ = writeln!(
            out,
            "    <testcase classname=\"files\" name=\"{0}\"><error message=\"{0}\"/></testcase>",
            escaped(problem)
        );
    }
    for checked in &report.checked {
        let _ = write!(
            out,
            "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\"",
            escaped(&checked.key.vendor),
            escaped(&checked.key.to_string()),
            escaped(&checked.path.display().to_string())
        );
        let lines: Vec<String> = checked
            .findings
            .iter()
            .map(|f| format!("{} {}: {}", f.level.name(), f.pointer, f.message))
            .collect();
        if checked.fails {
            let message = format!("{} findings", lines.len());
            let text = escaped(&lines.join("\n"));
            let _ =
                writeln!(out, ">\n      <failure message=\"{message}\">{text}</failure>\n    </testcase>");
        } else {
            let _ = writeln!(out, "/>");
        }
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// Text as XML takes it; characters that XML has no place for are replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
