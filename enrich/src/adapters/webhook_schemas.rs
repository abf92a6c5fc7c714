//! The schemas of webhooks' events: tables of the adapters, over which stands what the configuration says
//! (`adaptersSchemas`; `spec/enrichments-and-adapters.md` 3.2).

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, LazyLock},
};

use event::{bad_row::Message, scala_map, schema_key::SchemaKey};

use super::{cloudfront_log, google_analytics, webhooks};
use crate::compatibility::Compatibility;

/// What the configuration says: schemas by section and key.
pub type Overrides = BTreeMap<String, BTreeMap<String, String>>;

/// A kind of event: how requests name it (empty where they do not), its key in the configuration, its schema.
pub(super) type Row = (&'static str, &'static str, &'static str);

/// The kinds of one adapter.
pub(super) struct Table {
    /// Its section in the configuration.
    pub(super) section: &'static str,
    /// In the order in which the original lists them.
    pub(super) rows: &'static [Row],
    /// Those of the Apache line, where they differ.
    pub(super) apache: Option<&'static [Row]>,
}

static TABLES: [&Table; 16] = [
    &webhooks::callrail::TABLE,
    &cloudfront_log::TABLE,
    &google_analytics::TABLE,
    &webhooks::hubspot::TABLE,
    &webhooks::mailchimp::TABLE,
    &webhooks::mailgun::TABLE,
    &webhooks::mandrill::TABLE,
    &webhooks::marketo::TABLE,
    &webhooks::olark::TABLE,
    &webhooks::pagerduty::TABLE,
    &webhooks::pingdom::TABLE,
    &webhooks::sendgrid::TABLE,
    &webhooks::statusgator::TABLE,
    &webhooks::unbounce::TABLE,
    &webhooks::urban_airship::TABLE,
    &webhooks::vero::TABLE,
];

/// The schemas of all webhooks.
#[derive(Clone, Debug)]
pub struct WebhookSchemas(Arc<HashMap<&'static str, Kinds>>);

/// The kinds of one adapter with their schemas.
#[derive(Clone, Debug, Default)]
pub(super) struct Kinds {
    /// By the names in requests, in the map's order.
    named: Vec<(String, SchemaKey)>,
    /// By the keys of the configuration.
    keys: HashMap<&'static str, SchemaKey>,
}

impl WebhookSchemas {
    /// The defaults of a line.
    pub fn of(compatibility: Compatibility) -> Self {
        static LINES: LazyLock<[WebhookSchemas; 2]> = LazyLock::new(|| {
            [Compatibility::Current, Compatibility::Apache].map(|line| build(line, &Overrides::new()))
        });
        LINES[usize::from(compatibility.is_apache())].clone()
    }

    /// The defaults of a line under what the configuration says. What is wrong in it has no effect: see [`problems`].
    pub fn with(compatibility: Compatibility, overrides: &Overrides) -> Self {
        if overrides.is_empty() { Self::of(compatibility) } else { build(compatibility, overrides) }
    }

    /// The kinds of an adapter.
    pub(super) fn kinds(&self, table: &Table) -> &Kinds {
        self.0.get(table.section).expect("every table is in the list")
    }
}

/// What is wrong with a configuration: keys below `adaptersSchemas`, and why.
pub fn problems(overrides: &Overrides) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (section, keys) in overrides {
        let table = TABLES.iter().find(|table| table.section == section);
        for (key, schema) in keys {
            let at = format!("{section}.{key}");
            // The lines differ in versions and in kinds: a key of either is known.
            let is_known = |table: &&Table| {
                table.rows.iter().chain(table.apache.unwrap_or_default()).any(|(_, known, _)| known == key)
            };
            if !table.is_some_and(is_known) {
                found.push((at, "no webhook has such a schema".to_owned()));
            } else if schema.parse::<SchemaKey>().is_err() {
                found.push((at, format!("expected iglu:<vendor>/<name>/<format>/<version>, not `{schema}`")));
            }
        }
    }
    found
}

fn build(compatibility: Compatibility, overrides: &Overrides) -> WebhookSchemas {
    let kinds = TABLES.iter().map(|table| {
        let own = overrides.get(table.section);
        let rows = table.apache.filter(|_| compatibility.is_apache()).unwrap_or(table.rows);
        let schema = |key: &str, default: &str| {
            let given = own.and_then(|own| own.get(key)).and_then(|given| given.parse().ok());
            given.unwrap_or_else(|| default.parse::<SchemaKey>().expect("tables hold names of schemas"))
        };
        let named = rows.iter().filter(|(name, ..)| !name.is_empty());
        let named = named.map(|(name, key, default)| ((*name).to_owned(), schema(key, default)));
        let keys = rows.iter().map(|(_, key, default)| (*key, schema(key, default))).collect();
        (table.section, Kinds { named: scala_map::from_pairs(named), keys })
    });
    WebhookSchemas(Arc::new(kinds.collect()))
}

impl Kinds {
    /// The schema of the kind that a request names. `at`: what stands behind the reason (` at index 3`).
    ///
    /// # Errors
    /// It names none, or one that is not known.
    pub(super) fn find(&self, name: Option<&str>, at: &str) -> Result<&SchemaKey, Box<Message>> {
        let known = self.named.iter().find(|(known, _)| Some(known.as_str()) == name);
        if let Some((_, schema)) = known {
            return Ok(schema);
        }
        let why = match name {
            None => "cannot determine event type: type parameter not provided",
            Some("") => "cannot determine event type: type parameter empty",
            Some(_) => "no schema associated with the provided type parameter",
        };
        Err(Box::new(Message::SchemaMapping {
            actual: name.map(str::to_owned),
            expected_mapping: self.named.clone(),
            expectation: format!("{why}{at}"),
        }))
    }

    /// The schema at a key of the configuration that the adapter's table has.
    pub(super) fn key(&self, key: &str) -> &SchemaKey {
        self.keys.get(key).expect("an adapter asks for keys of its own table")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overrides(section: &str, key: &str, schema: &str) -> Overrides {
        let keys = [(key.to_owned(), schema.to_owned())].into();
        [(section.to_owned(), keys)].into()
    }

    #[test]
    fn a_configuration_stands_over_the_tables() {
        let own = overrides("sendgrid", "open", "iglu:com.acme/open/jsonschema/2-0-1");
        assert_eq!(problems(&own), []);
        let schemas = WebhookSchemas::with(Compatibility::Current, &own);
        let kinds = schemas.kinds(&webhooks::sendgrid::TABLE);
        let found = |name| kinds.find(Some(name), "").unwrap().to_string();
        assert_eq!(found("open"), "iglu:com.acme/open/jsonschema/2-0-1");
        assert_eq!(found("click"), "iglu:com.sendgrid/click/jsonschema/3-0-0");
        assert_eq!(kinds.key("open").to_string(), found("open"));
    }

    #[test]
    fn what_a_configuration_gets_wrong() {
        let table = [
            ("sendgrid", "opened", "iglu:com.acme/open/jsonschema/2-0-1", "no webhook"),
            ("acme", "open", "iglu:com.acme/open/jsonschema/2-0-1", "no webhook"),
            ("sendgrid", "open", "com.acme/open", "expected iglu:"),
        ];
        for (section, key, schema, expect) in table {
            let found = problems(&overrides(section, key, schema));
            let [(at, why)] = found.as_slice() else { panic!("{found:?}") };
            assert_eq!(*at, format!("{section}.{key}"));
            assert!(why.contains(expect), "{why}");
        }
    }

    #[test]
    fn the_lines_differ_in_mandrill_only() {
        for table in TABLES {
            assert_eq!(table.apache.is_some(), table.section == "mandrill");
        }
        let version = |line, name| {
            let schemas = WebhookSchemas::of(line);
            let found =
                schemas.kinds(&webhooks::mandrill::TABLE).find(Some(name), "").map(ToString::to_string);
            found.ok()
        };
        let opened = |version: &str| Some(format!("iglu:com.mandrill/message_opened/jsonschema/{version}"));
        assert_eq!(version(Compatibility::Current, "open"), opened("1-0-3"));
        assert_eq!(version(Compatibility::Apache, "open"), opened("1-0-1"));
        assert!(version(Compatibility::Current, "delivered").is_some());
        assert_eq!(version(Compatibility::Apache, "delivered"), None);
    }
}
