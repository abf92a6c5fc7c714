//! `api_request_enrichment_config`: entities out of the answers of an API (`spec/enrichments-and-adapters.md` 2.21).

use std::{sync::Arc, time::Duration};

use event::{bad_row::Message, json, schema_key::SchemaKey, self_describing::SelfDescribing};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Built, Enrichment, Kind,
    assets::Assets,
    configuration::Configuration,
    inputs::{self, Found, Input},
};
use crate::{
    java::text::form_encoded,
    json_path::JsonPath,
    lookup::{
        Ask, Memory, Place, Service,
        http::{HttpService, Method, Request},
    },
    problem::{StepFailure, StepProblem},
    steps::Working,
};

pub(crate) static KIND: Kind = Kind::new("api_request_enrichment_config", (1, 0), build);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    inputs: Vec<Named>,
    api: Api,
    outputs: Vec<ConfiguredOutput>,
    cache: Cache,
    ignore_on_error: Option<bool>,
}

#[derive(Deserialize)]
struct Named {
    key: String,
    #[serde(flatten)]
    input: inputs::Configured,
}

#[derive(Deserialize)]
struct Api {
    http: Http,
}

#[derive(Deserialize)]
struct Http {
    method: Method,
    uri: String,
    /// Milliseconds.
    timeout: u64,
    authentication: Authentication,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authentication {
    http_basic: Option<Basic>,
}

#[derive(Deserialize)]
struct Basic {
    username: Option<String>,
    password: Option<String>,
}

#[derive(Deserialize)]
struct ConfiguredOutput {
    schema: String,
    json: OutputPath,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OutputPath {
    json_path: String,
}

/// How much is remembered, and for how many seconds.
#[derive(Deserialize)]
pub(super) struct Cache {
    pub(super) size: usize,
    pub(super) ttl: i64,
}

struct ApiRequest {
    key: SchemaKey,
    inputs: Vec<(String, Input)>,
    method: Method,
    uri: String,
    outputs: Vec<Output>,
    service: Arc<Service>,
    ignores_errors: bool,
}

struct Output {
    schema: SchemaKey,
    /// As it was configured, for failures.
    text: String,
    path: JsonPath,
}

fn build(configuration: &Configuration, _: &Assets) -> Built {
    let Parameters { inputs, api: Api { http }, outputs, cache, ignore_on_error } = configuration.read()?;
    let inputs = inputs.into_iter().enumerate().map(|(n, Named { key, input })| {
        let input = Input::read(input).map_err(|what| format!("parameters.inputs[{n}].{what}"))?;
        Ok((key, input))
    });
    let outputs = outputs.into_iter().enumerate().map(|(n, ConfiguredOutput { schema, json })| {
        let at = |what: String| format!("parameters.outputs[{n}].{what}");
        let key = schema.parse().map_err(|_| at(format!("schema: {schema} names no schema")))?;
        let path = JsonPath::compile(&json.json_path).map_err(|e| at(format!("json.jsonPath: {e}")))?;
        Ok(Output { schema: key, text: json.json_path, path })
    });
    let login = http
        .authentication
        .http_basic
        .map(|Basic { username, password }| (username.unwrap_or_default(), password.unwrap_or_default()));
    let place = Place::Http(HttpService { timeout: Duration::from_millis(http.timeout), login });
    let service = Service::new("api_request", place, Memory::new(cache.size, cache.ttl));
    Ok(Box::new(ApiRequest {
        key: configuration.key.clone(),
        inputs: inputs.collect::<Result<_, String>>()?,
        method: http.method,
        uri: http.uri,
        outputs: outputs.collect::<Result<_, String>>()?,
        service: Arc::new(service),
        ignores_errors: ignore_on_error.unwrap_or(false),
    }))
}

impl Enrichment for ApiRequest {
    fn run(&self, working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
        let Some(request) = self.request(working) else { return Ok(()) };
        let Some(answer) = working.inquiry.answer(&self.service, Ask::Http(request)) else { return Ok(()) };
        let made = match answer {
            Ok(answer) => self.entities(&answer),
            Err(error) => Err(vec![error.to_string()]),
        };
        match made {
            Ok(entities) => working.derive_all(entities),
            Err(_) if self.ignores_errors => {}
            Err(errors) => working.fail_all(errors.into_iter().map(|error| self.failure(error))),
        }
        Ok(())
    }
}

impl ApiRequest {
    /// What is asked; `None`: something that it takes is missing, so nothing.
    fn request(&self, working: &Working<'_>) -> Option<Request> {
        let mut texts: Vec<(&str, String)> = Vec::new();
        for (key, input) in &self.inputs {
            let text = match input.find(working) {
                Found::Field(_, text) => text.to_owned(),
                Found::Values(values) => text_of(values),
                Found::Nothing | Found::Unknown => return None,
            };
            texts.retain(|(other, _)| other != key);
            texts.push((key, text));
        }
        let url = filled(&self.uri, &texts)?;
        let body = match self.method {
            Method::Get => None,
            Method::Post | Method::Put => {
                let members = texts.into_iter().map(|(key, text)| (key.to_owned(), Value::String(text)));
                Some(json::to_compact(&Value::Object(members.collect::<Map<_, _>>())))
            }
        };
        Some(Request { method: self.method, url, body })
    }

    fn entities(&self, answer: &Value) -> Result<Vec<SelfDescribing>, Vec<String>> {
        let (mut entities, mut errors) = (Vec::new(), Vec::new());
        for Output { schema, text, path } in &self.outputs {
            let mut values = path.values(answer);
            let data = match values.len() {
                1 => values.swap_remove(0),
                _ => Value::Array(values),
            };
            if data.as_array().is_some_and(Vec::is_empty) {
                errors.push(format!(
                    "API Request enrichment:Value not found Error: no values were found by JSON Path [{text}] in [{}]",
                    json::to_compact(answer)
                ));
            } else {
                entities.push(SelfDescribing::new(schema.clone(), data));
            }
        }
        if errors.is_empty() { Ok(entities) } else { Err(errors) }
    }

    fn failure(&self, error: String) -> StepFailure {
        let enrichment = Some((self.key.clone(), "api-request".to_owned()));
        StepFailure { enrichment, what: StepProblem::Message(Message::Simple { error }) }
    }
}

/// The text of what a path led to.
fn text_of(mut values: Vec<Value>) -> String {
    match values.len() {
        0 => String::new(),
        1 => match values.swap_remove(0) {
            Value::Array(items) => text_of_list(items),
            value => plain(&value),
        },
        _ => text_of_list(values),
    }
}

fn text_of_list(items: Vec<Value>) -> String {
    items.iter().map(plain).collect::<Vec<_>>().join(",")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => json::to_compact(other),
    }
}

/// The template with `{{ key }}` replaced. `None`: a brace is left.
fn filled(template: &str, texts: &[(&str, String)]) -> Option<String> {
    let mut url = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(open) = rest.find("{{") {
        let (before, behind) = rest.split_at(open);
        let close = behind.find("}}")?;
        let key = behind[2..close].trim();
        let (_, text) = texts.iter().find(|(name, _)| *name == key)?;
        url.push_str(before);
        url.push_str(&form_encoded(text));
        rest = &behind[close + 2..];
    }
    url.push_str(rest);
    (!rest.contains(['{', '}']) && !url.contains(['{', '}'])).then_some(url)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn templates() {
        let texts = [("user", "a b&ü".to_owned()), ("n-1", "7".to_owned())];
        let check = |template: &str, expect: Option<&str>| {
            assert_eq!(filled(template, &texts).as_deref(), expect, "{template}");
        };
        check("http://api/", Some("http://api/"));
        check("http://api/{{user}}?n={{ n-1 }}", Some("http://api/a+b%26%C3%BC?n=7"));
        check("http://api/{{other}}", None);
        check("http://api/{user}", None);
        check("http://api/{{user", None);
        check("http://api/}}", None);
    }

    #[test]
    fn texts_of_values() {
        let check = |values: Value, expect: &str| {
            let Value::Array(values) = values else { panic!() };
            assert_eq!(text_of(values), expect);
        };
        check(json!([]), "");
        check(json!(["a b"]), "a b");
        check(json!([1.5]), "1.5");
        check(json!([null]), "null");
        check(json!([{"a": [1]}]), r#"{"a":[1]}"#);
        check(json!([["a", 1]]), "a,1");
        check(json!(["a", true]), "a,true");
    }
}
