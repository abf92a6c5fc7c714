//! Dates and times as `format` accepts them (`spec/iglu.md` 4.4).

/// The days that ended with a leap second: year, and June rather than December.
const LEAP_SECONDS: [(i32, bool); 27] = [
    (1972, true),
    (1972, false),
    (1973, false),
    (1974, false),
    (1975, false),
    (1976, false),
    (1977, false),
    (1978, false),
    (1979, false),
    (1981, true),
    (1982, true),
    (1983, true),
    (1985, true),
    (1987, false),
    (1989, false),
    (1990, false),
    (1992, true),
    (1993, true),
    (1994, true),
    (1995, false),
    (1997, true),
    (1998, false),
    (2005, false),
    (2008, false),
    (2012, true),
    (2015, true),
    (2016, false),
];

/// Date, `T`, `t` or space, time with seconds, up to nine digits of fraction, `Z`, `z` or an offset of at most 18 hours,
/// which is not `-00:00`.
pub(super) fn is_date_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (Some(date), Some(separator), Some(time)) = (bytes.get(..10), bytes.get(10), bytes.get(11..)) else {
        return false;
    };
    if !matches!(separator, b'T' | b't' | b' ') || date[4] != b'-' || date[7] != b'-' || time.len() < 9 {
        return false;
    }
    let (Some(year), Some(month), Some(day)) = (number(&date[..4]), number(&date[5..7]), number(&date[8..]))
    else {
        return false;
    };
    let (Some(hour), Some(minute), Some(second)) =
        (number(&time[..2]), number(&time[3..5]), number(&time[6..8]))
    else {
        return false;
    };
    if time[2] != b':' || time[5] != b':' || !is_day(year, month, day) || hour > 23 || minute > 59 {
        return false;
    }
    let mut zone = &time[8..];
    if zone[0] == b'.' {
        let digits = zone[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=9).contains(&digits) {
            return false;
        }
        zone = &zone[1 + digits..];
    }
    let Some(offset) = offset_minutes(zone) else { return false };
    second <= 59 || second == 60 && is_leap_second(year, month, day, hour * 60 + minute - offset)
}

/// A date; years beyond four digits are signed.
pub(super) fn is_date(text: &str) -> bool {
    let (sign, rest) = match text.as_bytes() {
        [sign @ (b'+' | b'-'), rest @ ..] => (Some(*sign), rest),
        rest => (None, rest),
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let sign_fits = match sign {
        None => digits == 4,
        Some(b'+') => (5..=9).contains(&digits),
        Some(_) => (4..=9).contains(&digits),
    };
    let ([b'-', m1, m2, b'-', d1, d2], true) = (&rest[digits..], sign_fits) else { return false };
    let (Some(year), Some(month), Some(day)) =
        (number(&rest[..digits]), number(&[*m1, *m2]), number(&[*d1, *d2]))
    else {
        return false;
    };
    !(sign == Some(b'-') && year == 0) && is_day(year, month, day)
}

fn number(digits: &[u8]) -> Option<i32> {
    digits
        .iter()
        .try_fold(0i32, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i32::from(byte - b'0')))
}

fn is_day(year: i32, month: i32, day: i32) -> bool {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

fn offset_minutes(zone: &[u8]) -> Option<i32> {
    match zone {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?);
            let total = hours * 60 + minutes;
            if minutes > 59 || total > 18 * 60 || (total == 0 && *sign == b'-') {
                return None;
            }
            Some(if *sign == b'-' { -total } else { total })
        }
        _ => None,
    }
}

fn is_leap_second(year: i32, month: i32, day: i32, minute_of_day: i32) -> bool {
    let is_june = month == 6 && day == 30;
    let is_december = month == 12 && day == 31;
    (is_june || is_december) && minute_of_day == 23 * 60 + 59 && LEAP_SECONDS.contains(&(year, is_june))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_times() {
        for text in [
            "2020-01-01T00:00:00Z",
            "2020-01-01 00:00:00z",
            "2020-01-01t00:00:00.123456789+18:00",
            "2016-12-31T23:59:60Z",
            "2016-12-31T15:59:60-08:00",
            "2020-02-29T00:00:00-01:30",
            "0000-01-01T00:00:00Z",
        ] {
            assert!(is_date_time(text), "{text}");
        }
        for text in [
            "",
            "2020-01-01",
            "2020-01-01T00:00Z",
            "2020-01-01T00:00:00",
            "2020-01-01T00:00:00+0100",
            "2020-01-01T00:00:00-00:00",
            "2020-01-01T00:00:00+19:00",
            "2020-01-01T24:00:00Z",
            "2020-02-30T00:00:00Z",
            "2020-01-01T00:00:00.1234567891Z",
            "2020-01-01T00:00:00.Z",
            "2015-12-31T23:59:60Z",
            "2016-12-31T22:59:60Z",
            "2020-01-01T00:00:00+18:01",
            "2020-01-01_00:00:00Z",
            "2020-01-01T00:00:00Zé",
            "２020-01-01T00:00:00Z",
        ] {
            assert!(!is_date_time(text), "{text}");
        }
    }

    #[test]
    fn dates() {
        for text in ["2020-02-29", "+12020-01-01", "-0001-12-31", "-12020-01-01"] {
            assert!(is_date(text), "{text}");
        }
        for text in [
            "",
            "2020-1-1",
            "2020-02-30",
            "20200101",
            "12020-01-01",
            "+2020-01-01",
            "-0000-01-01",
            "2020-01-01Z",
        ] {
            assert!(!is_date(text), "{text}");
        }
    }
}
