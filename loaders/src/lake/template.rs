//! Partition patterns of the S3 loader: `{vendor}.{schema}/date={yyyy}-{mm}-{dd}`
//! (`spec/loaders-and-leases.md` 1.5 and the recorded corrections in 0.2a).
//!
//! In the line 2.x `{mm}` is the month, in any case; minutes stand inside longer patterns, as in `{HH-mm}`. What the original
//! would expand into something surprising is refused at start instead. In the line 3.x `{mm}` are minutes, and what means
//! nothing stays as it is.

use std::fmt::Write;

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

/// A checked pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
    is_current: bool,
    left: Vec<String>,
}

/// The parts of a schema key that a pattern can name. The default is what records have that are not self-describing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SchemaParts {
    /// Vendor, or `unknown`.
    pub vendor: String,
    /// Name, or `unknown`.
    pub name: String,
    /// Format, or `unknown`.
    pub format: String,
    /// Model number, or -1.
    pub model: i64,
    /// The whole version, where each has files of its own. No pattern names it: it is in the names of files.
    pub version: Option<String>,
    /// What patterns of Parquet files can name.
    pub event: EventParts,
}

/// The parts of an enriched event that a pattern of Parquet files can name, as folders are named in Hive's way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventParts {
    /// The event's name.
    pub name: String,
    /// The day on which it was collected: `2026-01-02`.
    pub date: String,
}

/// The pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("partition format `{format}`: {what}")]
pub struct TemplateError {
    /// The pattern.
    pub format: String,
    /// What is wrong and what would be right.
    pub what: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Vendor,
    Name,
    Format,
    Model,
    Date(Field, usize),
    EventName,
    EventDate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Year,
    Month,
    Day,
    DayOfYear,
    Hour,
    Minute,
    Second,
}

/// Longest pattern, so that a declared batch with its pattern stays below 1 KiB.
const MAX_LENGTH: usize = 256;

/// Longest name of a folder that comes from data.
const MAX_FOLDER: usize = 128;

/// What folders of rows without a value are called in Hive's way.
const HIVE_NULL: &str = "__HIVE_DEFAULT_PARTITION__";

const SUPPORTED: &str = "expected {vendor}, {name} or {schema}, {format}, {model}, {yyyy}, {MM}, {dd}, {HH}, {ss} or \
                         a date pattern of y, M, d, D, H, m, s such as {yyyy-MM-dd}";

const SUPPORTED_OF_EVENTS: &str =
    "expected {load_date}, {event_date}, {event_name}, {yyyy}, {MM}, {dd}, {HH}, {mm} or {ss}";

impl Default for SchemaParts {
    fn default() -> Self {
        let unknown = || "unknown".to_owned();
        Self {
            vendor: unknown(),
            name: unknown(),
            format: unknown(),
            model: -1,
            version: None,
            event: EventParts::default(),
        }
    }
}

impl Default for EventParts {
    fn default() -> Self {
        Self { name: HIVE_NULL.to_owned(), date: HIVE_NULL.to_owned() }
    }
}

impl EventParts {
    /// From the columns of an event: what could not stand in a path is written `%XX`, as in URLs, and a name that is too long
    /// for a folder is cut and gets a hash of the whole.
    pub fn of(event_name: &str, collector_tstamp: &str) -> Self {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'~');
        let mut name = String::with_capacity(event_name.len());
        for b in event_name.bytes() {
            // A folder must not consist of dots.
            if plain(b) && !(b == b'.' && name.is_empty()) {
                name.push(char::from(b));
            } else {
                write!(name, "%{b:02X}").expect("writing to a string does not fail");
            }
        }
        if name.len() > MAX_FOLDER {
            let hash = event_name
                .bytes()
                .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
            name.truncate(MAX_FOLDER - 17);
            write!(name, "-{hash:016x}").expect("writing to a string does not fail");
        }
        if name.is_empty() {
            HIVE_NULL.clone_into(&mut name);
        }
        let date = collector_tstamp.get(..10).filter(|date| date.parse::<Date>().is_ok());
        Self { name, date: date.unwrap_or(HIVE_NULL).to_owned() }
    }
}

impl Template {
    /// Checks a pattern of the line 2.x. Empty segments vanish: a leading or trailing slash means nothing.
    ///
    /// # Errors
    ///
    /// Braces that do not match, placeholders that mean nothing, a `.` or `..` segment, more than 256 bytes.
    pub fn parse(format: &str) -> Result<Self, TemplateError> {
        Self::parse_by(format, placeholder, SUPPORTED)
    }

    /// Checks a pattern of Parquet files, which name what is theirs alone: `{load_date}`, `{event_date}`, `{event_name}`,
    /// and times as in the line 3.x. Nothing else may stand in braces.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`].
    pub fn parse_for_events(format: &str) -> Result<Self, TemplateError> {
        Self::parse_by(format, placeholder_of_events, SUPPORTED_OF_EVENTS)
    }

    fn parse_by(
        format: &str,
        placeholder: fn(&str, &mut Vec<Part>) -> Option<()>,
        supported: &str,
    ) -> Result<Self, TemplateError> {
        check_plain(format)?;
        let wrong = |what: String| TemplateError { format: format.to_owned(), what };
        let mut parts = Vec::new();
        let mut rest = format;
        while let Some(at) = rest.find(['{', '}']) {
            let (literal, braces) = rest.split_at(at);
            push_literal(&mut parts, literal);
            let Some(inner) = braces.strip_prefix('{') else {
                return Err(wrong("has a `}` without its `{`".into()));
            };
            let Some(end) = inner.find(['{', '}']).filter(|end| inner[*end..].starts_with('}')) else {
                return Err(wrong("has a `{` without its `}`".into()));
            };
            placeholder(&inner[..end], &mut parts)
                .ok_or_else(|| wrong(format!("`{{{}}}` means nothing: {supported}", &inner[..end])))?;
            rest = &inner[end + 1..];
        }
        push_literal(&mut parts, rest);
        Ok(Self { text: format.to_owned(), parts, is_current: false, left: Vec::new() })
    }

    /// Checks a pattern of the line 3.x, where `{mm}` are minutes, and whatever else means nothing stays as it is.
    ///
    /// # Errors
    ///
    /// A `.` or `..` segment, more than 256 bytes.
    pub fn parse_current(format: &str) -> Result<Self, TemplateError> {
        check_plain(format)?;
        let (mut parts, mut left, mut rest) = (Vec::new(), Vec::new(), format);
        while let Some(at) = rest.find('{') {
            let (literal, braces) = rest.split_at(at);
            push_literal(&mut parts, literal);
            let end = braces[1..].find(['{', '}']).map_or(braces.len(), |end| end + 1);
            let whole = end + usize::from(braces[end..].starts_with('}'));
            match part_of_current(&braces[..whole]) {
                Some(part) => parts.push(part),
                None => {
                    push_literal(&mut parts, &braces[..whole]);
                    left.push(braces[..whole].to_owned());
                }
            }
            rest = &braces[whole..];
        }
        push_literal(&mut parts, rest);
        Ok(Self { text: format.to_owned(), parts, is_current: true, left })
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is one of the line 3.x.
    pub fn is_current(&self) -> bool {
        self.is_current
    }

    /// What it has in braces that means nothing and stays as it is.
    pub fn left(&self) -> &[String] {
        &self.left
    }

    /// Whether it names parts of the schema key.
    pub fn names_schema(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Vendor | Part::Name | Part::Format | Part::Model))
    }

    /// Whether it names parts of an event.
    pub fn names_event(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::EventName | Part::EventDate))
    }

    /// The folder of a record: no leading, trailing or double slash; may be empty.
    pub fn expand(&self, schema: &SchemaParts, stamp: Timestamp) -> String {
        let date = TimeZone::UTC.to_datetime(stamp);
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Vendor => out.push_str(&schema.vendor),
                Part::Name => out.push_str(&schema.name),
                Part::Format => out.push_str(&schema.format),
                Part::EventName => out.push_str(&schema.event.name),
                Part::EventDate => out.push_str(&schema.event.date),
                Part::Model => write!(out, "{}", schema.model).expect("writing to a string does not fail"),
                Part::Date(field, width) => {
                    let value =
                        field.of(date) % if *field == Field::Year && *width == 2 { 100 } else { 10_000 };
                    write!(out, "{value:0width$}").expect("writing to a string does not fail");
                }
            }
        }
        if out.starts_with('/') || out.ends_with('/') || out.contains("//") {
            out = out.split('/').filter(|segment| !segment.is_empty()).collect::<Vec<_>>().join("/");
        }
        out
    }
}

impl Field {
    fn of(self, date: DateTime) -> i32 {
        match self {
            Self::Year => date.year().into(),
            Self::Month => date.month().into(),
            Self::Day => date.day().into(),
            Self::DayOfYear => date.day_of_year().into(),
            Self::Hour => date.hour().into(),
            Self::Minute => date.minute().into(),
            Self::Second => date.second().into(),
        }
    }
}

/// A pattern is short, and leads nowhere else.
fn check_plain(format: &str) -> Result<(), TemplateError> {
    let wrong = |what: String| TemplateError { format: format.to_owned(), what };
    if format.len() > MAX_LENGTH {
        return Err(wrong(format!("is longer than {MAX_LENGTH} bytes")));
    }
    if format.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(wrong("has a `.` or `..` segment".into()));
    }
    if let Some(bad) = format.chars().find(|c| c.is_control() || *c == '\\') {
        return Err(wrong(format!("has the character {bad:?}")));
    }
    Ok(())
}

fn push_literal(parts: &mut Vec<Part>, text: &str) {
    if text.is_empty() {
        return;
    }
    match parts.last_mut() {
        Some(Part::Literal(before)) => before.push_str(text),
        _ => parts.push(Part::Literal(text.to_owned())),
    }
}

fn part_of_current(braces: &str) -> Option<Part> {
    Some(match braces {
        "{vendor}" => Part::Vendor,
        "{name}" | "{schema}" => Part::Name,
        "{format}" => Part::Format,
        "{model}" => Part::Model,
        "{yyyy}" => Part::Date(Field::Year, 4),
        "{MM}" => Part::Date(Field::Month, 2),
        "{dd}" => Part::Date(Field::Day, 2),
        "{HH}" => Part::Date(Field::Hour, 2),
        "{mm}" => Part::Date(Field::Minute, 2),
        "{ss}" => Part::Date(Field::Second, 2),
        _ => return None,
    })
}

fn placeholder(name: &str, parts: &mut Vec<Part>) -> Option<()> {
    let lower = name.to_ascii_lowercase();
    let part = match name {
        "vendor" => Part::Vendor,
        "name" | "schema" => Part::Name,
        "format" => Part::Format,
        "model" => Part::Model,
        _ if lower.len() >= 2 && lower.bytes().all(|b| b == b'y') => Part::Date(Field::Year, 4),
        _ => match lower.as_str() {
            "mm" => Part::Date(Field::Month, 2),
            "dd" => Part::Date(Field::Day, 2),
            "hh" => Part::Date(Field::Hour, 2),
            _ => return date_pattern(name, parts),
        },
    };
    parts.push(part);
    Some(())
}

fn placeholder_of_events(name: &str, parts: &mut Vec<Part>) -> Option<()> {
    match name {
        "event_name" => parts.push(Part::EventName),
        "event_date" => parts.push(Part::EventDate),
        "load_date" => date_pattern("yyyy-MM-dd", parts)?,
        _ => match part_of_current(&format!("{{{name}}}"))? {
            Part::Date(field, width) => parts.push(Part::Date(field, width)),
            _ => return None,
        },
    }
    Some(())
}

/// A pattern in Java's notation, of the fields that make sense in a path.
fn date_pattern(pattern: &str, parts: &mut Vec<Part>) -> Option<()> {
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        if let Some(quoted) = rest.strip_prefix('\'') {
            let end = quoted.find('\'')?;
            push_literal(parts, &quoted[..end]);
            rest = &quoted[end + 1..];
            continue;
        }
        let run = rest.chars().take_while(|c| *c == first).count();
        if !first.is_ascii_alphabetic() {
            let (literal, after) = rest.split_at(first.len_utf8());
            push_literal(parts, literal);
            rest = after;
            continue;
        }
        let (field, most) = match first {
            'y' | 'u' => (Field::Year, 4),
            'M' => (Field::Month, 2),
            'd' => (Field::Day, 2),
            'D' => (Field::DayOfYear, 3),
            'H' => (Field::Hour, 2),
            'm' => (Field::Minute, 2),
            's' => (Field::Second, 2),
            _ => return None,
        };
        if run > most {
            return None;
        }
        parts.push(Part::Date(field, run));
        rest = &rest[run..];
    }
    (!pattern.is_empty()).then_some(())
}
