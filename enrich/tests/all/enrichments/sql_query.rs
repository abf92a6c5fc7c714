//! `sql_query_enrichment_config`, with a real PostgreSQL.

use enrich::lookup::client::Settings;
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
    time::Duration,
};

use super::{ENRICHMENTS, Enricher, build, configuration, contexts, escaped};
use crate::{postgres::Postgres, samples::get};

fn config(host: &str, sql: &str) -> Value {
    let inside = json!({
        "field": "contexts", "schemaCriterion": "iglu:com.acme.piste/open/jsonschema/1-*-*", "jsonPath": "$.n",
    });
    let login = json!({
        "host": host, "port": 5432, "sslMode": false, "username": "postgres", "password": "", "database": "postgres",
    });
    let parameters = json!({
        "inputs": [{"placeholder": 1, "pojo": {"field": "user_id"}}, {"placeholder": 2, "json": inside}],
        "database": {"postgresql": login},
        "query": {"sql": sql},
        "output": {
            "expectedRows": "AT_MOST_ONE",
            "json": {
                "schema": "iglu:com.acme.piste/open/jsonschema/1-0-0", "describes": "ALL_ROWS",
                "propertyNames": "CAMEL_CASE",
            },
        },
        "cache": {"size": 10, "ttl": 60},
        "ignoreOnError": false,
    });
    configuration(ENRICHMENTS, "sql_query_enrichment_config/1-0-1", parameters)
}

fn record(user: &str, n: &str) -> Vec<u8> {
    let entity = format!(r#"{{"n":{n}}}"#);
    get(&format!("e=pv&p=web&uid={user}&co={}", escaped(&contexts("open", &[&entity]))))
}

/// The two messages of the failure.
fn failure(enricher: &Enricher, record: &[u8]) -> [String; 2] {
    let row = enricher.bad(record);
    let messages = row["data"]["failure"]["messages"].as_array().unwrap();
    let text = |n: usize| {
        assert_eq!(messages[n]["enrichment"]["identifier"], "sql-query");
        messages[n]["message"]["error"].as_str().unwrap().to_owned()
    };
    assert_eq!(messages.len(), 2);
    [text(0), text(1)]
}

#[test]
fn rows_become_entities() {
    let postgres = Postgres::start();
    let check = |select: &str, n: &str, expect: &str| {
        let sql = format!("select {select} where ?::text <> 'nobody' and coalesce(?::text, '') <> 'never'");
        let derived = Enricher::with(&[config(&postgres.host(), &sql)], &[]).derived(&record("ann", n));
        assert_eq!(derived, [format!("com.acme.piste/open/1-0-0 {expect}")], "{select}");
    };
    check("1 as some_name", "1", r#"{"someName":1}"#);
    check(
        "true a, 2::int2 b, 3::int8 c, 1.5::float4 d, 1e30::float8 e, 'NaN'::float8 f, null g",
        "1",
        r#"{"a":true,"b":2,"c":3,"d":1.5,"e":1.0E30,"f":"NaN","g":null}"#,
    );
    check(
        "12.340 a, -0.00012 b, 1e10::numeric c, 'NaN'::numeric d, 0.0 e, 10000.0001 f",
        "1",
        r#"{"a":12.340,"b":-0.00012,"c":10000000000,"d":"NaN","e":0.0,"f":10000.0001}"#,
    );
    check(
        "'1'::text a, 'x'::bpchar(3) b, date '2024-02-29' c, timestamp '2024-02-29 01:02:03.5' d, \
         timestamptz '2024-02-29 01:02:03+01' e, time '01:02:03' f",
        "1",
        r#"{"a":"1","b":"x  ","c":"2024-02-29T00:00:00.000Z","d":"2024-02-29 01:02:03.5","e":"2024-02-29 00:02:03.0","f":"01:02:03"}"#,
    );
    check(
        "'{\"k\":[1]}'::json a, '{\"k\": 1.0}'::jsonb b, array[1,2] c, array['a b',null,'\"'] d, \
         '8c2a7f5e-1b7d-4c55-9d0e-6a4d6f1c2b3a'::uuid e, '\\x0aff'::bytea f",
        "1",
        r#"{"a":{"k":[1]},"b":{"k":1.0},"c":"{1,2}","d":"{\"a b\",NULL,\"\\\"\"}","e":"8c2a7f5e-1b7d-4c55-9d0e-6a4d6f1c2b3a","f":"\\x0aff"}"#,
    );
}

#[test]
fn parameters_are_declared_as_java_has_them() {
    let postgres = Postgres::start();
    let check = |n: &str, expect: &str| {
        let sql = "select pg_typeof(?)::text u, pg_typeof(?)::text n";
        let derived = Enricher::with(&[config(&postgres.host(), sql)], &[]).derived(&record("ann", n));
        let expect = format!(r#"com.acme.piste/open/1-0-0 {{"u":"character varying","n":"{expect}"}}"#);
        assert_eq!(derived, [expect], "{n}");
    };
    check("1", "integer");
    check("3000000000", "bigint");
    check("1.5", "double precision");
    check("true", "boolean");
    check("\"12\"", "integer");
    check("\"true\"", "boolean");
    check("\"x\"", "character varying");
    // A placeholder without a value: nothing is asked.
    let sql = "select ?::text a, ?::text b";
    let enricher = Enricher::with(&[config(&postgres.host(), sql)], &[]);
    assert_eq!(enricher.derived(&record("", "1")), [""; 0]);
    // Fewer values than placeholders are no rows.
    assert_eq!(enricher.derived(&record("ann", "null")), [""; 0]);
    let mut one = config(&postgres.host(), sql);
    one["data"]["parameters"]["output"]["expectedRows"] = json!("EXACTLY_ONE");
    let [head, detail] = failure(&Enricher::with(&[one], &[]), &record("ann", "null"));
    assert_eq!(head, "Error while executing the sql lookup");
    assert_eq!(detail, "SQL Query Enrichment: exactly one row was expected");
}

#[test]
fn a_database_that_refuses_is_late_or_dies() {
    let mut postgres = Postgres::start();
    let asked = "select ?::text || ?::text as a";
    let enricher = Enricher::with(&[config(&postgres.host(), asked)], &[]);
    let entity = |text: &str| [format!(r#"com.acme.piste/open/1-0-0 {{"a":"{text}"}}"#)];
    assert_eq!(enricher.derived(&record("ann", "1")), entity("ann1"));
    let wrong = Enricher::with(&[config(&postgres.host(), "select ?, ? from nowhere")], &[]);
    assert_eq!(
        failure(&wrong, &record("ann", "1")),
        ["Error while executing the sql lookup", "relation \"nowhere\" does not exist (42P01)"]
    );
    let path = Enricher::with(&[config(&postgres.host(), "select ?::text, ?::text, path '(1,2)' as p")], &[]);
    let [_, said] = failure(&path, &record("ann", "1"));
    assert!(said.contains("column p of type path cannot be read, cast it to text"), "{said}");
    let patience = Settings { query_timeout: Duration::from_millis(300), ..Settings::default() };
    let slow = "select ?::text || ?::text || pg_sleep(60)::text as a";
    let late = Enricher::with(&[config(&postgres.host(), slow)], &[]).asking(patience);
    assert_eq!(failure(&late, &record("ann", "1"))[1], "no answer within 0.3 s");
    postgres.crash();
    // What is remembered goes on, what is new fails.
    assert_eq!(enricher.derived(&record("ann", "1")), entity("ann1"));
    let [_, said] = failure(&enricher, &record("bob", "2"));
    assert!(said.starts_with("error connecting to server"), "{said}");
    let mut ignoring = config(&postgres.host(), asked);
    ignoring["data"]["parameters"]["ignoreOnError"] = json!(true);
    assert_eq!(Enricher::with(&[ignoring], &[]).derived(&record("bob", "2")), [""; 0]);
    postgres.resume();
    let again = Enricher::with(&[config(&postgres.host(), asked)], &[]);
    assert_eq!(again.derived(&record("bob", "2")), entity("bob2"));
}

/// Servers that are no databases, in the places where a client reads.
#[test]
fn nonsense_is_a_failure() {
    let long = [b'R'; 70_000];
    let table: [&[u8]; 6] = [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"N",
        b"R\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I\xff\xff\xff\xff\xff",
        b"R\x7f\xff\xff\xff\x00\x00\x00\x00",
        &long,
    ];
    for said in table {
        let said = said.to_vec();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let answered = said.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 512]);
                let _ = stream.write_all(&answered);
            }
        });
        for is_encrypted in [false, true] {
            let mut config = config("127.0.0.1", "select ?::text || ?::text as a");
            let login = &mut config["data"]["parameters"]["database"]["postgresql"];
            login["port"] = json!(port);
            login["sslMode"] = json!(is_encrypted);
            let patience = Settings {
                connection_timeout: Duration::from_millis(500),
                query_timeout: Duration::from_millis(500),
                ..Settings::default()
            };
            let enricher = Enricher::with(&[config], &[]).asking(patience);
            let [head, detail] = failure(&enricher, &record("ann", "1"));
            assert_eq!(head, "Error while executing the sql lookup");
            assert!(!detail.is_empty(), "{said:?}");
        }
    }
}

#[test]
fn what_cannot_be_asked_is_refused_at_start() {
    let mut mysql = config("db", "select ?, ?");
    let login = mysql["data"]["parameters"]["database"]["postgresql"].take();
    mysql["data"]["parameters"]["database"] = json!({"mysql": login});
    assert_eq!(
        build(&[mysql], &[]).unwrap_err(),
        "it: parameters.database: there is no client for MySQL here: set enabled to false"
    );
}
