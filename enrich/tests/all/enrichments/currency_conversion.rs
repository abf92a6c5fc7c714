//! `currency_conversion_config`.

use enrich::lookup::client::Settings;
use event::atomic::Field;
use serde_json::{Value, json};

use super::{
    Enricher, SNOWPLOW, build, configuration,
    service::{Reply, Server},
};
use crate::samples::get;

const RATES: &str = r#"{"base":"USD","rates":{"EUR":0.9,"GBP":0.8,"JPY":150.5,"USD":1}}"#;

fn config(base: &str, account: &str) -> Value {
    let parameters =
        json!({"apiKey": "k&y", "baseCurrency": base, "rateAt": "EOD_PRIOR", "accountType": account});
    configuration(SNOWPLOW, "currency_conversion_config/1-0-0", parameters)
}

/// The clock of the tests stands at the beginning of 1970, before which there are no rates: a registry of its own time.
fn enricher(server: &Server, base: &str, account: &str) -> Enricher {
    let settings = Settings { exchange_rates: server.url.clone(), ..Settings::default() };
    Enricher::with(&[config(base, account)], &[]).asking(settings).at("2024-03-01T00:00:00Z")
}

fn answering(status: u16, text: &'static str) -> Server {
    Server::start(move |_, _| Reply::Answer(status, text.to_owned()))
}

const TRANSACTION: &str = "e=tr&p=web&tr_id=1&tr_cu=GBP&tr_tt=11.00&tr_tx=2.67&tr_sh=0";

#[test]
fn amounts_in_the_base_currency() {
    let server = answering(200, RATES);
    let developer = enricher(&server, "EUR", "DEVELOPER");
    let check = |enricher: &Enricher, query: &str, expect: [Option<&str>; 5]| {
        let event = enricher.event(&get(query));
        let fields = [
            Field::BaseCurrency,
            Field::TrTotalBase,
            Field::TrTaxBase,
            Field::TrShippingBase,
            Field::TiPriceBase,
        ];
        assert_eq!(fields.map(|field| event.get(field)), expect, "{query}");
    };
    check(&developer, TRANSACTION, [Some("EUR"), Some("12.38"), Some("3.00"), Some("0.00"), None]);
    check(
        &developer,
        "e=ti&p=web&ti_id=1&ti_cu=USD&ti_pr=10.005",
        [Some("EUR"), None, None, None, Some("9.00")],
    );
    check(&developer, "e=pv&p=web", [Some("EUR"), None, None, None, None]);
    check(&developer, "e=tr&p=web&tr_tt=5", [Some("EUR"), None, None, None, None]);
    check(&developer, "e=tr&p=web&tr_tt=5.555&tr_cu=EUR", [Some("EUR"), Some("5.55"), None, None, None]);
    // The collector's day, asked for once.
    let asked: Vec<_> = server.asked().into_iter().map(|asked| asked.line).collect();
    assert_eq!(asked, ["GET /api/historical/2023-12-31.json?app_id=k%26y"]);
    let server = answering(200, r#"{"base":"JPY","rates":{"GBP":0.0053}}"#);
    check(
        &enricher(&server, "JPY", "ENTERPRISE"),
        TRANSACTION,
        [Some("JPY"), Some("2075"), Some("504"), Some("0"), None],
    );
    assert_eq!(server.asked()[0].line, "GET /api/historical/2023-12-31.json?app_id=k%26y&base=JPY");
}

#[test]
fn what_cannot_be_converted() {
    let messages = |server: &Server, at: &str, query: &str| {
        let row = enricher(server, "EUR", "DEVELOPER").at(at).bad(&get(query));
        let enriched = &row["data"]["payload"]["enriched"];
        assert_eq!((&enriched["base_currency"], &enriched["tr_total_base"]), (&json!("EUR"), &Value::Null));
        let messages = row["data"]["failure"]["messages"].as_array().unwrap().clone();
        assert!(messages.iter().all(|m| m["enrichment"]["identifier"] == "currency-conversion"));
        messages.into_iter().map(|message| message["message"].clone()).collect::<Vec<_>>()
    };
    let error = |kind: &str, what: &str| json!({"error": format!("Open Exchange Rates error, type: [{kind}], message: [{what}]")});
    let later = "2024-03-01T00:00:00Z";
    let unknown = json!({"field": "tr_currency", "value": "RUP", "expectation": "Unknown currency 'RUP'"});
    let rates = answering(200, RATES);
    let twice = "e=tr&p=web&tr_cu=RUP&tr_tt=1&tr_sh=2&ti_cu=USD&ti_pr=1";
    assert_eq!(messages(&rates, later, twice), [unknown.clone(), unknown]);
    let total = |currency: &str| format!("e=tr&p=web&tr_cu={currency}&tr_tt=1");
    assert_eq!(
        messages(&rates, later, &total("CHF")),
        [error("IllegalCurrency", "Currency not found in the API, invalid currency CHF")]
    );
    assert_eq!(
        messages(&rates, "2023-01-01T00:00:00Z", &total("USD")),
        [error("ResourcesNotAvailable", "Exchange rate unavailable on the date [2023-12-31T00:00Z]")]
    );
    let refused = answering(401, r#"{"error":true,"status":401,"message":"invalid_app_id"}"#);
    assert_eq!(messages(&refused, later, &total("USD")), [error("OtherErrors", "invalid_app_id")]);
    let empty = answering(200, "{}");
    assert_eq!(messages(&empty, later, &total("USD")), [error("OtherErrors", "the answer has no rates")]);
    let nonsense = answering(502, "<html>");
    let said = messages(&nonsense, later, &total("USD"))[0]["error"].to_string();
    assert!(said.contains("status 502, and invalid json: "), "{said}");
    let gone = Server::start(|_, _| Reply::Close);
    let said = messages(&gone, later, &total("USD"))[0]["error"].to_string();
    assert!(said.contains("type: [OtherErrors], message: [error sending request"), "{said}");
}

#[test]
fn a_base_that_is_no_currency_is_refused_at_start() {
    let said = build(&[config("EUX", "DEVELOPER")], &[]).unwrap_err();
    assert_eq!(said, "it: parameters.baseCurrency: Unknown currency 'EUX'");
}
