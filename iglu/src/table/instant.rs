//! Timestamps and dates as Java reads and prints them.

/// A moment of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant {
    /// Seconds since the epoch.
    pub seconds: i64,
    /// Nanoseconds within the second, below 1,000,000,000.
    pub nanos: u32,
}

/// Where a text stops being a timestamp: index in UTF-16 units; 0 when a number is out of its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstantError {
    /// Not understood from here on.
    At(usize),
    /// A timestamp, and then more.
    Trailing(usize),
}

impl InstantError {
    /// Java's message for `text`.
    pub fn message(self, text: &str) -> String {
        let shown: String = if text.encode_utf16().count() > 64 {
            let cut: Vec<u16> = text.encode_utf16().take(64).collect();
            format!("{}...", String::from_utf16_lossy(&cut))
        } else {
            text.to_owned()
        };
        match self {
            Self::At(index) => format!("Text '{shown}' could not be parsed at index {index}"),
            Self::Trailing(index) => {
                format!("Text '{shown}' could not be parsed, unparsed text found at index {index}")
            }
        }
    }
}

impl Instant {
    /// Java's `Instant.parse`: `2024-03-01T10:00:00.123Z`; offsets instead of `Z`, `24:00:00` and `:60` are all right.
    pub fn parse(text: &str) -> Result<Self, InstantError> {
        let (local, at) = local(text.as_bytes(), |b| matches!(b, b'T' | b't'))?;
        let rest = &text.as_bytes()[at..];
        let (offset, used) = offset(rest).ok_or(InstantError::At(at))?;
        if used < rest.len() {
            return Err(InstantError::Trailing(at + used));
        }
        local.to_instant(offset).ok_or(InstantError::At(0))
    }

    /// A TSV column (`spec/loaders-and-leases.md` 2.1): a space or `T` between date and time, no zone.
    pub fn parse_column(text: &str) -> Option<Self> {
        let (local, at) = local(text.as_bytes(), |b| matches!(b, b' ' | b'T' | b't')).ok()?;
        if at == text.len() { local.to_instant(0) } else { None }
    }

    /// Microseconds since the epoch, halves up, as the original's driver rounds; `None` beyond 64 bits.
    pub fn to_micros(self) -> Option<i64> {
        let fraction = i64::from(self.nanos.saturating_add(500) / 1000);
        self.seconds.checked_mul(1_000_000)?.checked_add(fraction)
    }

    /// Java's `Instant.toString`: fraction of 0, 3, 6 or 9 digits.
    pub fn to_iso(self) -> String {
        let days = self.seconds.div_euclid(86_400);
        let second = self.seconds.rem_euclid(86_400);
        let (year, month, day) = civil(days);
        let year = match year {
            10_000.. => format!("+{year}"),
            0..10_000 => format!("{year:04}"),
            _ => format!("-{:04}", -year),
        };
        let fraction = match self.nanos {
            0 => String::new(),
            n if n % 1_000_000 == 0 => format!(".{:03}", n / 1_000_000),
            n if n % 1000 == 0 => format!(".{:06}", n / 1000),
            n => format!(".{n:09}"),
        };
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
    }
}

/// Days since the epoch of an ISO date; `None` when it is none.
pub fn parse_date(text: &str) -> Option<i64> {
    let mut cursor = Cursor { bytes: text.as_bytes(), at: 0 };
    let (year, month, day) = cursor.date().ok()?;
    if cursor.at < text.len() {
        return None;
    }
    days(year, month, day)
}

struct Local {
    year: i64,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    nanos: u32,
}

impl Local {
    fn to_instant(&self, offset: i64) -> Option<Instant> {
        let midnight_after = self.hour == 24 && self.minute == 0 && self.second == 0 && self.nanos == 0;
        let leap_second = self.hour == 23 && self.minute == 59 && self.second == 60;
        let second = if leap_second { 59 } else { self.second };
        if self.minute > 59 || second > 59 || (self.hour > 23 && !midnight_after) {
            return None;
        }
        let of_day = i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(second);
        let seconds = days(self.year, self.month, self.day)?.checked_mul(86_400)?.checked_add(of_day)?;
        Some(Instant { seconds: seconds.checked_sub(offset)?, nanos: self.nanos })
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn expect(&mut self, is: impl Fn(u8) -> bool) -> Result<(), InstantError> {
        match self.peek() {
            Some(b) if is(b) => {
                self.at += 1;
                Ok(())
            }
            _ => Err(InstantError::At(self.at)),
        }
    }

    fn two(&mut self) -> Result<u32, InstantError> {
        match self.bytes.get(self.at..self.at + 2) {
            Some(&[a @ b'0'..=b'9', b @ b'0'..=b'9']) => {
                self.at += 2;
                Ok(u32::from(a - b'0') * 10 + u32::from(b - b'0'))
            }
            _ => Err(InstantError::At(self.at)),
        }
    }

    /// Four digits, or up to ten with a sign; more than four need a `+` (or `-`).
    fn year(&mut self) -> Result<i64, InstantError> {
        let start = self.at;
        let sign = match self.peek() {
            Some(b @ (b'+' | b'-')) => {
                self.at += 1;
                Some(b)
            }
            _ => None,
        };
        let digits = self.bytes[self.at..].iter().take(10).take_while(|b| b.is_ascii_digit()).count();
        let year =
            self.bytes[self.at..self.at + digits].iter().fold(0_i64, |n, b| n * 10 + i64::from(b - b'0'));
        let right = match sign {
            None => digits == 4,
            Some(b'+') => digits > 4,
            Some(_) => digits >= 4 && year != 0,
        };
        if !right {
            return Err(InstantError::At(start));
        }
        self.at += digits;
        Ok(if sign == Some(b'-') { -year } else { year })
    }

    fn date(&mut self) -> Result<(i64, u32, u32), InstantError> {
        let year = self.year()?;
        self.expect(|b| b == b'-')?;
        let month = self.two()?;
        self.expect(|b| b == b'-')?;
        Ok((year, month, self.two()?))
    }
}

fn local(bytes: &[u8], separator: impl Fn(u8) -> bool) -> Result<(Local, usize), InstantError> {
    let mut cursor = Cursor { bytes, at: 0 };
    let (year, month, day) = cursor.date()?;
    cursor.expect(separator)?;
    let hour = cursor.two()?;
    cursor.expect(|b| b == b':')?;
    let minute = cursor.two()?;
    cursor.expect(|b| b == b':')?;
    let second = cursor.two()?;
    let mut nanos = 0;
    if cursor.peek() == Some(b'.') {
        cursor.at += 1;
        let mut scale = 100_000_000;
        while let Some(b @ b'0'..=b'9') = cursor.peek()
            && scale > 0
        {
            nanos += u32::from(b - b'0') * scale;
            scale /= 10;
            cursor.at += 1;
        }
    }
    Ok((Local { year, month, day, hour, minute, second, nanos }, cursor.at))
}

/// Seconds east of UTC and bytes used.
fn offset(rest: &[u8]) -> Option<(i64, usize)> {
    let sign = match rest.first()? {
        b'Z' | b'z' => return Some((0, 1)),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let mut cursor = Cursor { bytes: rest, at: 1 };
    let hours = cursor.two().ok()?;
    cursor.expect(|b| b == b':').ok()?;
    let minutes = cursor.two().ok()?;
    let mut seconds = 0;
    if cursor.peek() == Some(b':') {
        cursor.at += 1;
        seconds = cursor.two().ok()?;
    }
    if hours > 18 || minutes > 59 || seconds > 59 {
        return None;
    }
    Some((sign * i64::from(hours * 3600 + minutes * 60 + seconds), cursor.at))
}

/// Days since the epoch in the proleptic Gregorian calendar; `None` when there is no such day.
fn days(year: i64, month: u32, day: u32) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if day == 0 || day > length || year.abs() > 1_000_000_000 {
        return None;
    }
    // Years begin in March, so that the leap day is their last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = i64::from((153 * ((month + 9) % 12) + 2) / 5 + day - 1);
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// Year, month and day of a day since the epoch.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_as_java() {
        for (text, expect) in [
            ("2024-03-01T10:00:00Z", Ok("2024-03-01T10:00:00Z")),
            ("2024-03-01T10:00:00.1Z", Ok("2024-03-01T10:00:00.100Z")),
            ("2024-03-01T10:00:00.1234567Z", Ok("2024-03-01T10:00:00.123456700Z")),
            ("2024-03-01T10:00:00+01:00", Ok("2024-03-01T09:00:00Z")),
            ("2024-03-01T24:00:00Z", Ok("2024-03-02T00:00:00Z")),
            ("2024-12-31T23:59:60Z", Ok("2024-12-31T23:59:59Z")),
            ("-0001-01-01T00:00:00Z", Ok("-0001-01-01T00:00:00Z")),
            ("+12024-01-01T00:00:00Z", Ok("+12024-01-01T00:00:00Z")),
            ("2024-03-01T10:00:00", Err(InstantError::At(19))),
            ("2024-03-01 10:00:00Z", Err(InstantError::At(10))),
            ("2024-02-30T10:00:00Z", Err(InstantError::At(0))),
            ("x", Err(InstantError::At(0))),
            ("2024-03-01T10:00:00Z ", Err(InstantError::Trailing(20))),
            ("2024-03-01T10:00:00.1234567891Z", Err(InstantError::At(29))),
            ("", Err(InstantError::At(0))),
        ] {
            assert_eq!(Instant::parse(text).map(Instant::to_iso), expect.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn columns() {
        for (text, micros) in [
            ("1970-01-01 00:00:00.001", Some(1000)),
            ("1969-12-31 23:59:59.999", Some(-1000)),
            ("1970-01-01T00:00:01", Some(1_000_000)),
            ("1970-01-01 00:00:00.9999999", Some(1_000_000)),
            ("1970-01-01 00:00:00.000Z", None),
            ("10000-01-01 00:00:00.000", None),
            ("1970-13-01 00:00:00", None),
        ] {
            assert_eq!(Instant::parse_column(text).and_then(Instant::to_micros), micros, "{text}");
        }
    }

    #[test]
    fn dates() {
        assert_eq!(parse_date("1970-01-02"), Some(1));
        assert_eq!(parse_date("2000-01-01"), Some(10_957));
        assert_eq!(parse_date("2023-02-29"), None);
        assert_eq!(parse_date("2023-02-28Z"), None);
    }

    #[test]
    fn every_day_survives_the_round_trip() {
        for day in (-800_000..800_000).step_by(37) {
            let (year, month, of_month) = civil(day);
            let back = days(year, u32::try_from(month).unwrap(), u32::try_from(of_month).unwrap());
            assert_eq!(back, Some(day));
        }
    }
}
