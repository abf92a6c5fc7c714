//! Numbers as Java prints them in messages.

/// `BigDecimal.toString` of the text of a JSON number; integers stay as they are.
pub(super) fn big_decimal(text: &str) -> String {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, exponent.trim_start_matches('+').parse::<i64>().unwrap_or(0))
        }
        None => return text.to_owned(),
    };
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let fraction = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len() as i64);
    let digits = mantissa.replace('.', "");
    let digits = match digits.trim_start_matches('0') {
        "" => "0",
        rest => rest,
    };
    let scale = fraction - exponent;
    let adjusted = digits.len() as i64 - 1 - scale;
    if scale >= 0 && adjusted >= -6 {
        if scale == 0 {
            return format!("{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = scale as usize + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale as usize);
        return format!("{sign}{whole}.{fraction}");
    }
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    let exponent = if adjusted == 0 { String::new() } else { format!("E{adjusted:+}") };
    format!("{sign}{first}{point}{rest}{exponent}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn big_decimals() {
        for (text, expect) in [
            ("5", "5"),
            ("2.50", "2.50"),
            ("1e308", "1E+308"),
            ("1.5E2", "1.5E+2"),
            ("15e-1", "1.5"),
            ("1e-7", "1E-7"),
            ("-12e0", "-12"),
        ] {
            assert_eq!(big_decimal(text), expect);
        }
    }
}
