//! Numbers as Java prints and reads them (`spec/enrich.md` 3.2, `spec/loaders-and-leases.md` 2.1).

/// A double as `Double.toString` of JDK 19 and later prints it: the shortest digits, at least one of them behind the
/// point, `1.0E7` from 10^7 on and `1.0E-4` below 10^-3.
pub fn double(value: f64) -> String {
    java(&format!("{value:e}"))
}

/// A float as `Float.toString` of JDK 19 and later prints it.
pub fn float(value: f32) -> String {
    java(&format!("{value:e}"))
}

/// Reads a double as `Double.parseDouble` does: white space around it, a sign, `NaN`, `Infinity`, a trailing `f` or `d`.
/// (Not its hexadecimal form, which nothing in the pipeline writes.)
pub fn parse_double(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c: char| c <= ' ');
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, "NaN" | "Infinity") {
        return text.parse().ok();
    }
    let digits = text.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(text);
    // Words that only Rust takes for numbers (`inf`, `nan`) have no digit.
    let plain = digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    if plain { digits.parse().ok() } else { None }
}

/// From Rust's scientific form (`-1.25e-7`) to Java's.
fn java(scientific: &str) -> String {
    let (sign, rest) = match scientific.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", scientific),
    };
    let Some((mantissa, exponent)) = rest.split_once('e') else {
        return match rest {
            "inf" => format!("{sign}Infinity"),
            _ => "NaN".to_owned(),
        };
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (first, more) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let or_zero = |digits: &str| if digits.is_empty() { "0".to_owned() } else { digits.to_owned() };
    if first == "0" {
        return format!("{sign}0.0");
    }
    match exponent {
        0..7 => {
            let places = exponent as usize;
            let digits = format!("{first}{more:0<places$}");
            let (whole, part) = digits.split_at(places + 1);
            format!("{sign}{whole}.{}", or_zero(part))
        }
        -3..0 => format!("{sign}0.{}{first}{more}", "0".repeat((-exponent - 1) as usize)),
        _ => format!("{sign}{first}.{}E{exponent}", or_zero(more)),
    }
}
