//! `javascript_script_config`: what scripts see, what they may do, and what becomes of those that go wrong.

use base64::{Engine, engine::general_purpose::STANDARD};
use event::{atomic::Field, enriched::EnrichedEvent};
use serde_json::{Value, json};

use super::{Enricher, SNOWPLOW, build, configuration, contexts, escaped, unstruct};
use crate::samples::{encoded, payload};

fn config(script: &str) -> Value {
    configuration(SNOWPLOW, "javascript_script_config/1-0-0", json!({"script": STANDARD.encode(script)}))
}

/// A structured event with an entity.
fn record() -> Vec<u8> {
    let entities = contexts("open", &[r#"{"n":1}"#]);
    let mut request = payload();
    let query = "e=se&p=web&aid=shop&uid=ann&se_va=1.50&vp=800x600&cookie=1&tid=7&se_la=&co=";
    request.querystring = Some(format!("{query}{}", escaped(&entities)));
    request.headers = Some(vec!["X-A: 1".into(), "Cookie: sp=2".into()]);
    encoded(&request)
}

/// The event that a script makes of [`record`].
#[track_caller]
fn event(script: &str) -> EnrichedEvent {
    Enricher::with(&[config(script)], &[]).event(&record())
}

/// The text that `expression` has.
#[track_caller]
fn value(expression: &str) -> String {
    let script =
        format!("function process(event, params, headers) {{ event.setSe_property(String({expression})); }}");
    event(&script).get(Field::SeProperty).unwrap_or_default().to_owned()
}

/// What the failure of a script says.
#[track_caller]
fn failure(script: &str) -> String {
    let row = Enricher::with(&[config(script)], &[]).bad(&record());
    let message = &row["data"]["failure"]["messages"][0];
    assert_eq!(message["enrichment"]["identifier"], "Javascript enrichment");
    message["message"]["error"].as_str().unwrap().to_owned()
}

#[test]
fn what_scripts_read() {
    let table = [
        ("event.getApp_id()", "shop"),
        ("event.app_id", "shop"),
        ("event.getBr_lang()", "null"),
        ("typeof event.getSe_label()", "object"),
        ("event.getSe_value() + 1", "2.5"),
        ("event.getBr_viewwidth() * 2", "1600"),
        ("event.getBr_cookies()", "1"),
        ("event.getTxn_id() === 7", "true"),
        ("event.getGeo_latitude()", "null"),
        ("JSON.parse(event.getContexts()).data[0].data.n", "1"),
        ("event.getUnstruct_event()", "null"),
        ("event.getDerived_contexts()", "null"),
        ("event.getPii()", "null"),
        ("event.getEvent_name()", "event"),
        ("headers.length + headers[1] + headers.get(0) + headers.size()", "2Cookie: sp=2X-A: 12"),
        ("headers.contains('X-A: 1')", "true"),
        ("JSON.stringify(params)", "{}"),
        (
            "typeof fetch + typeof require + typeof setTimeout + typeof std + typeof os",
            &"undefined".repeat(5),
        ),
        // Java, as far as it goes.
        (
            "Java.type('org.apache.commons.codec.digest.DigestUtils').md5Hex('a')",
            "0cc175b9c0f1b6a831c399e269772661",
        ),
        ("new java.math.BigDecimal('1.10')", "1.10"),
        ("java.net.URLEncoder.encode('a b&ü', 'UTF-8')", "a+b%26%C3%BC"),
        ("java.net.URLDecoder.decode('a+b%26%C3%BC', 'UTF-8')", "a b&ü"),
        ("new java.net.URL('https://u@h.example:81/p%20q?a=b#c').getHost()", "h.example"),
        ("new java.net.URI('https://h.example/p%20q?a=b#c').getPath()", "/p q"),
        ("java.util.Base64.getUrlEncoder().withoutPadding().encodeToString('??>'.getBytes())", "Pz8-"),
        ("new java.lang.String(java.util.Base64.getDecoder().decode('w6Q='))", "ä"),
        ("java.util.UUID.nameUUIDFromBytes('a'.getBytes())", "0cc175b9-c0f1-36a8-b1c3-99e269772661"),
        ("/^[0-9a-f-]{36}$/.test(java.util.UUID.randomUUID().toString())", "true"),
        ("java.security.MessageDigest.getInstance('SHA-1').digest('a'.getBytes())[0]", "-122"),
        (
            "'Abc'.equalsIgnoreCase('aBC') && 'abc'.contains('b') && !'a'.isEmpty() && 'ab'.matches('a.')",
            "true",
        ),
        ("'hello'.hashCode()", "99162322"),
        ("Packages.java.lang.Integer.parseInt('12') + java.lang.Math.max(1, 2)", "14"),
    ];
    for (expression, expect) in table {
        assert_eq!(value(expression), expect, "{expression}");
    }
}

#[test]
fn what_scripts_write() {
    let check = |script: &str, field: Field, expect: Option<&str>| {
        let event = event(&format!("function process(event) {{ {script} }}"));
        assert_eq!(event.get(field), expect, "{script}");
    };
    check("event.setApp_id('x')", Field::AppId, Some("x"));
    check("event.app_id = 5", Field::AppId, Some("5"));
    check("event.setApp_id(null)", Field::AppId, None);
    check("event.setApp_id(undefined)", Field::AppId, Some("undefined"));
    check("event.setApp_id('a\\tb\\nc')", Field::AppId, Some("a    bc"));
    check("event.setApp_id('\\uD800')", Field::AppId, Some("\u{FFFD}"));
    check("event.setTxn_id('12')", Field::TxnId, Some("12"));
    check("event.setTxn_id(12.9)", Field::TxnId, Some("12"));
    check("event.setBr_cookies(false)", Field::BrCookies, Some("0"));
    check("event.setGeo_latitude(37.75)", Field::GeoLatitude, Some("37.75"));
    check("event.setTr_total(1e-7)", Field::TrTotal, Some("1E-7"));
    check("event.setTr_total(new java.math.BigDecimal('10.10'))", Field::TrTotal, Some("10.10"));
    check("event.setSe_value(null)", Field::SeValue, None);
    check("event.setDerived_contexts('anything')", Field::DerivedContexts, None);
    check("event.setContexts(null)", Field::Contexts, None);
    check(
        "event.setContexts(event.getContexts())",
        Field::Contexts,
        Some(&contexts("open", &[r#"{"n":1}"#])),
    );
    let two = contexts("open", &[r#"{"a":1}"#, r#"{"b":2}"#]);
    check(&format!("event.setContexts('{two}')"), Field::Contexts, Some(&two));
    let click = unstruct("open", r#"{"a":1}"#);
    check(&format!("event.setUnstruct_event('{click}')"), Field::UnstructEvent, Some(&click));
}

#[test]
fn what_a_script_puts_in_is_judged_again() {
    let wrong = contexts("req", &["{}"]);
    let script = format!("function process(event) {{ event.setContexts('{wrong}'); }}");
    let row = Enricher::with(&[config(&script)], &[]).bad(&record());
    assert_eq!(
        row["schema"],
        "iglu:com.snowplowanalytics.snowplow.badrows/schema_violations/jsonschema/2-0-1"
    );
    assert_eq!(
        row["data"]["failure"]["messages"][0]["schemaKey"],
        "iglu:com.acme.piste/req/jsonschema/1-0-0"
    );
}

#[test]
fn scripts_run_in_their_order() {
    let entity = |n: u8| {
        format!(
            "function process(event) {{
               event.setSe_property(event.getSe_property() + {n} + (event.getDerived_contexts() || '').length);
               return [{{schema: 'iglu:com.acme.piste/open/jsonschema/1-0-0', data: {{n: {n}, at: 1.0, of: 1e21}}}}];
             }}"
        )
    };
    let enricher = Enricher::with(&[config(&entity(1)), config(&entity(2))], &[]);
    let event = enricher.event(&record());
    assert_eq!(event.get(Field::SeProperty), Some("12171"));
    let open = |n: u8| format!(r#"com.acme.piste/open/1-0-0 {{"n":{n},"at":1,"of":1e+21}}"#);
    assert_eq!(super::derived(&event), [open(2), open(1)]);
    let erase = "function process(event) { event.eraseDerived_contexts(); return []; }";
    let enricher = Enricher::with(&[config(&entity(1)), config(erase)], &[]);
    assert_eq!(enricher.derived(&record()), [""; 0]);
}

#[test]
fn parameters_come_from_the_configuration() {
    let script = "function process(event, params) { event.setSe_property(params.a[1] + event.getApp_id()); }";
    let parameters = json!({"script": STANDARD.encode(script), "config": {"a": [1, "two"]}});
    let config = configuration(SNOWPLOW, "javascript_script_config/1-0-1", parameters);
    let event = Enricher::with(&[config], &[]).event(&record());
    assert_eq!(event.get(Field::SeProperty), Some("twoshop"));
}

#[test]
fn a_dropped_event_leaves_nothing() {
    let script = "function process(event) { if (event.getApp_id() == 'shop') event.drop(); return 1; }";
    for enricher in [Enricher::with(&[config(script)], &[]), Enricher::with(&[config(script)], &[]).apache()]
    {
        assert!(enricher.outputs(&record()).is_empty());
    }
    let caught = "function process(event) { try { event.drop(); } catch (e) {} }";
    assert_eq!(event(caught).get(Field::AppId), Some("shop"));
}

#[test]
fn failures_say_where() {
    let during = |what: &str| format!("Error during execution of JavaScript function: [{what}]");
    let at = |what: &str, line: u32, column: u32| {
        during(&format!("{what} in it at line number {line} at column number {column}"))
    };
    let table = [
        ("function process() { throw 'boom' }", at("boom", 1, 21)),
        ("function process() {\n  if (1) throw new RangeError('x'); }", at("RangeError: x", 2, 9)),
        (
            "function process() { try { throw 1 } catch (e) {}\n\n null.x; }",
            at("TypeError: cannot read property 'x' of null", 3, 1),
        ),
        ("function process() { throw {toString() { throw 1 }} }", at("something that has no text", 1, 21)),
    ];
    for (script, expect) in table {
        assert_eq!(failure(script), expect, "{script}");
    }
    let table = [
        ("event.setTxn_id('x')", "TypeError: setTxn_id: x is not a number"),
        ("event.setTxn_id(3e9)", "TypeError: setTxn_id: 3000000000 has more than 32 bits"),
        ("event.setBr_cookies(2)", "TypeError: setBr_cookies: 2 is neither 0 nor 1"),
        ("event.setContexts('{}')", "Error: invalid contexts json"),
        ("event.setUnstruct_event('1')", "Error: invalid unstruct_event json"),
        ("event.setPii('1')", "Error: invalid pii json"),
        ("java.io.File", "TypeError: the Java class java.io.File is not to be had here"),
    ];
    for (script, expect) in table {
        let said = failure(&format!("function process(event) {{\n{script} }}"));
        let expect = during(&format!("{expect} in it at line number 2 at column number "));
        assert!(said.starts_with(expect.trim_end_matches(']')), "{said}");
    }
    assert!(failure("var a = 1").contains("ReferenceError: process is not defined"));
    let output = "Output of JavaScript function";
    assert_eq!(
        failure("function process() { return 1 }"),
        format!("{output} [1] could be parsed as JSON but is not read as an array")
    );
    assert!(failure("function process() { return process }").starts_with("Could not parse output JSON"));
    // What was set before stays, and the other steps run.
    let script = "function process(event) { event.setApp_id('early'); throw 'late'; }";
    let row = Enricher::with(&[config(script)], &[]).bad(&record());
    assert_eq!(row["data"]["payload"]["enriched"]["app_id"], "early");
}

#[test]
fn scripts_without_end_are_stopped() {
    let table = [
        ("function process() { while (true) {} }", "it ran for more than 500 ms in it]"),
        ("function process() { try { for (;;) {} } finally { for (;;) {} } }", "it ran for more than 500 ms"),
        ("function process() { /(a+)+$/.test('a'.repeat(40) + 'b') }", "it ran for more than 500 ms"),
        ("function process() { return process() }", "Maximum call stack size exceeded"),
        (
            "function process() { const all = []; for (;;) all.push('x'.repeat(1e6) + all.length) }",
            "out of memory",
        ),
        ("var all = []; function process() { for (;;) all.push(new Array(1e5).fill(1)) }", "out of memory"),
    ];
    for (script, expect) in table {
        let enricher = Enricher::with(&[config(&format!("var n = 0; {script}"))], &[]);
        // Every time: a machine that broke is made anew.
        for _ in 0..2 {
            let row = enricher.bad(&record());
            let said = row["data"]["failure"]["messages"][0]["message"]["error"].to_string();
            assert!(said.contains(expect), "{script}: {said}");
        }
    }
}

#[test]
fn scripts_that_cannot_be_compiled_are_refused() {
    let table = [
        ("function process( {", "it at line number 1"),
        ("\n\nthrow 'early'", "early"),
        ("\n while (1) {}", "it ran for more than 500 ms in it]"),
        ("Java.type('java.io.File')", "the Java class java.io.File is not to be had here"),
        ("function process() { throw\n1 }", "it at line number"),
    ];
    for (script, expect) in table {
        let said = build(&[config(script)], &[]).unwrap_err();
        assert!(said.starts_with("it: Error compiling JavaScript function: ["), "{said}");
        assert!(said.contains(expect), "{said}");
    }
    let parameters =
        |script: &str| configuration(SNOWPLOW, "javascript_script_config/1-0-0", json!({"script": script}));
    assert!(build(&[parameters("?")], &[]).unwrap_err().starts_with("it: parameters.script: no Base64"));
    assert_eq!(build(&[parameters("")], &[]).unwrap_err(), "it: Provided script for JS enrichment is empty");
    // Marks that would break a script are left out.
    event("class A { throw(x) { return x } } function process(event) { new A().throw(1) }");
}
