//! Joda-Time's periods: a delay as years, months and the rest, taken off another date field by field. The Apache line
//! computes `derived_tstamp` so (`spec/enrich.md` 4.5); delays below a month are exact.

/// `instant.minus(new Period(from, to))` in UTC, all in milliseconds since the epoch; `from` is not after `to`.
pub(crate) fn minus(instant: i64, from: i64, to: i64) -> i64 {
    let years = years_between(from, to);
    let from = plus_years(from, years);
    let months = months_between(from, to);
    let rest = to - plus_months(from, months);
    plus_months(plus_years(instant, -years), -months) - rest
}

pub(crate) const DAY: i64 = 86_400_000;

/// The beginning of a day in milliseconds since the epoch. `month` is 1 to 12, `day` one of its days.
pub(crate) fn day_start(year: i64, month: i64, day: i64) -> i64 {
    days_before(Date { year, month, day }) * DAY
}

/// Milliseconds from the beginning of a leap year to its 29th of February.
const FEBRUARY_29: i64 = 59 * DAY;

/// A day of the proleptic Gregorian calendar. Months and days count from one.
#[derive(Clone, Copy)]
struct Date {
    year: i64,
    month: i64,
    day: i64,
}

/// Whole years, leap years being balanced.
fn years_between(from: i64, to: i64) -> i64 {
    let (from_year, to_year) = (date(from).year, date(to).year);
    let mut from_rest = from - year_start(from_year);
    let mut to_rest = to - year_start(to_year);
    if from_rest >= FEBRUARY_29 {
        if is_leap(from_year) {
            if !is_leap(to_year) {
                from_rest -= DAY;
            }
        } else if to_rest >= FEBRUARY_29 && is_leap(to_year) {
            to_rest -= DAY;
        }
    }
    to_year - from_year - i64::from(to_rest < from_rest)
}

/// Whole months. A later day of a longer month counts as the last day of `to`'s month.
fn months_between(from: i64, to: i64) -> i64 {
    let (begin, end) = (date(from), date(to));
    let months = (end.year - begin.year) * 12 + end.month - begin.month;
    let is_last = end.day == days_in_month(end.year, end.month);
    let begin_day = if is_last { begin.day.min(end.day) } else { begin.day };
    let begin_rest = (begin_day, from.rem_euclid(DAY));
    let end_rest = (end.day, to.rem_euclid(DAY));
    months - i64::from(end_rest < begin_rest)
}

/// The same day of another year; the 29th of February becomes the 28th.
fn plus_years(instant: i64, years: i64) -> i64 {
    let date = date(instant);
    moved(instant, Date { year: date.year + years, ..date })
}

/// The same day of another month, or the last one of it.
fn plus_months(instant: i64, months: i64) -> i64 {
    let date = date(instant);
    let month = date.month - 1 + months;
    moved(
        instant,
        Date { year: date.year + month.div_euclid(12), month: month.rem_euclid(12) + 1, day: date.day },
    )
}

/// The instant's time of day on another date.
fn moved(instant: i64, date: Date) -> i64 {
    let day = date.day.min(days_in_month(date.year, date.month));
    days_before(Date { day, ..date }) * DAY + instant.rem_euclid(DAY)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days of a month, which is 1 to 12.
pub(crate) fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn year_start(year: i64) -> i64 {
    days_before(Date { year, month: 1, day: 1 }) * DAY
}

/// Years that begin in March, so that the leap day is the last of its year; 400 of them have this many days.
const DAYS_OF_400_YEARS: i64 = 146_097;

/// From the first of March of year 0 to the epoch.
const DAYS_TO_EPOCH: i64 = 719_468;

/// Days from the epoch.
fn days_before(Date { year, month, day }: Date) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year.div_euclid(400) * DAYS_OF_400_YEARS + of_era * 365 + of_era / 4 - of_era / 100 + of_year
        - DAYS_TO_EPOCH
}

fn date(instant: i64) -> Date {
    let days = instant.div_euclid(DAY) + DAYS_TO_EPOCH;
    let of_era = days.rem_euclid(DAYS_OF_400_YEARS);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + days.div_euclid(DAYS_OF_400_YEARS) * 400 + i64::from(month <= 2);
    Date { year, month, day }
}

#[cfg(test)]
mod tests {
    use event::timestamp;

    use super::*;

    fn millis(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn delays_are_taken_off_as_calendar_periods() {
        // instant, from, to, expect. The periods: spec/enrich.md 4.5 and the rules of Joda's fields.
        let table = [
            // Below a month: exact.
            (
                "2024-03-01T00:00:00Z",
                "2024-02-01T00:00:00Z",
                "2024-02-29T12:00:00Z",
                "2024-02-01 12:00:00.000",
            ),
            // A month and three days: 29 February -> 29 March -> 1 April.
            (
                "2024-04-01T09:00:00Z",
                "2024-02-29T09:00:00Z",
                "2024-04-01T09:00:00Z",
                "2024-02-27 09:00:00.000",
            ),
            // A month and ten days.
            (
                "2024-08-09T11:30:00Z",
                "2024-06-30T09:00:00Z",
                "2024-08-09T09:00:00Z",
                "2024-06-29 11:30:00.000",
            ),
            // The 31st and the 30th are both the last day: one month.
            (
                "2024-05-31T00:00:00Z",
                "2024-03-31T00:00:00Z",
                "2024-04-30T00:00:00Z",
                "2024-04-30 00:00:00.000",
            ),
            // The last day, but earlier in the day: 29 days and 23 hours.
            (
                "2024-04-30T00:00:00Z",
                "2024-03-31T01:00:00Z",
                "2024-04-30T00:00:00Z",
                "2024-03-31 01:00:00.000",
            ),
            // A leap day and a year.
            (
                "2025-02-28T00:00:00Z",
                "2024-02-29T00:00:00Z",
                "2025-02-28T00:00:00Z",
                "2024-02-28 00:00:00.000",
            ),
            (
                "2025-03-01T00:00:00Z",
                "2024-02-29T00:00:00Z",
                "2025-03-01T00:00:00Z",
                "2024-02-29 00:00:00.000",
            ),
            (
                "2024-02-29T06:00:00Z",
                "2023-02-28T06:00:00Z",
                "2024-02-29T06:00:00Z",
                "2023-02-27 06:00:00.000",
            ),
            // A year and a month.
            (
                "2023-12-31T23:59:59.500Z",
                "2022-11-30T00:00:00Z",
                "2023-12-30T00:00:00Z",
                "2022-11-30 23:59:59.500",
            ),
            // Far before the epoch.
            (
                "1970-01-01T00:00:00Z",
                "1970-01-01T00:00:00Z",
                "3970-01-01T00:00:00Z",
                "-0030-01-01 00:00:00.000",
            ),
        ];
        for (instant, from, to, expect) in table {
            let found = minus(millis(instant), millis(from), millis(to));
            assert_eq!(timestamp::sql(found).to_string(), expect, "{from} to {to} before {instant}");
        }
    }

    #[test]
    fn dates_there_and_back() {
        for days in (-800_000..800_000).step_by(97).chain([0, -1, 11_016, 59, 60, -719_468, -719_469]) {
            let date = date(days * DAY + 1);
            assert_eq!(days_before(date), days);
            assert!((1..=days_in_month(date.year, date.month)).contains(&date.day));
        }
    }
}
