//! Dates as HTTP writes them (RFC 9110 5.6.7).

/// `Sun, 14 Nov 2027 10:00:00 GMT`. Seconds are counted from the epoch; what lies outside the years 0 to 9999 is written as
/// the nearest of them.
pub fn http_date(seconds: i64) -> [u8; 29] {
    const DAYS: &[u8; 21] = b"ThuFriSatSunMonTueWed";
    const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let seconds = seconds.clamp(-62_167_219_200, 253_402_300_799);
    // In days of 32 bits, which divide in a fraction of the time.
    let (day, second) = (seconds.div_euclid(86_400) as i32, seconds.rem_euclid(86_400) as u32);
    let (year, month, day_of_month) = civil(day);
    let (weekday, month) = (3 * day.rem_euclid(7) as usize, 3 * (month as usize - 1));
    let mut out = *b"***, ** *** **** **:**:** GMT";
    out[..3].copy_from_slice(&DAYS[weekday..weekday + 3]);
    out[8..11].copy_from_slice(&MONTHS[month..month + 3]);
    for (at, n) in [
        (5, day_of_month),
        (12, year / 100),
        (14, year % 100),
        (17, second / 3600),
        (20, second / 60 % 60),
        (23, second % 60),
    ] {
        (out[at], out[at + 1]) = (b'0' + (n / 10) as u8, b'0' + (n % 10) as u8);
    }
    out
}

/// Year, month and day of a day counted from the epoch, in the Gregorian calendar from the year 0. Years are counted from
/// March, so that the leap day is the last of its year.
fn civil(day: i32) -> (u32, u32, u32) {
    const DAYS_IN_ERA: u32 = 146_097;
    // An era more keeps all of it above zero.
    let since_march = (day + 719_468 + DAYS_IN_ERA as i32) as u32;
    let (era, in_era) = (since_march / DAYS_IN_ERA, since_march % DAYS_IN_ERA);
    let year_of_era = (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * in_year + 2) / 153;
    let day_of_month = in_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + u32::from(month <= 2) - 400, month, day_of_month)
}
