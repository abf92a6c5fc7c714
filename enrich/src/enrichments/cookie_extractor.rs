//! `cookie_extractor_config`: cookies of the request as entities (`spec/enrichments-and-adapters.md` 2.15).

use std::collections::HashSet;

use event::{
    schema_key::{SchemaKey, SchemaVersion},
    self_describing::SelfDescribing,
};
use serde::Deserialize;
use serde_json::json;

use super::{Built, Enrichment, Kind, assets::Assets, configuration::Configuration};
use crate::{problem::StepFailure, steps::Working};

pub(crate) static KIND: Kind = Kind::new("cookie_extractor_config", (1, 0), build);

/// Names of the cookies that are wanted.
#[derive(Deserialize)]
struct Parameters {
    cookies: HashSet<String>,
}

fn build(configuration: &Configuration, _: &Assets) -> Built {
    Ok(Box::new(configuration.read::<Parameters>()?))
}

impl Enrichment for Parameters {
    fn run(&self, working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
        let any_case = !working.compatibility.is_apache();
        let is_cookie = |name: &str| name == "Cookie" || (any_case && name.eq_ignore_ascii_case("cookie"));
        let lines = working.request.payload.headers.iter().flatten();
        let headers = lines.filter_map(|line| line.split_once(':'));
        let cookies = headers.filter(|(name, _)| is_cookie(name)).flat_map(|(_, value)| Cookies::of(value));
        let entities = cookies.filter(|(name, _)| self.cookies.contains(name)).map(|(name, value)| {
            let key = SchemaKey::new("org.ietf", "http_cookie", "jsonschema", SchemaVersion::new(1, 0, 0));
            SelfDescribing::new(key, json!({"name": name, "value": value}))
        });
        let entities = entities.collect();
        working.derive_all(entities);
        Ok(())
    }
}

/// The cookies of a header's value, as the original's HTTP library takes elements apart: at `;`, until the first `,`,
/// neither of them inside quotes.
struct Cookies<'h> {
    rest: Option<&'h str>,
}

impl<'h> Cookies<'h> {
    fn of(value: &'h str) -> Self {
        Self { rest: Some(value) }
    }
}

impl Iterator for Cookies<'_> {
    type Item = (String, Option<String>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest?;
        if rest.is_empty() {
            self.rest = None;
            return None;
        }
        let name_end = rest.find(['=', ';', ',']).unwrap_or(rest.len());
        let name = token(&rest[..name_end]);
        let (value, end) = match rest[name_end..].starts_with('=') {
            true => {
                let (value, length) = read_value(&rest[name_end + 1..]);
                (Some(value), name_end + 1 + length)
            }
            false => (None, name_end),
        };
        self.rest = rest[end..].strip_prefix(';');
        Some((name, value))
    }
}

/// Trimmed, with one space for every run of white space.
fn token(text: &str) -> String {
    text.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A value, which may be quoted in parts, and how many bytes it has in the header.
fn read_value(text: &str) -> (String, usize) {
    let mut value = String::new();
    let (mut quoted, mut escaped, mut space) = (false, false, false);
    let mut length = text.len();
    for (at, c) in text.char_indices() {
        let is_space = matches!(c, ' ' | '\t' | '\r' | '\n');
        match c {
            ';' | ',' if !quoted => {
                length = at;
                break;
            }
            '"' if !escaped => {
                if !quoted && std::mem::take(&mut space) {
                    value.push(' ');
                }
                quoted = !quoted;
            }
            '\r' | '\n' if quoted && !escaped => {}
            '\\' if quoted && !escaped => {
                escaped = true;
                continue;
            }
            _ if is_space && !quoted => space = !value.is_empty(),
            _ => {
                if std::mem::take(&mut space) {
                    value.push(' ');
                }
                if escaped && !matches!(c, '"' | '\\') {
                    value.push('\\');
                }
                value.push(c);
            }
        }
        escaped = false;
    }
    (value, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_of_a_header() {
        let check = |header: &str, expect: &[(&str, Option<&str>)]| {
            let found: Vec<_> = Cookies::of(header).collect();
            let expect: Vec<_> =
                expect.iter().map(|(n, v)| ((*n).to_owned(), v.map(str::to_owned))).collect();
            assert_eq!(found, expect, "{header}");
        };
        check(" ck1;=cv2;ck3=", &[("ck1", None), ("", Some("cv2")), ("ck3", Some(""))]);
        check(r#"ck4=cv4;ck5="cv5""#, &[("ck4", Some("cv4")), ("ck5", Some("cv5"))]);
        check(r#"a="x; \"y\"" ; b = c  d "#, &[("a", Some(r#"x; "y""#)), ("b", Some("c d"))]);
        check("a=1, b=2; c=3", &[("a", Some("1"))]);
        check(";;", &[("", None), ("", None)]);
        check("", &[]);
        check(r#"a="open; b=2"#, &[("a", Some("open; b=2"))]);
        check("a=1  \"\"; b=\"x\r\ny\"", &[("a", Some("1 ")), ("b", Some("xy"))]);
    }
}
