//! Words in user agents, each with the time for which it counts. All words are looked for in one pass.

use aho_corasick::AhoCorasick;

use crate::java::calendar::{day_start, days_in_month};

/// Words of which any counts.
pub(super) struct Words(AhoCorasick);

/// What user agents of browsers contain.
pub(super) struct Included {
    words: Words,
    rules: Vec<Rule>,
}

/// What user agents of robots contain.
pub(super) struct Excluded {
    words: Words,
    rules: Vec<Robot>,
}

struct Rule {
    is_active: bool,
    /// Whether the user agent must begin with the word.
    is_prefix: bool,
    /// Since when it does not count any more, in milliseconds since the epoch.
    inactive: Option<i64>,
}

struct Robot {
    rule: Rule,
    /// Words beside which it does not count.
    exceptions: Vec<String>,
    impact: &'static str,
}

impl Words {
    /// Words, in any case.
    pub(super) fn new(words: &[String]) -> Result<Self, String> {
        let lower = words.iter().map(|word| word.to_lowercase());
        AhoCorasick::new(lower).map(Self).map_err(|e| e.to_string())
    }

    /// Whether any is in a text in lower case.
    pub(super) fn any_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// Numbers of all that are in a text, with their places, in any order.
    fn all_in<'t>(&'t self, text: &'t str) -> impl Iterator<Item = (usize, usize)> + 't {
        self.0.find_overlapping_iter(text).map(|found| (found.pattern().as_usize(), found.start()))
    }
}

impl Included {
    /// Reads `pattern|active|start of string|inactive date`.
    ///
    /// # Errors
    /// The words are too many.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let records: Vec<_> = records(text).collect();
        let rule = |record: &Vec<String>| Rule {
            is_active: field(record, 1) == "1",
            is_prefix: field(record, 2) == "1",
            inactive: date(field(record, 3)),
        };
        let rules = records.iter().map(rule).collect();
        Ok(Self { words: words(&records)?, rules })
    }

    /// Whether any counts at a time.
    pub(super) fn has(&self, agent: &str, time: i64) -> bool {
        self.words.all_in(agent).any(|(number, at)| {
            let rule = &self.rules[number];
            rule.fits(at) && (rule.is_active || rule.inactive.is_some_and(|inactive| time < inactive))
        })
    }
}

impl Excluded {
    /// Reads `pattern|active|exceptions|unused|impact|start of string|inactive date`.
    ///
    /// # Errors
    /// An impact that is none, or the words are too many.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let records: Vec<_> = records(text).collect();
        let rule = |record: &Vec<String>| {
            let exceptions = field(record, 2).split(',').map(|word| word.trim().to_lowercase());
            let impact = match field(record, 4) {
                "0" => "PAGE_IMPRESSIONS",
                "1" => "AD_IMPRESSIONS",
                "2" => "PAGE_AND_AD_IMPRESSIONS",
                other => {
                    return Err(format!("`{}`: the impact `{other}` is not 0, 1 or 2", field(record, 0)));
                }
            };
            let rule = Rule {
                is_active: field(record, 1) == "1",
                is_prefix: field(record, 5) == "1",
                inactive: date(field(record, 6)),
            };
            Ok(Robot { rule, exceptions: exceptions.filter(|word| !word.is_empty()).collect(), impact })
        };
        let rules = records.iter().map(rule).collect::<Result<_, _>>()?;
        Ok(Self { words: words(&records)?, rules })
    }

    /// Category and impact of the first in the list that fits.
    pub(super) fn find(&self, agent: &str, time: i64) -> Option<(&'static str, &'static str)> {
        let fits = |number: usize, at: usize| {
            let Robot { rule, exceptions, .. } = &self.rules[number];
            rule.fits(at)
                && (rule.is_active || rule.inactive.is_some())
                && !exceptions.iter().any(|word| agent.contains(word.as_str()))
        };
        let found = self.words.all_in(agent).filter(|(number, at)| fits(*number, *at));
        let robot = &self.rules[found.map(|(number, _)| number).min()?];
        let is_active = robot.rule.inactive.is_none_or(|inactive| time < inactive);
        Some((if is_active { "ACTIVE_SPIDER_OR_ROBOT" } else { "INACTIVE_SPIDER_OR_ROBOT" }, robot.impact))
    }
}

impl Rule {
    fn fits(&self, at: usize) -> bool {
        at == 0 || !self.is_prefix
    }
}

fn words(records: &[Vec<String>]) -> Result<Words, String> {
    Words::new(&records.iter().map(|record| field(record, 0).to_owned()).collect::<Vec<_>>())
}

/// The records of a list, but for comments and lines without a word.
fn records(text: &str) -> impl Iterator<Item = Vec<String>> {
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    lines.map(fields).filter(|record| !field(record, 0).is_empty())
}

/// Fields between bars, trimmed. One that begins with a quote ends with it, and two quotes in it are one.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        let is_begin = fields.last().is_some_and(String::is_empty);
        match c {
            '"' if is_quoted => match rest.next_if_eq(&'"') {
                Some(quote) => fields.last_mut().into_iter().for_each(|field| field.push(quote)),
                None => is_quoted = false,
            },
            '"' if is_begin => is_quoted = true,
            '|' if !is_quoted => fields.push(String::new()),
            c => fields.last_mut().into_iter().for_each(|field| field.push(c)),
        }
    }
    fields.iter().map(|field| field.trim().to_owned()).collect()
}

fn field(record: &[String], at: usize) -> &str {
    record.get(at).map_or("", String::as_str)
}

/// `MM/dd/yyyy`, midnight UTC. What is no date is none.
fn date(text: &str) -> Option<i64> {
    let mut parts = text.split('/').map(|part| part.parse::<i64>().ok());
    let (month, day, year) = (parts.next()??, parts.next()??, parts.next()??);
    let is_date = (1..=12).contains(&month)
        && (0..=9999).contains(&year)
        && (1..=days_in_month(year, month)).contains(&day)
        && parts.next().is_none();
    is_date.then(|| day_start(year, month, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let table: [(&str, &[&str]); 4] = [
            ("a |1| b", &["a", "1", "b"]),
            ("\"a|b\"|x\"y", &["a|b", "x\"y"]),
            ("\"a \"\"b\"\"\"|", &["a \"b\"", ""]),
            ("a||", &["a", "", ""]),
        ];
        for (line, expect) in table {
            assert_eq!(fields(line), expect, "{line}");
        }
    }

    #[test]
    fn dates() {
        let day = 86_400_000;
        let table = [
            ("01/02/1970", Some(day)),
            ("1/2/1970", Some(day)),
            ("02/30/1970", None),
            ("13/01/1970", None),
            ("1970-01-02", None),
            ("", None),
        ];
        for (text, expect) in table {
            assert_eq!(date(text), expect, "{text}");
        }
    }
}
