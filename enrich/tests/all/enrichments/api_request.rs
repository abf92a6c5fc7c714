//! `api_request_enrichment_config`: what an API is asked, and what comes of its answers.

use serde_json::{Value, json};

use super::{
    ENRICHMENTS, Enricher, build, configuration, contexts, escaped,
    service::{Asked, Reply, Server},
};
use crate::samples::get;

fn config(parameters: Value) -> Value {
    configuration(ENRICHMENTS, "api_request_enrichment_config/1-0-2", parameters)
}

/// Asks about the user of `user_id`, and `n` of the tracker's entity.
fn parameters(method: &str, uri: &str) -> Value {
    let inside = json!({
        "field": "contexts", "schemaCriterion": "iglu:com.acme.piste/open/jsonschema/1-*-*", "jsonPath": "$.n",
    });
    json!({
        "inputs": [{"key": "user", "pojo": {"field": "user_id"}}, {"key": "n-1", "json": inside}],
        "api": {"http": {
            "method": method, "uri": uri, "timeout": 2000,
            "authentication": {"httpBasic": {"username": "us", "password": "pw"}},
        }},
        "outputs": [{"schema": "iglu:com.acme.piste/open/jsonschema/1-0-0", "json": {"jsonPath": "$.record"}}],
        "cache": {"size": 10, "ttl": 60},
        "ignoreOnError": false,
    })
}

fn record(user: &str, entity: &str) -> Vec<u8> {
    get(&format!("e=pv&p=web&uid={}&co={}", escaped(user), escaped(&contexts("open", &[entity]))))
}

fn answering(text: &'static str) -> Server {
    Server::start(move |_, _| Reply::Answer(200, text.to_owned()))
}

#[test]
fn what_an_api_is_asked() {
    let server = answering(r#"{"record":{"a":1}}"#);
    let uri = format!("{}/u/{{{{user}}}}?n={{{{ n-1 }}}}", server.url);
    let enricher = Enricher::with(&[config(parameters("GET", &uri))], &[]);
    let entity = r#"com.acme.piste/open/1-0-0 {"a":1}"#;
    assert_eq!(enricher.derived(&record("a b&ü", r#"{"n":[1,"x"]}"#)), [entity]);
    let Asked { line, headers, body } = server.asked()[0].clone();
    assert_eq!((line.as_str(), body.as_str()), ("GET /u/a+b%26%C3%BC?n=1%2Cx", ""));
    // us:pw
    for header in ["content-type: application/json", "accept: */*", "authorization: basic dxm6chc="] {
        assert!(headers.iter().any(|found| found == header), "{header}: {headers:?}");
    }
    // Remembered.
    assert_eq!(enricher.derived(&record("a b&ü", r#"{"n":[1,"x"]}"#)), [entity]);
    assert_eq!(server.asked().len(), 1);
    // Nothing at the end of the path is an empty text; no such entity is no request.
    assert_eq!(enricher.derived(&record("u", "{}")), [entity]);
    assert_eq!(server.asked()[1].line, "GET /u/u?n=");
    assert_eq!(enricher.derived(&get("e=pv&p=web&uid=u")), [""; 0]);
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn bodies() {
    for method in ["POST", "PUT"] {
        let server = answering(r#"{"record":1}"#);
        let enricher = Enricher::with(&[config(parameters(method, &format!("{}/x", server.url)))], &[]);
        enricher.outputs(&record("ä", r#"{"n":1.50}"#));
        let asked = server.asked()[0].clone();
        assert_eq!(asked.line, format!("{method} /x"));
        assert_eq!(asked.body, r#"{"user":"ä","n-1":"1.50"}"#);
    }
    let server = answering("1");
    let enricher = Enricher::with(&[config(parameters("GET", &format!("{}/{{{{x}}}}", server.url)))], &[]);
    assert_eq!(enricher.derived(&record("u", r#"{"n":1}"#)), [""; 0]);
    assert!(server.asked().is_empty(), "a key that nothing fills");
}

#[test]
fn what_comes_of_answers() {
    let made = |answer: &'static str, path: &str| {
        let server = answering(answer);
        let mut parameters = parameters("GET", &server.url);
        parameters["outputs"][0]["json"]["jsonPath"] = json!(path);
        Enricher::with(&[config(parameters)], &[]).outputs(&record("u", r#"{"n":1}"#))
    };
    let entity = |answer, path: &str| {
        let line = String::from_utf8(made(answer, path)[0].data.to_vec()).unwrap();
        super::derived(&event::enriched::EnrichedEvent::parse_tsv(&line).unwrap()).join(" ")
    };
    assert_eq!(entity(r#"{"a":{"b":1.0}}"#, "$.a"), r#"com.acme.piste/open/1-0-0 {"b":1.0}"#);
    assert_eq!(entity(r#"[{"b":1},{"b":2}]"#, "$[1]"), r#"com.acme.piste/open/1-0-0 {"b":2}"#);
    let failure = |answer, path: &str| {
        let row = String::from_utf8(made(answer, path)[0].data.to_vec()).unwrap();
        let row = event::json::parse(&row).unwrap();
        let message = row["data"]["failure"]["messages"][0].clone();
        assert_eq!(message["enrichment"]["identifier"], "api-request");
        message["message"]["error"].as_str().unwrap().to_owned()
    };
    let nothing = "API Request enrichment:Value not found Error: no values were found by JSON Path [$.a] in";
    assert_eq!(failure(r#"{"b":1}"#, "$.a"), format!(r#"{nothing} [{{"b":1}}]"#));
    assert_eq!(failure(r#"{"a":[]}"#, "$.a"), format!(r#"{nothing} [{{"a":[]}}]"#));
    assert!(failure("<html>", "$").starts_with("invalid json: "));
}

#[test]
fn an_outage_is_a_failure_or_nothing() {
    let server = Server::start(|number, _| match number {
        0 => Reply::Answer(200, r#"{"record":{"n":0}}"#.to_owned()),
        1 => Reply::Answer(503, String::new()),
        2 => Reply::Close,
        _ => Reply::Hang,
    });
    let parameters = parameters("GET", &server.url);
    let failing = config(parameters.clone());
    let enricher = Enricher::with(&[failing], &[]);
    let [ann, bob, mut cleo] = ["ann", "bob", "cleo"].map(|user| {
        let uri = format!("{}/{user}", server.url);
        let mut own = parameters.clone();
        own["api"]["http"]["uri"] = json!(uri);
        own
    });
    // Only who hangs is given little time.
    cleo["api"]["http"]["timeout"] = json!(100);
    enricher.derived(&record("u", r#"{"n":1}"#));
    let error = |parameters: Value| {
        let row = Enricher::with(&[config(parameters)], &[]).bad(&record("u", r#"{"n":1}"#));
        row["data"]["failure"]["messages"][0]["message"]["error"].as_str().unwrap().to_owned()
    };
    assert_eq!(error(ann), "Request failed with status 503");
    assert!(error(bob.clone()).starts_with("error sending request"));
    assert_eq!(error(cleo), "no answer within 100 ms");
    // Or it is as if nothing had been asked.
    let mut ignoring = bob;
    ignoring["ignoreOnError"] = json!(true);
    assert_eq!(Enricher::with(&[config(ignoring)], &[]).derived(&record("u", r#"{"n":1}"#)), [""; 0]);
}

#[test]
fn what_cannot_be_asked_is_refused_at_start() {
    let with = |pointer: &str, value: Value| {
        let mut parameters = parameters("GET", "http://x");
        *parameters.pointer_mut(pointer).unwrap() = value;
        build(&[config(parameters)], &[]).unwrap_err()
    };
    assert_eq!(
        with("/inputs/0/pojo/field", json!("shoe_size")),
        "it: parameters.inputs[0].pojo.field: there is no field shoe_size"
    );
    assert!(
        with("/inputs/1/json/jsonPath", json!("$[")).starts_with("it: parameters.inputs[1].json.jsonPath: ")
    );
    assert!(
        with("/outputs/0/json/jsonPath", json!("$["))
            .starts_with("it: parameters.outputs[0].json.jsonPath: ")
    );
}
