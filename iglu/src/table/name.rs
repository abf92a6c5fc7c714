//! Names of tables and columns.

/// Longest identifier that Postgres keeps, in bytes; it cuts longer ones silently.
pub const IDENTIFIER_BYTES: usize = 63;

/// Snake case as all column and table names use it (`spec/iglu.md` 6.2): `HTTPServerName` -> `http_server_name`.
/// Not to be mixed with the one of the Analytics SDK's keys.
pub fn snake_case(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (i, &c) in chars.iter().enumerate() {
        let previous = i.checked_sub(1).map(|p| chars[p]);
        if c.is_ascii_uppercase() {
            let next_is_lower = chars.get(i + 1).is_some_and(char::is_ascii_lowercase);
            let boundary = match previous {
                Some(p) if p.is_ascii_uppercase() => next_is_lower,
                Some(p) => p.is_ascii_lowercase() || p.is_ascii_digit(),
                None => false,
            };
            if boundary {
                out.push('_');
            }
        }
        if c == '-' { out.push('_') } else { out.extend(c.to_lowercase()) }
    }
    out
}

/// Name of the table of one model: `com_acme_click_1`, before any cut.
pub fn table_name(vendor: &str, name: &str, model: u32) -> String {
    let vendor: String = vendor.chars().map(|c| if c == '.' || c == '-' { '_' } else { c }).collect();
    format!("{}_{}_{model}", vendor.to_lowercase(), snake_case(name))
}

/// The name as Postgres keeps it: at most [`IDENTIFIER_BYTES`] bytes, whole characters.
pub fn cut(name: &str) -> &str {
    cut_to(name, IDENTIFIER_BYTES)
}

/// `name` with `suffix`, within the limit.
pub fn with_suffix(name: &str, suffix: &str) -> String {
    format!("{}{suffix}", cut_to(name, IDENTIFIER_BYTES.saturating_sub(suffix.len())))
}

/// For a table whose cut name is taken by another model's table: cut further, and a hash of the whole name.
pub fn distinct(name: &str) -> String {
    // FNV-1a, because the name must stay the same over all versions and platforms.
    let hash = name.bytes().fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
    with_suffix(name, &format!("_{hash:08x}"))
}

/// The identifier in double quotes.
pub fn quote(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

fn cut_to(name: &str, bytes: usize) -> &str {
    if name.len() <= bytes {
        return name;
    }
    let end = (0..=bytes).rev().find(|&i| name.is_char_boundary(i)).unwrap_or(0);
    &name[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snake_cases() {
        for (name, expect) in [
            ("camelCase", "camel_case"),
            ("HTTPServerName", "http_server_name"),
            ("a1B", "a1_b"),
            ("userIDs", "user_i_ds"),
            ("URLs2Go", "ur_ls2_go"),
            ("iOSVersion", "i_os_version"),
            ("kebab-case", "kebab_case"),
            ("X_Y", "x_y"),
            ("with.dot", "with.dot"),
            ("Ключ", "ключ"),
            ("testTESTSchema", "test_test_schema"),
        ] {
            assert_eq!(snake_case(name), expect, "{name}");
        }
    }

    #[test]
    fn names_of_tables() {
        assert_eq!(
            table_name("com.Acme-x", "CamelCaseName-andDash", 1),
            "com_acme_x_camel_case_name_and_dash_1"
        );
    }

    #[test]
    fn cuts_at_whole_characters() {
        let name = format!("{}é", "x".repeat(62));
        assert_eq!(cut(&name), "x".repeat(62));
        assert_eq!(with_suffix(&name, "_2").len(), 63);
        assert_ne!(distinct(&format!("{name}_1")), distinct(&format!("{name}_2")));
        assert!(distinct(&format!("{name}_1")).len() <= IDENTIFIER_BYTES);
    }

    #[test]
    fn quotes() {
        assert_eq!(quote("a\"b"), "\"a\"\"b\"");
    }
}
