//! What a process is told besides its command line (`spec/deploy.md` 6.2, `spec/collector.md` 8.1): whole documents in
//! Base64, options meant for a Java machine, and the switches of the original's configuration library.

use std::{collections::HashMap, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{ConfigError, Layer, Override, Place, Sources};

/// Names the variable with a whole HOCON document in Base64.
const DOCUMENT: &str = "PISTE_CONFIG_B64";
/// Variables with options of a Java machine; later ones win.
const JAVA_OPTIONS: [&str; 2] = ["JAVA_OPTS", "JDK_JAVA_OPTIONS"];
/// Properties that configure a Java machine and not a role.
const OF_JAVA: [&str; 9] = [
    "java.",
    "javax.",
    "jdk.",
    "sun.",
    "com.sun.",
    "org.slf4j.",
    "user.",
    "file.encoding",
    "networkaddress.",
];
/// Those of them that mean something here.
const KEY_STORE: &str = "javax.net.ssl.keyStore";
const FORCED: &str = "CONFIG_FORCE_";

impl Sources {
    /// All that a process was told, weakest first: [`DOCUMENT`](self), the file of `-Dconfig.file`, or `file` instead of it,
    /// `CONFIG_FORCE_*` where `-Dconfig.override_with_env_vars=true` asks for it, options of Java, the command line's own
    /// overrides. The second part has one line for each thing that was there and means nothing.
    ///
    /// # Errors
    ///
    /// A document that is no Base64 of text.
    pub fn told(
        file: Option<PathBuf>,
        overrides: Vec<Override>,
        environment: HashMap<String, String>,
    ) -> Result<(Self, Vec<String>), ConfigError> {
        let (mut layers, mut notes, mut properties) = (Vec::new(), Vec::new(), Vec::new());
        layers.extend(document(DOCUMENT, &environment)?);
        for variable in JAVA_OPTIONS {
            let (taken, ignored) =
                Override::of_java_options(environment.get(variable).map_or("", String::as_str));
            properties.extend(taken);
            if !ignored.is_empty() {
                let what = ignored.iter().map(|part| part.split('=').next().unwrap_or(part));
                let what = what.collect::<Vec<_>>().join(" ");
                notes.push(format!("{variable}: without effect, there is no Java machine: {what}"));
            }
        }
        properties.extend(overrides);

        let (mut told, mut forced, mut named) = (Vec::new(), false, None);
        for each in properties {
            match each.key.as_str() {
                "config.file" => named = Some(PathBuf::from(&each.value)),
                "config.override_with_env_vars" => forced = each.value.eq_ignore_ascii_case("true"),
                "config.resource" | "config.url" => {
                    notes.push(format!("-D{}: without effect; `--config` names a file", each.key));
                }
                key if OF_JAVA.iter().any(|prefix| key.starts_with(prefix))
                    && !key.starts_with(KEY_STORE) =>
                {
                    notes.push(format!("-D{key}: without effect, there is no Java machine"));
                }
                _ => told.push(each),
            }
        }
        layers.extend(file.or(named).map(Layer::File));
        if forced {
            let mut forced: Vec<Override> = environment
                .iter()
                .filter_map(|(name, value)| {
                    Some(Override { key: unmangled(name.strip_prefix(FORCED)?), value: value.clone() })
                })
                .collect();
            forced.sort_by(|a, b| a.key.cmp(&b.key));
            forced.append(&mut told);
            told = forced;
        }
        Ok((Self { layers, overrides: told, environment }, notes))
    }

    /// The document in Base64 that a variable of the environment holds, where it is set: what `${NAME}` reads is there too.
    ///
    /// # Errors
    ///
    /// A variable that is no Base64 of text.
    pub fn in_variable(
        name: &str,
        environment: HashMap<String, String>,
    ) -> Result<Option<Self>, ConfigError> {
        let layer = document(name, &environment)?;
        Ok(layer.map(|layer| Self { layers: vec![layer], overrides: Vec::new(), environment }))
    }
}

fn document(name: &str, environment: &HashMap<String, String>) -> Result<Option<Layer>, ConfigError> {
    let Some(document) = environment.get(name).filter(|text| !text.trim().is_empty()) else {
        return Ok(None);
    };
    let plain: String = document.chars().filter(|c| !c.is_whitespace()).collect();
    let wrong = |what: String| ConfigError { place: Place::of(name), key: String::new(), what };
    let bytes = STANDARD.decode(plain).map_err(|e| wrong(format!("expected HOCON in Base64: {e}")))?;
    let text = String::from_utf8(bytes).map_err(|e| wrong(format!("expected HOCON in UTF-8: {e}")))?;
    Ok(Some(Layer::Text { name: name.to_owned(), text }))
}

/// The key of `CONFIG_FORCE_a_b__c___d`: one `_` is a dot, two are a dash, three are one `_`.
fn unmangled(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    let mut run = 0;
    for c in name.chars().chain(['\0']) {
        if c == '_' && run < 3 {
            run += 1;
            continue;
        }
        key.push_str(["", ".", "-", "_"][run]);
        run = usize::from(c == '_');
        if run == 0 && c != '\0' {
            key.push(c);
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> HashMap<String, String> {
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn check(
        file: Option<&str>,
        overrides: &[&str],
        variables: &[(&str, &str)],
        layers: &[&str],
        told: &[&str],
        notes: &[&str],
    ) {
        let overrides = overrides.iter().map(|text| Override::parse(text).unwrap()).collect();
        let (sources, said) =
            Sources::told(file.map(PathBuf::from), overrides, environment(variables)).unwrap();
        let names = sources.layers.iter().map(|layer| match layer {
            Layer::File(path) => path.display().to_string(),
            Layer::Text { name, text } => format!("{name}={text}"),
        });
        assert_eq!(names.collect::<Vec<_>>(), layers);
        let found = sources.overrides.iter().map(|each| format!("{}={}", each.key, each.value));
        assert_eq!(found.collect::<Vec<_>>(), told);
        assert_eq!(said, notes);
    }

    #[test]
    fn what_a_process_is_told_in_order() {
        check(Some("a.hocon"), &["port=1"], &[], &["a.hocon"], &["port=1"], &[]);
        check(None, &["config.file=b.hocon", "port=1"], &[], &["b.hocon"], &["port=1"], &[]);
        check(Some("a.hocon"), &["config.file=b.hocon"], &[], &["a.hocon"], &[], &[]);
        check(None, &[], &[("PISTE_CONFIG_B64", "cG9ydCA9\nIDE=")], &["PISTE_CONFIG_B64=port = 1"], &[], &[]);
        check(
            None,
            &["port=3"],
            &[
                ("JDK_JAVA_OPTIONS", "-Xmx1g -Dport=2 -Dorg.slf4j.simpleLogger.defaultLogLevel=debug"),
                ("JAVA_OPTS", "-Dport=1"),
            ],
            &[],
            &["port=1", "port=2", "port=3"],
            &[
                "JDK_JAVA_OPTIONS: without effect, there is no Java machine: -Xmx1g",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel: without effect, there is no Java machine",
            ],
        );
        check(
            None,
            &["javax.net.ssl.keyStorePassword=x", "javax.net.ssl.trustStore=y", "config.resource=r"],
            &[],
            &[],
            &["javax.net.ssl.keyStorePassword=x"],
            &[
                "-Djavax.net.ssl.trustStore: without effect, there is no Java machine",
                "-Dconfig.resource: without effect; `--config` names a file",
            ],
        );
    }

    #[test]
    fn forced_variables_count_when_they_are_asked_for() {
        let variables = [("CONFIG_FORCE_collector_port", "5"), ("CONFIG_FORCE_a__b___c", "6")];
        check(None, &["x=1"], &variables, &[], &["x=1"], &[]);
        check(
            None,
            &["x=1", "config.override_with_env_vars=true"],
            &variables,
            &[],
            &["a-b_c=6", "collector.port=5", "x=1"],
            &[],
        );
    }

    #[test]
    fn a_document_that_is_none() {
        for text in ["%%%", "/w=="] {
            let error = Sources::told(None, Vec::new(), environment(&[(DOCUMENT, text)])).unwrap_err();
            assert!(error.to_string().starts_with("PISTE_CONFIG_B64: expected HOCON in "), "{error}");
        }
    }
}
