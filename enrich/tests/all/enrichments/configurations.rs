//! Configurations by their built-in schemas: good ones pass, each wrong one is refused.

use enrich::enrichments::{Enrichments, configuration::Configuration};
use serde_json::{Value, json};

use super::{ENRICHMENTS, SNOWPLOW, build, configuration, judged};

/// A change to a configuration that makes it wrong: a pointer into `data`, and what to put there; null: nothing.
type Wrong = (&'static str, Value);

/// Vendor, name and version, good parameters, and what makes them wrong.
fn table() -> Vec<(&'static str, &'static str, Value, Vec<Wrong>)> {
    let uri = "https://example.com/assets";
    let mmdb = |name: &str| json!({"database": name, "uri": uri});
    let databases = json!({
        "geo": mmdb("GeoLite2-City.mmdb"), "isp": mmdb("GeoIP2-ISP.mmdb"), "domain": mmdb("GeoIP2-Domain.mmdb"),
        "connectionType": mmdb("GeoIP2-Connection-Type.mmdb"),
    });
    let with = |base: &Value, key: &str, value: Value| {
        let mut changed = base.clone();
        changed[key] = value;
        changed
    };
    let parser = json!({"internalDomains": ["shop.example.com"], "database": "referers.json", "uri": uri});
    let fields = json!({
        "mktMedium": ["utm_medium"], "mktSource": ["utm_source"], "mktTerm": [], "mktContent": [],
        "mktCampaign": ["utm_campaign"],
    });
    let clicks = with(&fields, "mktClickId", json!({"fbclid": "Facebook"}));
    let hash = |algorithm: &str| json!({"hashAlgorithm": algorithm, "excludeParameters": ["stm"]});
    let criterion = "iglu:com.acme/user/jsonschema/1-*-*";
    let pii = json!({
        "pii": [
            {"pojo": {"field": "user_id"}},
            {"json": {"field": "contexts", "schemaCriterion": criterion, "jsonPath": "$.email"}},
        ],
        "strategy": {"pseudonymize": {"hashFunction": "SHA-256", "salt": "pepper"}},
    });
    let iab = json!({
        "ipFile": mmdb("ip_exclude_current_cidr.txt"), "excludeUseragentFile": mmdb("exclude_current.txt"),
        "includeUseragentFile": mmdb("include_current.txt"),
    });
    let bots = json!({"useYauaa": true, "useIab": false, "useAsnLookups": true});
    let input = json!({"key": "user", "pojo": {"field": "user_id"}});
    let api = json!({
        "inputs": [input],
        "api": {"http": {"method": "GET", "uri": "http://api/{{user}}", "timeout": 500, "authentication": {}}},
        "outputs": [{"schema": "iglu:com.acme/user/jsonschema/1-0-0", "json": {"jsonPath": "$.record"}}],
        "cache": {"size": 100, "ttl": 60},
    });
    let login = json!({
        "host": "db", "port": 5432, "sslMode": true, "username": "u", "password": "p", "database": "d",
    });
    let sql = json!({
        "inputs": [{"placeholder": 1, "pojo": {"field": "user_id"}}],
        "database": {"postgresql": login},
        "query": {"sql": "SELECT 1 WHERE ? = 'a'"},
        "output": {
            "expectedRows": "AT_MOST_ONE",
            "json": {
                "schema": "iglu:com.acme/user/jsonschema/1-0-0", "describes": "ALL_ROWS",
                "propertyNames": "CAMEL_CASE",
            },
        },
        "cache": {"size": 100, "ttl": 60},
    });
    let unknown = || ("/parameters/surprise", json!(1));
    vec![
        (
            SNOWPLOW,
            "anon_ip/1-0-0",
            json!({"anonOctets": 2}),
            vec![
                ("/parameters/anonOctets", json!(0)),
                ("/parameters/anonOctets", json!(5)),
                ("/parameters/anonOctets", json!("2")),
                ("/parameters/anonSegments", json!(2)),
                ("/parameters/anonOctets", Value::Null),
            ],
        ),
        (
            SNOWPLOW,
            "anon_ip/1-0-1",
            json!({"anonOctets": 2, "anonSegments": 8}),
            vec![("/parameters/anonSegments", json!(9)), ("/parameters/anonSegments", json!(2.5)), unknown()],
        ),
        (
            SNOWPLOW,
            "ip_lookups/2-0-0",
            databases.clone(),
            vec![
                ("/parameters/geo/database", json!("GeoIP2-City-Test.mmdb")),
                ("/parameters/geo/uri", Value::Null),
                ("/parameters/isp/uri", json!("no uri at all")),
                ("/parameters/asn", mmdb("GeoLite2-ASN.mmdb")),
            ],
        ),
        (
            SNOWPLOW,
            "ip_lookups/2-0-1",
            with(&databases, "asn", mmdb("GeoLite2-ASN.mmdb")),
            vec![
                ("/parameters/asn/database", json!("GeoIP2-ISP.mmdb")),
                ("/parameters/anonymousIp", mmdb("GeoIP2-Anonymous-IP.mmdb")),
            ],
        ),
        (
            SNOWPLOW,
            "ip_lookups/2-0-2",
            with(&databases, "anonymousIp", mmdb("GeoIP2-Anonymous-IP.mmdb")),
            vec![("/parameters/anonymousIp/database", json!("GeoIP2-ISP.mmdb")), unknown()],
        ),
        (
            ENRICHMENTS,
            "asn_lookups/1-0-0",
            json!({
                "botAsnsFile": {"uri": uri, "database": "bots.csv"}, "botAsns": [{"asn": 174, "name": "C"}],
                "bypassPlatforms": ["srv", "headset"],
            }),
            vec![
                ("/parameters/botAsns/0/asn", json!(-1)),
                ("/parameters/botAsns/0/asn", json!(2_147_483_648_u32)),
                ("/parameters/botAsnsFile/uri", Value::Null),
                ("/parameters/bypassPlatforms/0", json!("WEB")),
            ],
        ),
        (
            ENRICHMENTS,
            "bot_detection_enrichment_config/1-0-0",
            bots.clone(),
            vec![("/parameters/useIab", Value::Null), ("/parameters/useClientSideDetection", json!(true))],
        ),
        (
            ENRICHMENTS,
            "bot_detection_enrichment_config/1-0-1",
            with(&bots, "useClientSideDetection", json!(true)),
            vec![("/parameters/useClientSideDetection", Value::Null)],
        ),
        (
            SNOWPLOW,
            "referer_parser/2-0-0",
            parser.clone(),
            vec![
                ("/parameters/internalDomains", json!("shop.example.com")),
                ("/parameters/uri", json!("not a uri")),
                ("/parameters/referrers", json!({})),
            ],
        ),
        (
            SNOWPLOW,
            "referer_parser/2-0-1",
            with(
                &parser,
                "referrers",
                json!({"search": {"Acme": {"domains": ["acme.com"], "parameters": ["q"]}}}),
            ),
            vec![
                ("/parameters/referrers/search/Acme/domains", json!([])),
                ("/parameters/referrers/search/Acme/utm_sources", json!(["a"])),
            ],
        ),
        (
            SNOWPLOW,
            "campaign_attribution/1-0-0",
            json!({"mapping": "static", "fields": fields}),
            vec![
                ("/parameters/mapping", json!("dynamic")),
                ("/parameters/fields/mktTerm", Value::Null),
                ("/parameters/fields/mktTerm", json!([1])),
                ("/parameters/fields/mktClickId", json!({})),
            ],
        ),
        (
            SNOWPLOW,
            "campaign_attribution/1-0-1",
            json!({"mapping": "script", "fields": clicks}),
            vec![("/parameters/fields/mktClickId/fbclid", json!(1)), ("/parameters/fields", Value::Null)],
        ),
        (SNOWPLOW, "user_agent_utils_config/1-0-0", json!({}), vec![unknown()]),
        (SNOWPLOW, "ua_parser_config/1-0-0", json!({}), vec![("/parameters/uri", json!(uri))]),
        (
            SNOWPLOW,
            "ua_parser_config/1-0-1",
            json!({"database": "regexes.yaml", "uri": uri}),
            vec![("/parameters/uri", json!("")), unknown()],
        ),
        (
            ENRICHMENTS,
            "yauaa_enrichment_config/1-0-0",
            json!({"cacheSize": 10}),
            vec![("/parameters/cacheSize", json!("10"))],
        ),
        (
            SNOWPLOW,
            "currency_conversion_config/1-0-0",
            json!({"apiKey": "k", "baseCurrency": "EUR", "rateAt": "EOD_PRIOR", "accountType": "DEVELOPER"}),
            vec![("/parameters/accountType", json!("FREE")), ("/parameters/rateAt", json!("NOW"))],
        ),
        (
            SNOWPLOW,
            "javascript_script_config/1-0-0",
            json!({"script": "ZnVuY3Rpb24="}),
            vec![("/parameters/config", json!({}))],
        ),
        (
            SNOWPLOW,
            "javascript_script_config/1-0-1",
            json!({"script": "ZnVuY3Rpb24=", "config": {"a": 1}}),
            vec![("/parameters/config", json!([]))],
        ),
        (
            SNOWPLOW,
            "event_fingerprint_config/1-0-0",
            hash("MD5"),
            vec![("/parameters/hashAlgorithm", json!("SHA256"))],
        ),
        (
            SNOWPLOW,
            "event_fingerprint_config/1-0-1",
            hash("SHA512"),
            vec![
                ("/parameters/hashAlgorithm", json!("SHA-512")),
                ("/parameters/excludeParameters", Value::Null),
            ],
        ),
        (
            SNOWPLOW,
            "cookie_extractor_config/1-0-0",
            json!({"cookies": ["sp", ""]}),
            vec![("/parameters/cookies", json!("sp")), unknown()],
        ),
        (
            ENRICHMENTS,
            "http_header_extractor_config/1-0-0",
            json!({"headersPattern": "X-.*"}),
            vec![("/parameters/headersPattern", Value::Null)],
        ),
        (
            ENRICHMENTS,
            "weather_enrichment_config/1-0-0",
            json!({"apiKey": "k", "cacheSize": 5100, "geoPrecision": 1, "apiHost": "h", "timeout": 5}),
            vec![("/parameters/geoPrecision", json!(11)), ("/parameters/timeout", json!(0))],
        ),
        (
            ENRICHMENTS,
            "pii_enrichment_config/2-0-0",
            pii.clone(),
            vec![
                ("/emitEvent", Value::Null),
                ("/anonymousOnly", json!(true)),
                ("/parameters/pii/0/pojo/field", json!("app_id")),
                ("/parameters/pii/0", json!({})),
                ("/parameters/pii/1/json/jsonPath", json!("email")),
                ("/parameters/pii/1/json/field", json!("derived")),
                ("/parameters/pii/1/json/schemaCriterion", json!("iglu:com.acme/user/jsonschema/*")),
                ("/parameters/strategy/pseudonymize/hashFunction", json!("SHA256")),
                ("/parameters/strategy/pseudonymize/salt", Value::Null),
            ],
        ),
        (ENRICHMENTS, "pii_enrichment_config/2-0-1", pii, vec![("/anonymousOnly", json!("yes"))]),
        (
            ENRICHMENTS,
            "iab_spiders_and_robots_enrichment/1-0-0",
            iab.clone(),
            vec![
                ("/parameters/ipFile/database", json!("ips.txt")),
                ("/parameters/includeUseragents", json!([])),
            ],
        ),
        (
            ENRICHMENTS,
            "iab_spiders_and_robots_enrichment/1-0-1",
            with(&iab, "includeUseragents", json!(["Acme"])),
            vec![("/parameters/excludeUseragents", json!([1]))],
        ),
        (
            ENRICHMENTS,
            "event_spec_enrichment_config/1-0-0",
            json!({"uri": uri, "database": "event-specs.json"}),
            vec![("/parameters/uri", Value::Null), unknown()],
        ),
        (
            ENRICHMENTS,
            "api_request_enrichment_config/1-0-0",
            api.clone(),
            vec![
                ("/parameters/cache/size", json!(0)),
                ("/parameters/ignoreOnError", json!(true)),
                ("/parameters/inputs/0/json", json!({})),
                ("/parameters/inputs/0/key", json!("a b")),
                ("/parameters/api/http/method", json!("DELETE")),
                ("/parameters/api/http/timeout", json!(60_001)),
                ("/parameters/outputs", json!([])),
            ],
        ),
        (
            ENRICHMENTS,
            "api_request_enrichment_config/1-0-1",
            with(&api, "cache", json!({"size": 0, "ttl": 0})),
            vec![("/parameters/cache/ttl", json!(86_401))],
        ),
        (
            ENRICHMENTS,
            "api_request_enrichment_config/1-0-2",
            with(&api, "ignoreOnError", Value::Bool(true)),
            vec![("/parameters/ignoreOnError", json!("yes"))],
        ),
        (
            ENRICHMENTS,
            "sql_query_enrichment_config/1-0-0",
            sql.clone(),
            vec![
                ("/parameters/inputs/0/placeholder", json!(65)),
                ("/parameters/database", json!({})),
                ("/parameters/database/postgresql/port", json!(0)),
                ("/parameters/database/postgresql/username", json!("")),
                ("/parameters/output/expectedRows", json!("ONE")),
                ("/parameters/output/json/propertyNames", json!("KEBAB_CASE")),
                ("/parameters/ignoreOnError", json!(true)),
            ],
        ),
        (
            ENRICHMENTS,
            "sql_query_enrichment_config/1-0-1",
            with(&sql, "ignoreOnError", json!(false)),
            vec![("/parameters/query/sql", Value::Null)],
        ),
    ]
}

#[test]
fn good_ones_pass_and_wrong_ones_do_not() {
    for (vendor, schema, parameters, wrong) in table() {
        let mut good = configuration(vendor, schema, parameters);
        if schema.starts_with("pii_") {
            good["data"]["emitEvent"] = json!(false);
        }
        assert_eq!(judged(&good), None, "{schema}");
        let common =
            [("/enabled", json!("true")), ("/vendor", Value::Null), ("/name", json!(1)), ("/more", json!(1))];
        for (pointer, value) in wrong.into_iter().chain(common) {
            let mut changed = good["data"].clone();
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            let parent = changed.pointer_mut(parent).unwrap_or_else(|| panic!("{schema}: {pointer}"));
            match (parent, value) {
                (Value::Object(members), Value::Null) => drop(members.remove(key)),
                (Value::Object(members), value) => drop(members.insert(key.to_owned(), value)),
                (Value::Array(items), value) => items[key.parse::<usize>().unwrap()] = value,
                _ => panic!("{schema}: {pointer}"),
            }
            let changed = json!({"schema": good["schema"], "data": changed});
            assert!(judged(&changed).is_some(), "{schema}: {pointer} {changed}");
        }
    }
}

/// What enrichments say themselves of configurations that their schemas let pass.
#[test]
fn refusals() {
    let names = json!({"internalDomains": [], "database": "r.json", "uri": "http://h"});
    let header = |pattern: &str| json!({"headersPattern": pattern});
    let table = [
        (
            configuration(SNOWPLOW, "referer_parser/1-0-0", json!({"internalDomains": []})),
            "it: Schema key iglu:com.snowplowanalytics.snowplow/referer_parser/jsonschema/1-0-0 is not supported. A 'referer_parser' enrichment must have schema iglu:com.snowplowanalytics.snowplow/referer_parser/jsonschema/2-0-*.",
        ),
        (configuration(SNOWPLOW, "referer_parser/2-0-0", names), "it: http://h/r.json was not fetched"),
        (
            configuration(ENRICHMENTS, "http_header_extractor_config/1-0-0", header("X-(")),
            "it: parameters.headersPattern: ",
        ),
        (configuration(SNOWPLOW, "anon_ip/1-0-0", json!({"anonOctets": 1.5})), "it: parameters.anonOctets: "),
        (
            configuration(
                ENRICHMENTS,
                "weather_enrichment_config/1-0-0",
                json!({"apiKey": "k", "cacheSize": 1, "geoPrecision": 1, "apiHost": "h", "timeout": 1}),
            ),
            "it: there is no weather_enrichment_config here: set enabled to false",
        ),
    ];
    for (wrong, expect) in table {
        let said = build(std::slice::from_ref(&wrong), &[]).unwrap_err();
        assert!(said.starts_with(expect), "{said}");
        // What is not enabled is not looked into.
        let mut off = wrong;
        off["data"]["enabled"] = json!(false);
        assert_eq!(build(&[off], &[]).unwrap().names(), [""; 0]);
    }
}

#[test]
fn the_last_of_a_kind_counts_and_unknown_names_do_not() {
    let octets = |n: u8| configuration(SNOWPLOW, "anon_ip/1-0-0", json!({"anonOctets": n}));
    let unknown =
        json!({"schema": "iglu:com.acme/shoe_size_config/jsonschema/1-0-0", "data": {"parameters": {}}});
    let configurations = [unknown, octets(1), octets(2)];
    let configurations = configurations.map(|json| Configuration::from_json("it", json).unwrap());
    let enrichments = Enrichments::build(&configurations, &Default::default()).unwrap();
    assert_eq!(enrichments.names(), ["anon_ip"]);
}
