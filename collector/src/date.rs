//! Dates as HTTP writes them (RFC 9110 5.6.7).

/// Appends `Sun, 14 Nov 2027 10:00:00 GMT`. Seconds are counted from the epoch; what lies outside the years 0 to 9999 is
/// written as the nearest of them.
pub fn http_date(seconds: i64, out: &mut String) {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let seconds = seconds.clamp(-62_167_219_200, 253_402_300_799);
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day_of_month) = civil(day);
    out.push_str(DAYS[day.rem_euclid(7) as usize]);
    out.push_str(", ");
    digits(day_of_month, 2, out);
    out.push(' ');
    out.push_str(MONTHS[month as usize - 1]);
    out.push(' ');
    digits(year, 4, out);
    for (n, before) in [(second / 3600, ' '), (second / 60 % 60, ':'), (second % 60, ':')] {
        out.push(before);
        digits(n, 2, out);
    }
    out.push_str(" GMT");
}

fn digits(n: i64, width: u32, out: &mut String) {
    for place in (0..width).rev() {
        out.push(char::from(b'0' + (n / 10_i64.pow(place) % 10) as u8));
    }
}

/// Year, month and day of a day counted from the epoch, in the Gregorian calendar. Years are counted from March, so that
/// the leap day is the last of its year.
fn civil(day: i64) -> (i64, i64, i64) {
    const DAYS_IN_ERA: i64 = 146_097;
    let since_march_0000 = day + 719_468;
    let era = since_march_0000.div_euclid(DAYS_IN_ERA);
    let in_era = since_march_0000.rem_euclid(DAYS_IN_ERA);
    let year_of_era = (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * in_year + 2) / 153;
    let day_of_month = in_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day_of_month)
}
