//! Texts of moments: atomic fields, Java's `Instant`, Joda's ISO form (`spec/enrich.md` 2.5, 3.2, 6.2, 6.3).

use std::{fmt, str::FromStr};

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
};

/// A moment as atomic fields hold it, UTC, of the years 0 to 9999 (the last day included, which `jiff::Timestamp` lacks).
///
/// Printed `yyyy-MM-dd HH:mm:ss.SSS`. Read as the Analytics SDK does (`spec/loaders-and-leases.md` 2.1): a space or `T`
/// between date and time, 0 to 9 digits of a fraction, `24:00:00` and the second 60 of 23:59.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AtomicTime(DateTime);

/// A text that is no moment, or a moment before the year 0 or after 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a timestamp of the form yyyy-MM-dd HH:mm:ss.SSS")]
pub struct InvalidTime;

impl AtomicTime {
    /// The moment so many milliseconds after the epoch.
    ///
    /// # Errors
    /// When its year is not 0 to 9999.
    pub fn from_millis(millis: i64) -> Result<Self, InvalidTime> {
        let c = Civil::from_millis(millis);
        let year = i16::try_from(c.year).ok().filter(|year| (0..=9999).contains(year)).ok_or(InvalidTime)?;
        let date = Date::new(year, c.month, c.day).map_err(|_| InvalidTime)?;
        let time =
            Time::new(c.hour, c.minute, c.second, i32::from(c.milli) * 1_000_000).map_err(|_| InvalidTime)?;
        Ok(Self(date.to_datetime(time)))
    }

    /// Milliseconds since the epoch, rounded down.
    pub fn as_millis(self) -> i64 {
        self.seconds() * 1_000 + i64::from(self.0.subsec_nanosecond() / 1_000_000)
    }

    /// Microseconds since the epoch, rounded down: what Postgres and Parquet keep.
    pub fn as_micros(self) -> i64 {
        self.seconds() * 1_000_000 + i64::from(self.0.subsec_nanosecond() / 1_000)
    }

    /// The civil date and time in UTC.
    pub fn datetime(self) -> DateTime {
        self.0
    }

    /// The form of Java's `Instant`: `2024-03-01T10:00:00.123Z`, with 0, 3, 6 or 9 digits of a fraction.
    pub fn iso(self) -> impl fmt::Display {
        Iso(self.0)
    }

    /// Whole seconds since the epoch, rounded down.
    fn seconds(self) -> i64 {
        let days = days_from_civil(i64::from(self.0.year()), self.0.month(), self.0.day());
        days * 86_400
            + i64::from(self.0.hour()) * 3600
            + i64::from(self.0.minute()) * 60
            + i64::from(self.0.second())
    }
}

impl From<Timestamp> for AtomicTime {
    fn from(moment: Timestamp) -> Self {
        Self(moment.to_zoned(jiff::tz::TimeZone::UTC).datetime())
    }
}

impl fmt::Display for AtomicTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&sql(self.as_millis()), f)
    }
}

impl FromStr for AtomicTime {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        parse(text.as_bytes()).map(Self).ok_or(InvalidTime)
    }
}

/// `yyyy-MM-dd HH:mm:ss.SSS`, UTC, of any moment: years beyond 9999 have more digits, years before 0 a minus.
pub fn sql(millis: i64) -> impl fmt::Display {
    Joda { civil: Civil::from_millis(millis), between: ' ', end: "" }
}

/// `yyyy-MM-dd'T'HH:mm:ss.SSS'Z'`: Joda's ISO form, as payloads in bad rows have it.
pub fn joda(millis: i64) -> impl fmt::Display {
    Joda { civil: Civil::from_millis(millis), between: 'T', end: "Z" }
}

/// The form of Java's `Instant`: `2025-04-30T10:05:00Z`, `...00.123Z`, with 0, 3, 6 or 9 digits of a fraction.
pub fn instant(moment: Timestamp) -> impl fmt::Display {
    Iso(moment.to_zoned(jiff::tz::TimeZone::UTC).datetime())
}

struct Iso(DateTime);

impl fmt::Display for Iso {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = self.0;
        let sign = if t.year() < 0 { "-" } else { "" };
        write!(f, "{sign}{:04}-{:02}-{:02}T", t.year().unsigned_abs(), t.month(), t.day())?;
        write!(f, "{:02}:{:02}:{:02}", t.hour(), t.minute(), t.second())?;
        let nanos = t.subsec_nanosecond();
        match nanos {
            0 => {}
            n if n % 1_000_000 == 0 => write!(f, ".{:03}", n / 1_000_000)?,
            n if n % 1_000 == 0 => write!(f, ".{:06}", n / 1_000)?,
            n => write!(f, ".{n:09}")?,
        }
        f.write_str("Z")
    }
}

struct Joda {
    civil: Civil,
    between: char,
    end: &'static str,
}

impl fmt::Display for Joda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, minute, second, milli } = self.civil;
        let mut text = [0; 26];
        if !(0..=9999).contains(&year) {
            let sign = if year < 0 { "-" } else { "" };
            write!(f, "{sign}{:04}-{month:02}-{day:02}", year.unsigned_abs())?;
            return write!(f, "{}{hour:02}:{minute:02}:{second:02}.{milli:03}{}", self.between, self.end);
        }
        // The usual case, which every event prints several times: digits straight into a buffer.
        let mut put = |at: usize, width: usize, mut value: u32| {
            for digit in text[at..at + width].iter_mut().rev() {
                *digit = b'0' + (value % 10) as u8;
                value /= 10;
            }
        };
        put(0, 4, year as u32);
        put(5, 2, month as u32);
        put(8, 2, day as u32);
        put(11, 2, hour as u32);
        put(14, 2, minute as u32);
        put(17, 2, second as u32);
        put(20, 3, milli as u32);
        for (at, mark) in [(4, b'-'), (7, b'-'), (10, self.between as u8), (13, b':'), (16, b':'), (19, b'.')]
        {
            text[at] = mark;
        }
        f.write_str(std::str::from_utf8(&text[..23]).expect("all are ASCII digits and marks"))?;
        f.write_str(self.end)
    }
}

/// A moment taken apart, in the proleptic Gregorian calendar.
#[derive(Clone, Copy)]
struct Civil {
    year: i64,
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
    second: i8,
    milli: i16,
}

impl Civil {
    fn from_millis(millis: i64) -> Self {
        let (days, of_day) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
        // Days are counted from the 1st of March of the year 0, so that a leap day is the last of its year, in eras of
        // 400 years, which all have the same length.
        let days = days + 719_468;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        Self {
            year: era * 400 + year_of_era + i64::from(month <= 2),
            month: month as i8,
            day: day as i8,
            hour: (of_day / 3_600_000) as i8,
            minute: (of_day / 60_000 % 60) as i8,
            second: (of_day / 1_000 % 60) as i8,
            milli: (of_day % 1_000) as i16,
        }
    }
}

/// Days since the epoch; the inverse of what [`Civil::from_millis`] does.
fn days_from_civil(year: i64, month: i8, day: i8) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = i64::from(if month > 2 { month - 3 } else { month + 9 });
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn parse(text: &[u8]) -> Option<DateTime> {
    let (head, fraction) = text.split_at_checked(19)?;
    let number = |from: usize, to: usize| {
        head[from..to].iter().try_fold(0_i16, |n, b| b.is_ascii_digit().then(|| n * 10 + i16::from(b - b'0')))
    };
    let marks = head[4] == b'-' && head[7] == b'-' && head[13] == b':' && head[16] == b':';
    if !marks || !matches!(head[10], b' ' | b'T' | b't') {
        return None;
    }
    let nanos = match fraction {
        [] => 0,
        [b'.', digits @ ..] if digits.len() <= 9 && digits.iter().all(u8::is_ascii_digit) => {
            let value = digits.iter().fold(0, |n, b| n * 10 + i32::from(b - b'0'));
            value * 10_i32.pow(9 - digits.len() as u32)
        }
        _ => return None,
    };
    let small = |from| number(from, from + 2).map(|n| n as i8);
    let date = Date::new(number(0, 4)?, small(5)?, small(8)?).ok()?;
    let time = (small(11)?, small(14)?, small(17)?, nanos);
    match time {
        (24, 0, 0, 0) => Some(date.tomorrow().ok()?.to_datetime(Time::midnight())),
        (23, 59, 60, _) => Some(date.to_datetime(Time::new(23, 59, 59, nanos).ok()?)),
        (_, _, 60.., _) => None,
        (hour, minute, second, _) => Some(date.to_datetime(Time::new(hour, minute, second, nanos).ok()?)),
    }
}
