//! What there is, as a document: `docs/enrichments.md`. Made from the kinds, their order and their schemas.

use event::schema_key::{SchemaKey, SchemaVersion};
use serde_json::Value;

use super::Kind;
use crate::steps;

const HEAD: &str = "# Enrichments

What `--enrichments DIR` takes: files whose names end in `.json`, each a configuration that follows the schema it names (built
in; a registry that has it too wins). HOCON and `${VAR}` are understood in them. They run in the order of this page, whatever
their files are called; of several of one kind the last file counts, but scripts all run. `piste check --enrichments DIR` says what
is wrong with them by file, line and key, and `--try FILE` shows what they make of an event.

How they differ from the original's is in [compatibility.md](compatibility.md).
";

/// What a kind writes, and what it costs an event.
const WRITES: [(&str, &str, Cost); 20] = [
    (
        "iab_spiders_and_robots_enrichment",
        "an entity `com.iab.snowplow/spiders_and_robots` 1-0-0",
        Cost::Memory,
    ),
    (
        "user_agent_utils_config",
        "`br_name`, `br_family`, `br_version`, `br_type`, `br_renderengine`, `os_name`, `os_family`, `os_manufacturer`, \
         `dvce_type`, `dvce_ismobile`",
        Cost::Memory,
    ),
    ("ua_parser_config", "an entity `com.snowplowanalytics.snowplow/ua_parser_context` 1-0-0", Cost::Memory),
    (
        "currency_conversion_config",
        "`base_currency`, `tr_total_base`, `tr_tax_base`, `tr_shipping_base`, `ti_price_base`",
        Cost::Service("one request a day, to Open Exchange Rates"),
    ),
    (
        "referer_parser",
        "`refr_medium`, `refr_source`, `refr_term`; for a known `utm_source` an entity \
         `com.snowplowanalytics.snowplow/utm_referrer` 1-0-0",
        Cost::Memory,
    ),
    (
        "campaign_attribution",
        "`mkt_medium`, `mkt_source`, `mkt_term`, `mkt_content`, `mkt_campaign`, `mkt_clickid`, `mkt_network`",
        Cost::Memory,
    ),
    (
        "cross_navigation_config",
        "an entity `com.snowplowanalytics.snowplow/cross_navigation` 1-0-0",
        Cost::Memory,
    ),
    ("event_fingerprint_config", "`event_fingerprint`", Cost::Memory),
    ("cookie_extractor_config", "entities `org.ietf/http_cookie` 1-0-0", Cost::Memory),
    ("http_header_extractor_config", "entities `org.ietf/http_header` 1-0-0", Cost::Memory),
    ("yauaa_enrichment_config", "an entity `nl.basjes/yauaa_context` 1-0-5", Cost::Memory),
    (
        "ip_lookups",
        "`geo_*`, `ip_*`; entities `com.snowplowanalytics.snowplow/asn` 1-0-1 and `com.maxmind/anonymous_ip` 1-0-0",
        Cost::Memory,
    ),
    ("asn_lookups", "`likelyBot` of the entity `com.snowplowanalytics.snowplow/asn` 1-0-1", Cost::Memory),
    (
        "bot_detection_enrichment_config",
        "an entity `com.snowplowanalytics.snowplow/bot_detection` 1-0-1",
        Cost::Memory,
    ),
    ("javascript_script_config", "what the script sets and returns; or the event disappears", Cost::Script),
    (
        "sql_query_enrichment_config",
        "entities of the schema that the configuration names",
        Cost::Service("a query, unless its answer is remembered"),
    ),
    (
        "api_request_enrichment_config",
        "entities of the schemas that the configuration names",
        Cost::Service("a request, unless its answer is remembered"),
    ),
    ("anon_ip", "`user_ipaddress`", Cost::Memory),
    (
        "pii_enrichment_config",
        "hashes in the place of fields, and of values of the event and its entities",
        Cost::Memory,
    ),
    (
        "event_spec_enrichment_config",
        "entities `com.snowplowanalytics.snowplow/event_specification` 1-0-4",
        Cost::Memory,
    ),
];

/// What an event costs.
#[derive(Clone, Copy)]
enum Cost {
    Memory,
    Script,
    Service(&'static str),
}

/// The document.
pub fn markdown() -> String {
    let mut out = HEAD.to_owned();
    for step in steps::ORDER {
        if let steps::Step::Configured(kind) = step {
            section(kind, &mut out);
        }
    }
    out
}

/// The newest built-in schema of a kind's configuration.
fn schema(kind: &Kind) -> Option<(SchemaKey, Value)> {
    let (model, revision) = kind.version;
    let is_its = |key: &SchemaKey| {
        let SchemaVersion { model: m, revision: r, .. } = key.version;
        key.name == kind.name && (m, r) == (model, revision)
    };
    let newest = iglu::built_in::keys().filter(is_its).max_by_key(|key| key.version.addition)?;
    let schema = iglu::built_in::schema(&newest)?;
    Some((newest, schema))
}

fn section(kind: &Kind, out: &mut String) {
    let (writes, cost) = WRITES
        .iter()
        .find(|(name, ..)| *name == kind.name)
        .map_or(("", Cost::Memory), |(_, writes, cost)| (*writes, *cost));
    out.push_str(&format!("\n## {}\n", kind.name));
    let Some((key, schema)) = schema(kind) else { return };
    if let Some(about) = schema.get("description").and_then(Value::as_str) {
        out.push_str(&format!("\n{about}.\n"));
    }
    out.push_str(&format!("\n* Schema: `{key}`\n* Writes: {writes}\n"));
    out.push_str(&match cost {
        Cost::Memory => "* Cost: microseconds; nothing is asked\n".to_owned(),
        Cost::Script => {
            "* Cost: that of the script, 500 ms and 64 MiB at most; nothing can be asked\n".to_owned()
        }
        Cost::Service(what) => format!("* Cost: {what}; only events that need the answer wait\n"),
    });
    let parameters = schema.pointer("/properties/parameters");
    let mut rows = String::new();
    if let Some(parameters) = parameters {
        members("", parameters, &mut rows);
    }
    for (name, member) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if !["vendor", "name", "enabled", "parameters"].contains(&name.as_str()) {
            row(&format!("({name}, beside `parameters`)"), member, false, &mut rows);
        }
    }
    if !rows.is_empty() {
        out.push_str("\n| Parameter | Is | Must be there |\n|---|---|---|\n");
        out.push_str(&rows);
    }
}

/// The members of an object, one row each, with those below them.
fn members(above: &str, schema: &Value, out: &mut String) {
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|list| list.iter().any(|item| item == name));
    for (name, member) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let path = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        row(&path, member, is_required(name), out);
        below(&path, member, out);
    }
}

fn below(path: &str, schema: &Value, out: &mut String) {
    if schema.get("properties").is_some() {
        members(path, schema, out);
    } else if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
        below(&format!("{path}[]"), items, out);
    } else if let Some(any) = schema.get("additionalProperties").filter(|any| any.is_object()) {
        below(&format!("{path}.*"), any, out);
    }
}

fn row(path: &str, schema: &Value, is_required: bool, out: &mut String) {
    let path = if path.starts_with('(') { path.to_owned() } else { format!("`{path}`") };
    let must = if is_required { "yes" } else { "" };
    out.push_str(&format!("| {path} | {} | {must} |\n", described(schema)));
}

/// Type, choice and limits of a value.
fn described(schema: &Value) -> String {
    let kind = match schema.get("type") {
        Some(Value::String(kind)) => kind.clone(),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "value".to_owned(),
    };
    let mut parts = vec![kind];
    if let Some(choice) = schema.get("enum").and_then(Value::as_array) {
        let choice: Vec<_> =
            choice.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect();
        parts.push(choice.iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", "));
    }
    for (key, word) in
        [("minimum", "from"), ("maximum", "to"), ("minItems", "at least"), ("minLength", "at least")]
    {
        if let Some(limit) = schema.get(key) {
            parts.push(format!("{word} {limit}"));
        }
    }
    if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
        parts.push(format!("of {}", described(items)));
    }
    parts.join(" ")
}
