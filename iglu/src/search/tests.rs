//! The recorded resolver (iglu-scala-client 4.0.2): searches driven with a clock of ours and scripted registries.

use std::collections::HashMap;

use event::self_describing::SelfDescribing;
use serde_json::{Map, json};

use super::*;
use crate::{
    cache::Lookup,
    check::{self, Verdict},
    client_error::RegistryError,
    http::{self, HttpSettings},
    resolver_config::ResolverConfig,
    until::Until,
};

/// Not compared, and why.
const LEFT_OUT: [(&str, &str); 5] = [
    ("res-java-404", "the older transport of the original, which this client does not speak"),
    ("res-java-500", "the same"),
    ("res-java-401", "the same"),
    ("res-java-garbage", "the same"),
    ("res-close", "the JDK repeats a GET by itself: twelve requests instead of six"),
];

/// Registry failures that pass are asked again so often in the recording.
const SETTINGS: HttpSettings =
    HttpSettings { max_retries: 5, max_wait: Duration::ZERO, timeout: Duration::from_secs(3) };

#[test]
fn backoffs() {
    let table = [
        (0, 501),
        (1, 504),
        (2, 516),
        (8, 60_000),
        (9, 20_183),
        (12, 60_000),
        (13, 13_692),
        (20, 60_000),
        (21, 60_000),
    ];
    for (attempts, millis) in table {
        assert_eq!(backoff(attempts), Duration::from_millis(millis), "{attempts}");
    }
}

#[test]
fn recorded_cases() {
    let mut differ = vec![];
    let mut seen = 0;
    for line in include_str!("../../tests/golden/resolver.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let id = case["id"].as_str().unwrap();
        if LEFT_OUT.iter().any(|(left_out, _)| *left_out == id) {
            continue;
        }
        seen += 1;
        differ.extend(differences(&case).into_iter().map(|difference| format!("{id}: {difference}")));
    }
    assert!(seen > 40, "{seen}");
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

fn differences(case: &Value) -> Vec<String> {
    let expect = &case["expect"];
    let config = match ResolverConfig::from_json(&case["config"]) {
        Ok(config) => config,
        // The original says it in the words of its JSON library.
        Err(_) if expect.get("config_error").is_some() || expect.get("init_error").is_some() => return vec![],
        Err(error) => return vec![format!("refused: {error}")],
    };
    if expect.get("steps").is_none() {
        return vec![format!("accepted, expected {expect}")];
    }
    let mut lookups = Driver::new(case, config.clone());
    let mut checks = Driver::new(case, config);
    let steps = case["steps"].as_array().unwrap().iter().zip(expect["steps"].as_array().unwrap());
    let mut differ = vec![];
    for (step, expect) in steps {
        // Scripts and time are shared, caches are not.
        let is_check = step["op"] == "check";
        let driver = if is_check { &mut checks } else { &mut lookups };
        let result = driver.step(step);
        let requests = json!(std::mem::take(&mut driver.requests));
        let mut expected = expect["result"].clone();
        expected.as_object_mut().map(|expected| expected.remove("text"));
        if result != expected || requests != expect["requests"] {
            differ.push(format!(
                "{step}\n  expect {expected} {}\n  got    {result} {requests}",
                expect["requests"]
            ));
        }
        let (now, turns) = (driver.now, driver.turns.clone());
        for driver in [&mut lookups, &mut checks] {
            (driver.now, driver.turns) = (now, turns.clone());
        }
    }
    differ
}

/// Does what the client does, with scripted answers.
struct Driver {
    scripts: Value,
    keeps: bool,
    cache: Cache,
    repositories: Vec<Repository>,
    now: Timestamp,
    turns: HashMap<String, usize>,
    requests: Vec<String>,
}

impl Driver {
    fn new(case: &Value, config: ResolverConfig) -> Self {
        Self {
            scripts: case["registries"].clone(),
            keeps: config.cache_size > 0 && config.cache_ttl != Some(Duration::ZERO),
            cache: Cache::new(config.cache_size, config.cache_ttl),
            repositories: config.with_built_in(),
            now: Timestamp::from_second(1_700_000_000).unwrap(),
            turns: HashMap::new(),
            requests: vec![],
        }
    }

    fn step(&mut self, step: &Value) -> Value {
        if !self.keeps {
            // What was just fetched may be read for a second.
            self.pass(Duration::from_secs(1));
        }
        let key = || step["key"].as_str().unwrap().parse::<SchemaKey>().unwrap();
        match step["op"].as_str().unwrap() {
            "sleep" => {
                self.pass(Duration::from_millis(step["ms"].as_u64().unwrap()));
                Value::Null
            }
            "lookup" => match self.get(&key(), step["superseding"] == true) {
                Ok(schema) => json!({
                    "cached": self.keeps,
                    "schema": schema.json,
                    "supersededBy": schema.superseded_by.map(|version| version.to_string()),
                }),
                Err(error) => json!({"error": masked(error.to_json())}),
            },
            "check" => self.check(&step["data"]),
            "par" => (0..step["n"].as_u64().unwrap()).map(|_| self.get(&key(), false).is_ok()).collect(),
            "list" => self.list(step),
            "until" => {
                let mut walk = Until::new(&key());
                let mut found = vec![];
                while let Some(key) = walk.next().cloned() {
                    match self.get(&key, false) {
                        Ok(_) => {
                            found.push(key.to_string());
                            walk.found();
                        }
                        Err(error) => {
                            if let Err(key) = walk.missing(&error, &self.repositories) {
                                return json!({"failed_at": key.to_string(), "error": masked(error.to_json())});
                            }
                        }
                    }
                }
                json!({"until": found})
            }
            other => panic!("{other}"),
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now = cache::after(self.now, time).unwrap();
    }

    fn check(&mut self, data: &Value) -> Value {
        let data = match SelfDescribing::from_json(data.clone()) {
            Ok(data) => data,
            Err(error) => return json!({"parse_error": error.code}),
        };
        loop {
            let superseded_by = match check::check_within(&self.cache, &data, 40, self.now) {
                Verdict::Need(key) => {
                    let _ = self.get(&key, true);
                    continue;
                }
                Verdict::Invalid(error) => return json!({"error": masked(error.to_json())}),
                Verdict::Valid => None,
                Verdict::ValidBySuperseding(key) => Some(key.version.to_string()),
            };
            return json!({"valid": true, "supersededBy": superseded_by});
        }
    }

    fn get(&mut self, key: &SchemaKey, follows: bool) -> Result<Arc<Schema>, Arc<ResolutionError>> {
        loop {
            match self.cache.lookup(key, self.now) {
                Lookup::Known(schema) => return Ok(schema),
                Lookup::Unknown(error) => return Err(error),
                Lookup::Need => {
                    let prior = self.cache.prior(key, self.now);
                    let known = prior.schema.clone();
                    let repositories = self.repositories.clone();
                    let mut search = Search::new(&repositories, key.clone(), follows, prior, self.now);
                    loop {
                        match search.step() {
                            Step::Ask(place, key) => {
                                let answer = self.ask(&repositories[place], &key.path());
                                search.answer(answer, self.now);
                            }
                            Step::Done(outcome) => break outcome.keep(&self.cache, key, known, self.now),
                        }
                    }
                }
            }
        }
    }

    fn list(&mut self, step: &Value) -> Value {
        let (vendor, name) = (step["vendor"].as_str().unwrap(), step["name"].as_str().unwrap());
        let mut error = ResolutionError::default();
        for place in order(&self.repositories, vendor) {
            let repository = self.repositories[place].clone();
            let path = format!("{vendor}/{name}/jsonschema/{}", step["model"]);
            match self.ask(&repository, &path).and_then(|json| http::list_of(&json)) {
                Ok(keys) => return json!({"list": keys.iter().map(ToString::to_string).collect::<Vec<_>>()}),
                Err(answer) => error.add(&repository.name, answer, self.now),
            }
        }
        json!({"error": masked(error.to_json())})
    }

    fn ask(&mut self, repository: &Repository, path: &str) -> Result<Value, RegistryError> {
        let Connection::Http { uri, apikey } = &repository.connection else {
            return Err(RegistryError::NotFound);
        };
        let (registry, rest) = uri.trim_start_matches("http://{{").split_once("}}").unwrap();
        let mut retry = 0;
        loop {
            let path = format!("{rest}/schemas/{path}");
            let key = apikey.as_ref().map_or(String::new(), |apikey| format!(" apikey={apikey}"));
            self.requests.push(format!("{registry} GET {path}{key}"));
            let (answer, may_pass) = self.once(registry, &path);
            if !may_pass || retry == SETTINGS.max_retries {
                return answer;
            }
            retry += 1;
        }
    }

    fn once(&mut self, registry: &str, path: &str) -> (Result<Value, RegistryError>, bool) {
        let scripts = self.scripts[registry].as_object().cloned().unwrap_or_else(Map::new);
        let Some(script) = scripts.get(path).or_else(|| scripts.get("*")) else {
            return (http::body_of(404, b"{}", false), false);
        };
        let script = script.as_array().unwrap();
        let turn = self.turns.entry(format!("{registry}{path}")).or_default();
        let response = &script[(*turn).min(script.len() - 1)];
        *turn += 1;
        if u128::from(response["delay_ms"].as_u64().unwrap_or(0)) > SETTINGS.timeout.as_millis() {
            return (Err(RegistryError::ClientFailure("timed out".into())), true);
        }
        let body = match &response["body"] {
            Value::String(text) => text.clone(),
            json => json.to_string(),
        };
        let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
        (http::body_of(status, body.as_bytes(), false), http::may_pass(status))
    }
}

fn masked(json: Value) -> Value {
    match json {
        Value::Object(map) => map
            .into_iter()
            .map(|(name, value)| {
                let value = if name == "lastAttempt" { json!("{{ts}}") } else { masked(value) };
                (name, value)
            })
            .collect(),
        Value::Array(items) => items.into_iter().map(masked).collect(),
        scalar => scalar,
    }
}
