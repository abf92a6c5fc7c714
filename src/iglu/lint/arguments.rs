//! What `--skip-checks` and `--skip-schemas` take. Messages are those of igluctl.

use ::iglu::lint::ALL;
use event::schema_key::SchemaKey;

use super::optional;

/// Names of linters.
#[derive(Clone, Debug)]
pub(crate) struct Names(pub(crate) Vec<String>);

/// Schemas.
#[derive(Clone, Debug)]
pub(crate) struct Keys(pub(crate) Vec<SchemaKey>);

/// Linters with commas between them.
pub(crate) fn linters(text: &str) -> Result<Names, String> {
    let names: Vec<String> = text.split(',').map(str::to_owned).collect();
    let unknown: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| ALL.iter().all(|known| known.name != *name)).collect();
    if !unknown.is_empty() {
        return Err(format!("Configuration is invalid: unknown linters [{}] ", unknown.join(",")));
    }
    let needed: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| optional().all(|known| known.name != *name)).collect();
    if !needed.is_empty() {
        return Err(format!("Configuration is invalid: non-skippable linters [{}]", needed.join(", ")));
    }
    Ok(Names(names))
}

/// Iglu URIs with commas between them.
pub(crate) fn keys(text: &str) -> Result<Keys, String> {
    let key = |uri: &str| {
        uri.parse::<SchemaKey>().map_err(|error| {
            format!("{} - check schema are comma separated in iglu:<URI1>,iglu:<URI2> format", error.code)
        })
    };
    text.split(',').map(key).collect::<Result<_, _>>().map(Keys)
}

/// The help of `--skip-checks`.
pub(crate) fn help() -> String {
    let names: Vec<&str> = optional().map(|linter| linter.name).collect();
    format!("Linters to leave out, with commas between them: {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages() {
        for (given, said) in [
            ("", "Configuration is invalid: unknown linters [] "),
            ("rootObject, description", "Configuration is invalid: unknown linters [ description] "),
            ("schemaUri,rootObject", "Configuration is invalid: non-skippable linters [schemaUri]"),
        ] {
            assert_eq!(linters(given).unwrap_err(), said);
        }
        assert_eq!(linters("rootObject,bqIllegalStart").unwrap().0.len(), 2);
        assert!(keys("nonsense").unwrap_err().starts_with("INVALID_IGLUURI - "));
    }
}
