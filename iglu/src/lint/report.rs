//! What igluctl prints of one schema (`spec/iglu.md` 5.2): findings by linter under a headline. Of several findings at one
//! place it shows one, the last in the order of its hash map; [`super::linted`] has them all.

use serde_json::Value;

use super::{Finding, linted};
use crate::{field::fingerprint::in_trie, validator::meta_schema::MetaSchema};

/// What igluctl prints, each with its number before it; empty: the schema is fine.
pub fn issues(schema: &Value, skipped: &[String]) -> Vec<String> {
    // The schema of schemas that igluctl has: keywords that no table understands are not looked at, unknown ones are fine.
    let mut issues: Vec<String> = MetaSchema::Strict
        .issues(schema)
        .into_iter()
        .filter(|issue| !issue.message.ends_with("does not allow additional properties"))
        .map(|issue| {
            format!("Could not validate the schema, path: {}, message: {}", issue.path, issue.message)
        })
        .collect();
    match linted(schema) {
        Ok(mut found) => {
            found.retain(|finding| !finding.linter.is_some_and(|name| skipped.iter().any(|s| s == name)));
            issues.extend(grouped(found, skipped));
        }
        Err(_) => issues.push("Doesn't contain JSON Schema".into()),
    }
    issues
}

fn grouped(found: Vec<Finding>, skipped: &[String]) -> Vec<String> {
    let used: Vec<&str> =
        super::ALL.iter().map(|l| l.name).filter(|name| skipped.iter().all(|s| s != name)).collect();
    let order = in_trie(&used);
    let rank = |name: &str| order.iter().position(|at| used[*at] == name);
    let mut shown: Vec<Finding> = Vec::new();
    for finding in found {
        match shown.iter_mut().find(|known| known.pointer == finding.pointer) {
            Some(known)
                if rank(finding.linter.unwrap_or_default()) > rank(known.linter.unwrap_or_default()) =>
            {
                *known = finding;
            }
            Some(_) => {}
            None => shown.push(finding),
        }
    }
    let mut linters: Vec<&str> = Vec::new();
    for name in shown.iter().filter_map(|finding| finding.linter) {
        if !linters.contains(&name) {
            linters.push(name);
        }
    }
    let groups: Vec<(&str, String)> =
        in_trie(&linters).into_iter().map(|at| (linters[at], group(linters[at], &shown))).collect();
    let is_shown = |name: &str| !name.starts_with("bq");
    let others: Vec<String> =
        groups.iter().filter(|(name, _)| is_shown(name)).map(|(_, text)| text.clone()).collect();
    // Where there is nothing else the original ends with an exception.
    if others.is_empty() { groups.into_iter().map(|(_, text)| text).collect() } else { others }
}

fn group(linter: &str, shown: &[Finding]) -> String {
    let (headline, skippable, has_messages) = headline(linter);
    if linter == "rootObject" {
        return headline.to_owned();
    }
    let mut own: Vec<&Finding> = shown.iter().filter(|finding| finding.linter == Some(linter)).collect();
    own.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    let width = own.iter().map(|finding| finding.pointer.encode_utf16().count()).max().unwrap_or(0);
    let skip =
        if skippable { format!(" (add --skip-checks {linter} to omit this check)") } else { String::new() };
    let mut text = format!("{headline}{skip}:");
    for finding in own {
        let blanks = " ".repeat(width - finding.pointer.encode_utf16().count());
        text.push_str(&format!("\n - {}{blanks}\t", finding.pointer));
        if has_messages {
            text.push(' ');
            text.push_str(&finding.message);
        }
    }
    text
}

/// The headline, whether it tells how to skip the linter, and whether findings say more than where they are.
fn headline(linter: &str) -> (&'static str, bool, bool) {
    match linter {
        "rootObject" => ("Root of schema should have type object and contain properties", false, false),
        "numericMinimumMaximum" => ("Following numeric properties have invalid boundaries", false, true),
        "stringMinMaxLength" => ("Following string properties have invalid length", false, true),
        "stringMaxLengthRange" => ("Following string properties have too big maxLength", true, true),
        "arrayMinMaxItems" => ("Following array properties have invalid boundaries", false, true),
        "numericProperties" => ("Following numeric properties are missing explicit type", false, true),
        "stringProperties" => ("Following string properties are missing explicit type", false, true),
        "arrayProperties" => ("Following array properties are missing explicit type", false, true),
        "objectProperties" => ("Following object properties are missing explicit type", false, true),
        "requiredPropertiesExist" => ("Following required properties are unknown", false, true),
        "unknownFormats" => ("Following formats are unknown", true, true),
        "numericMinMax" => ("Following numeric properties are unbounded", true, false),
        "stringLength" => ("Following string properties provide no clues about maximum length", true, false),
        "optionalNull" => ("Following optional properties don't allow null type", true, true),
        "description" => ("Following properties don't include description", true, false),
        "bqDisallowedCharacters" | "bqIllegalStart" => {
            ("Following properties have names that BigQuery does not take", true, true)
        }
        _ => ("Problem with $schema field", false, true),
    }
}
