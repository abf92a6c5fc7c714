//! Expected texts in files, with masks for what differs from run to run. `PISTE_REWRITE=1` writes them anew.

use std::{path::Path, sync::OnceLock};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use regex::{Captures, Regex};
use service::clock;

/// Compares with `tests/stories/expected/<name>`.
pub fn file(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories/expected").join(name);
    let actual = format!("{}\n", actual.trim_end());
    if std::env::var_os("PISTE_REWRITE").is_some() {
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).unwrap();
        std::fs::write(&path, &actual).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        expected == actual,
        "{} differs (PISTE_REWRITE=1 writes it anew):\n{}",
        path.display(),
        difference(&expected, &actual)
    );
}

/// Lines that only one side has, in order; enough for texts whose lines are mostly alike.
fn difference(expected: &str, actual: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), actual.lines().collect());
    let mut lengths = vec![vec![0u32; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            lengths[i][j] = if old[i] == new[j] {
                lengths[i + 1][j + 1] + 1
            } else {
                lengths[i + 1][j].max(lengths[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && lengths[i + 1][j] >= lengths[i][j + 1]) {
            lines.push(format!("-{}", old[i]));
            i += 1;
        } else {
            lines.push(format!("+{}", new[j]));
            j += 1;
        }
    }
    lines.join("\n")
}

/// Masks ids that `known` does not hold, moments of this run, ports of loopback and versions of piste.
pub fn masked(text: &str, known: &[&str]) -> String {
    static ID: OnceLock<Regex> = OnceLock::new();
    static MOMENT: OnceLock<Regex> = OnceLock::new();
    static PORT: OnceLock<Regex> = OnceLock::new();
    let id = ID.get_or_init(|| {
        Regex::new(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b").unwrap()
    });
    let moment = MOMENT
        .get_or_init(|| Regex::new(r"\b(\d{4}-\d\d-\d\d)([ T])(\d\d:\d\d:\d\d)(\.\d+)?(Z|\b)").unwrap());
    let port = PORT.get_or_init(|| Regex::new(r"\b(127\.0\.0\.1|localhost)(:|%3A)\d+").unwrap());
    let text = id.replace_all(text, |found: &Captures<'_>| {
        if known.contains(&&found[0]) || found[0].starts_with("00000000") {
            found[0].to_owned()
        } else {
            "<id>".to_owned()
        }
    });
    let text = moment.replace_all(&text, |found: &Captures<'_>| {
        let parsed: Option<DateTime> = format!("{}T{}", &found[1], &found[3]).parse().ok();
        let at = parsed.and_then(|t| t.to_zoned(TimeZone::UTC).ok()).map(|z| z.timestamp());
        if at.is_some_and(is_now) { format!("<now>{}", &found[5]) } else { found[0].to_owned() }
    });
    let text = port.replace_all(&text, "$1$2<port>");
    text.replace(env!("CARGO_PKG_VERSION"), "<version>")
}

fn is_now(at: Timestamp) -> bool {
    (clock::now().as_second() - at.as_second()).abs() < 900
}
