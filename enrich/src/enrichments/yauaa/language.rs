//! Languages and countries of their codes, in English.

const LANGUAGES: [(&str, &str); 41] = [
    ("ar", "Arabic"),
    ("bg", "Bulgarian"),
    ("bn", "Bengali"),
    ("ca", "Catalan"),
    ("cs", "Czech"),
    ("da", "Danish"),
    ("de", "German"),
    ("el", "Greek"),
    ("en", "English"),
    ("es", "Spanish"),
    ("et", "Estonian"),
    ("fa", "Persian"),
    ("fi", "Finnish"),
    ("fr", "French"),
    ("he", "Hebrew"),
    ("hi", "Hindi"),
    ("hr", "Croatian"),
    ("hu", "Hungarian"),
    ("id", "Indonesian"),
    ("it", "Italian"),
    ("ja", "Japanese"),
    ("ko", "Korean"),
    ("lt", "Lithuanian"),
    ("lv", "Latvian"),
    ("ms", "Malay"),
    ("nb", "Norwegian Bokmål"),
    ("nl", "Dutch"),
    ("no", "Norwegian"),
    ("pl", "Polish"),
    ("pt", "Portuguese"),
    ("ro", "Romanian"),
    ("ru", "Russian"),
    ("sk", "Slovak"),
    ("sl", "Slovenian"),
    ("sr", "Serbian"),
    ("sv", "Swedish"),
    ("th", "Thai"),
    ("tr", "Turkish"),
    ("uk", "Ukrainian"),
    ("vi", "Vietnamese"),
    ("zh", "Chinese"),
];

const COUNTRIES: [(&str, &str); 39] = [
    ("ar", "Argentina"),
    ("at", "Austria"),
    ("au", "Australia"),
    ("be", "Belgium"),
    ("br", "Brazil"),
    ("ca", "Canada"),
    ("ch", "Switzerland"),
    ("cl", "Chile"),
    ("cn", "China"),
    ("co", "Colombia"),
    ("cz", "Czech Republic"),
    ("de", "Germany"),
    ("dk", "Denmark"),
    ("es", "Spain"),
    ("fi", "Finland"),
    ("fr", "France"),
    ("gb", "United Kingdom"),
    ("gr", "Greece"),
    ("hk", "Hong Kong"),
    ("hu", "Hungary"),
    ("id", "Indonesia"),
    ("ie", "Ireland"),
    ("il", "Israel"),
    ("in", "India"),
    ("it", "Italy"),
    ("jp", "Japan"),
    ("kr", "South Korea"),
    ("mx", "Mexico"),
    ("nl", "Netherlands"),
    ("no", "Norway"),
    ("nz", "New Zealand"),
    ("pl", "Poland"),
    ("pt", "Portugal"),
    ("ru", "Russia"),
    ("se", "Sweden"),
    ("tr", "Turkey"),
    ("tw", "Taiwan"),
    ("us", "United States"),
    ("za", "South Africa"),
];

/// The name of a code such as `en`, `en-us` or `de_CH`.
pub(super) fn name(code: &str) -> Option<String> {
    let code = code.to_ascii_lowercase().replace('_', "-");
    let find = |table: &[(&str, &'static str)], code: &str| {
        table.iter().find(|(other, _)| *other == code).map(|(_, name)| *name)
    };
    match code.split_once('-') {
        None => find(&LANGUAGES, &code).map(str::to_owned),
        Some((language, country)) => {
            Some(format!("{} ({})", find(&LANGUAGES, language)?, find(&COUNTRIES, country)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_codes() {
        assert_eq!(name("de_CH").as_deref(), Some("German (Switzerland)"));
        assert_eq!(name("en").as_deref(), Some("English"));
        assert_eq!((name("xx"), name("en-xx"), name("")), (None, None, None));
    }
}
