//! Dates and times as Joda-Time reads them (`spec/enrichments-and-adapters.md` 1.6, 3.2, 3.6): the pattern
//! `yyyy-MM-dd HH:mm:ss`, and ISO 8601 with calendar dates. (Its week and ordinal dates nobody sends.) Digits are lenient: a
//! year has up to nine, with a sign, everything else one or two.

use event::timestamp;

use super::{
    calendar::{DAY, day_start, days_in_month},
    text::utf16_len,
};

const HOUR: i64 = 3_600_000;
const MINUTE: i64 = 60_000;
const SECOND: i64 = 1_000;

/// Years that milliseconds of 64 bits reach.
const YEARS: (i64, i64) = (-292_275_054, 292_278_993);

/// `yyyy-MM-dd HH:mm:ss`, UTC, as `yyyy-MM-ddTHH:mm:ss.SSSZ`; any other text as it is.
pub(crate) fn reformatted(text: &str) -> String {
    plain(text).map_or_else(|| text.to_owned(), |millis| timestamp::joda(millis).to_string())
}

/// `yyyy-MM-dd HH:mm:ss` in milliseconds since the epoch.
fn plain(text: &str) -> Option<i64> {
    let mut cursor = Cursor { bytes: text.as_bytes(), at: 0 };
    let year = cursor.year()?;
    let month = cursor.behind(b'-')?;
    let day = cursor.behind(b'-')?;
    let hour = cursor.behind(b' ')?;
    let minute = cursor.behind(b':')?;
    let second = cursor.behind(b':')?;
    let moment = Moment { year, month, day, hour, minute, second, ..Moment::default() };
    if cursor.at < text.len() {
        return None;
    }
    moment.millis().ok()
}

/// ISO 8601 in milliseconds since the epoch; without an offset in UTC.
///
/// # Errors
/// The message of Joda's exception.
pub(crate) fn iso(text: &str) -> Result<i64, String> {
    let mut cursor = Cursor { bytes: text.as_bytes(), at: 0 };
    let Some(moment) = cursor.moment() else { return Err(malformed(text, 0)) };
    if cursor.at < text.len() {
        return Err(malformed(text, cursor.at));
    }
    moment.millis().map_err(|why| format!("Cannot parse \"{text}\": {why}"))
}

/// What Joda says of a text that it could read up to a byte.
fn malformed(text: &str, at: usize) -> String {
    const SHOWN: usize = 32;
    let units = utf16_len(&text[..at]) + SHOWN;
    let (shown, more) = if utf16_len(text) <= units + 3 {
        (text, "")
    } else {
        let mut left = units;
        let end = text.char_indices().find(|(_, c)| {
            let fits = c.len_utf16() <= left;
            left = left.saturating_sub(c.len_utf16());
            !fits
        });
        (&text[..end.map_or(text.len(), |(end, _)| end)], "...")
    };
    match at {
        0 => format!("Invalid format: \"{shown}{more}\""),
        at if at >= text.len() => format!("Invalid format: \"{shown}{more}\" is too short"),
        at => format!("Invalid format: \"{shown}{more}\" is malformed at \"{}{more}\"", &shown[at..]),
    }
}

/// What a text says.
struct Moment {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    /// Of the last unit above, in milliseconds.
    fraction: i64,
    offset: i64,
}

impl Default for Moment {
    fn default() -> Self {
        Self { year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: 0, fraction: 0, offset: 0 }
    }
}

impl Moment {
    /// Milliseconds since the epoch; or which part is out of its range.
    fn millis(&self) -> Result<i64, String> {
        let check = |name: &str, value: i64, (low, high): (i64, i64)| {
            if (low..=high).contains(&value) {
                return Ok(());
            }
            Err(format!("Value {value} for {name} must be in the range [{low},{high}]"))
        };
        check("year", self.year, YEARS)?;
        check("monthOfYear", self.month, (1, 12))?;
        check("dayOfMonth", self.day, (1, days_in_month(self.year, self.month)))?;
        check("hourOfDay", self.hour, (0, 23))?;
        check("minuteOfHour", self.minute, (0, 59))?;
        check("secondOfMinute", self.second, (0, 59))?;
        let of_day = self.hour * HOUR + self.minute * MINUTE + self.second * SECOND + self.fraction;
        debug_assert!(of_day < DAY, "every part is in its range");
        Ok(day_start(self.year, self.month, self.day) + of_day - self.offset)
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    /// Reads as far as it goes; what cannot be read may be the end.
    fn moment(&mut self) -> Option<Moment> {
        let mut moment = Moment { year: self.year()?, ..Moment::default() };
        if let Some(month) = self.behind(b'-') {
            moment.month = month;
            if let Some(day) = self.behind(b'-') {
                moment.day = day;
            }
        }
        if matches!(self.peek(), Some(b'T' | b't')) {
            self.at += 1;
            self.time(&mut moment);
            moment.offset = self.offset().unwrap_or(0);
        }
        Some(moment)
    }

    fn time(&mut self, moment: &mut Moment) {
        let Some(hour) = self.digits(2) else { return };
        moment.hour = hour;
        let mut unit = HOUR;
        if let Some(minute) = self.behind(b':') {
            moment.minute = minute;
            unit = MINUTE;
            if let Some(second) = self.behind(b':') {
                moment.second = second;
                unit = SECOND;
            }
        }
        moment.fraction = self.fraction(unit);
    }

    /// One to nine digits behind a point or a comma.
    fn fraction(&mut self, unit: i64) -> i64 {
        if !matches!(self.peek(), Some(b'.' | b',')) {
            return 0;
        }
        let digits = self.bytes[self.at + 1..].iter().take(9).take_while(|b| b.is_ascii_digit());
        let (mut value, mut weight, mut length) = (0, unit, 0);
        for digit in digits {
            value += i64::from(digit - b'0') * weight;
            weight /= 10;
            length += 1;
        }
        if length > 0 {
            self.at += 1 + length;
        }
        value / 10
    }

    /// `Z`, `+hh`, `+hhmm` or `+hh:mm`, in milliseconds.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.peek()? {
            b'Z' | b'z' => {
                self.at += 1;
                return Some(0);
            }
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let begin = self.at;
        self.at += 1;
        let Some(hours) = self.two_digits().filter(|hours| *hours <= 23) else {
            self.at = begin;
            return None;
        };
        let has_colon = self.peek() == Some(b':');
        let minutes_at = self.at + usize::from(has_colon);
        if !has_colon && !self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return Some(sign * hours * HOUR);
        }
        self.at = minutes_at;
        match self.two_digits().filter(|minutes| *minutes <= 59) {
            Some(minutes) => Some(sign * (hours * HOUR + minutes * MINUTE)),
            None => {
                self.at = begin;
                None
            }
        }
    }

    fn two_digits(&mut self) -> Option<i64> {
        let begin = self.at;
        let value = self.digits(2);
        if self.at == begin + 2 { value } else { None }
    }

    /// A sign and up to nine digits.
    fn year(&mut self) -> Option<i64> {
        let sign = match self.peek()? {
            b'-' => -1,
            b'+' => 1,
            _ => return self.digits(9),
        };
        self.at += 1;
        match self.digits(9) {
            Some(year) => Some(sign * year),
            None => {
                self.at -= 1;
                None
            }
        }
    }

    /// One or two digits behind a mark.
    fn behind(&mut self, mark: u8) -> Option<i64> {
        if self.peek() != Some(mark) {
            return None;
        }
        self.at += 1;
        let value = self.digits(2);
        if value.is_none() {
            self.at -= 1;
        }
        value
    }

    /// At least one digit, and so many at most.
    fn digits(&mut self, most: usize) -> Option<i64> {
        let length = self.bytes[self.at..].iter().take(most).take_while(|b| b.is_ascii_digit()).count();
        let digits = &self.bytes[self.at..self.at + length];
        self.at += length;
        (length > 0).then(|| digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_webhooks() {
        let table = [
            ("2014-10-22 13:50:00", "2014-10-22T13:50:00.000Z"),
            ("2018-1-2 3:4:5", "2018-01-02T03:04:05.000Z"),
            ("14-10-22 13:50:00", "0014-10-22T13:50:00.000Z"),
            ("-5-10-22 13:50:00", "-0005-10-22T13:50:00.000Z"),
            ("2014-10-22T13:50:00", "2014-10-22T13:50:00"),
            ("2014-10-22 13:50:00Z", "2014-10-22 13:50:00Z"),
            ("2014-02-29 13:50:00", "2014-02-29 13:50:00"),
            ("2014-10-22 24:00:00", "2014-10-22 24:00:00"),
            ("999999999-10-22 13:50:00", "999999999-10-22 13:50:00"),
            ("- 1", "- 1"),
            ("", ""),
        ];
        for (text, expect) in table {
            assert_eq!(reformatted(text), expect);
        }
    }

    #[test]
    fn iso_dates() {
        let table = [
            ("2015-11-13T16:31:52.393Z", "2015-11-13 16:31:52.393"),
            ("2015-11-13T16:31:52.393+01:30", "2015-11-13 15:01:52.393"),
            ("2015-11-13T16:31:52,3-0130", "2015-11-13 18:01:52.300"),
            ("2015-11-13t16:31.5+02", "2015-11-13 14:31:30.000"),
            ("2015-11-13T16.25", "2015-11-13 16:15:00.000"),
            ("2015-11-13T", "2015-11-13 00:00:00.000"),
            ("2015-1", "2015-01-01 00:00:00.000"),
            ("20131007", "20131007-01-01 00:00:00.000"),
        ];
        for (text, expect) in table {
            assert_eq!(timestamp::sql(iso(text).unwrap()).to_string(), expect, "{text}");
        }
    }

    #[test]
    fn what_joda_says_of_other_texts() {
        let long = "2013-10-07T23:35:30 and much more than anybody would ever read here";
        let table = [
            ("20131007Tx+00:00", "Invalid format: \"20131007Tx+00:00\" is malformed at \"x+00:00\""),
            ("x", "Invalid format: \"x\""),
            ("-", "Invalid format: \"-\""),
            ("", "Invalid format: \"\""),
            (
                "2013-10-07T23:35:30.1234567891Z",
                "Invalid format: \"2013-10-07T23:35:30.1234567891Z\" is malformed at \"1Z\"",
            ),
            ("2013-10-07T1+1:00", "Invalid format: \"2013-10-07T1+1:00\" is malformed at \"+1:00\""),
            (
                "2013-13-07T00:00:00Z",
                "Cannot parse \"2013-13-07T00:00:00Z\": Value 13 for monthOfYear must be in the range [1,12]",
            ),
            (
                "2013-11-31T00:00:00Z",
                "Cannot parse \"2013-11-31T00:00:00Z\": Value 31 for dayOfMonth must be in the range [1,30]",
            ),
            (
                long,
                "Invalid format: \"2013-10-07T23:35:30 and much more than anybody woul...\" is malformed at \" and much more than anybody woul...\"",
            ),
        ];
        for (text, expect) in table {
            assert_eq!(iso(text).unwrap_err(), expect);
        }
    }
}
