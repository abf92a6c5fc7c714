//! `referer_parser`: where the visitor came from: a search engine with its words, a social network, a mailbox, our own
//! pages (`spec/enrichments-and-adapters.md` 2.11). The step before it has taken the referrer's URI apart. The current line
//! also knows who sends visitors by the `utm_source` of the page, and says so in an entity.

use std::{borrow::Cow, collections::HashMap};

use event::{
    atomic::Field,
    enriched::EnrichedEvent,
    schema_key::{SchemaKey, SchemaVersion},
    self_describing::SelfDescribing,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Built, Enrichment, Kind,
    assets::{Asset, Assets},
    campaign_attribution::last,
    configuration::Configuration,
};
use crate::{
    java::{
        text::{percent_decoded, tsv_safe},
        uri::Uri,
    },
    problem::StepFailure,
    steps::Working,
};

pub(crate) static KIND: Kind = Kind { assets, ..Kind::new("referer_parser", (2, 0), build) };

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    internal_domains: Vec<String>,
    database: String,
    uri: String,
    /// Entries of the operator's own, stronger than those of the file.
    #[serde(default)]
    referrers: Map<String, Value>,
}

/// A source in the file.
#[derive(Deserialize)]
struct Entry {
    domains: Vec<String>,
    #[serde(default)]
    parameters: Option<Vec<String>>,
    #[serde(default)]
    utm_sources: Option<Vec<String>>,
}

struct Source {
    medium: String,
    name: String,
    /// Query parameters that hold the words searched for.
    parameters: Vec<String>,
}

/// What is known of a referrer.
enum Referrer<'r> {
    /// It is no page.
    None,
    Medium(&'r str),
    Source {
        source: &'r Source,
        term: Option<Cow<'r, str>>,
    },
}

struct RefererParser {
    internal_domains: Vec<String>,
    sources: Vec<Source>,
    /// Host and path -> index of the source.
    places: HashMap<String, usize>,
    /// `utm_source` -> index of the source.
    utm_sources: HashMap<String, usize>,
}

const INTERNAL: &str = "internal";
const UNKNOWN: &str = "unknown";
/// The one medium that has terms in the Apache line.
const SEARCH: &str = "search";

fn assets(configuration: &Configuration) -> Result<Vec<Asset>, String> {
    let Parameters { uri, database, .. } = configuration.read()?;
    Ok(vec![Asset::new(&uri, &database)])
}

fn build(configuration: &Configuration, assets: &Assets) -> Built {
    let parameters: Parameters = configuration.read()?;
    let asset = Asset::new(&parameters.uri, &parameters.database);
    let file = read(&parameters.database, assets.get(&asset)?).map_err(|e| format!("{asset}: {e}"))?;
    let internal_domains = parameters.internal_domains.iter().map(|d| d.trim().to_owned()).collect();
    let (places, utm_sources) = (HashMap::new(), HashMap::new());
    let mut parser = RefererParser { internal_domains, sources: Vec::new(), places, utm_sources };
    parser.add(file).map_err(|e| format!("{asset}: {e}"))?;
    parser.add(parameters.referrers).map_err(|e| format!("parameters.referrers: {e}"))?;
    Ok(Box::new(parser))
}

/// The database: JSON, or YAML if its name says so.
fn read(name: &str, bytes: &[u8]) -> Result<Map<String, Value>, String> {
    if name.ends_with(".yaml") || name.ends_with(".yml") {
        yaml_serde::from_slice(bytes).map_err(|e| e.to_string())
    } else {
        serde_json::from_slice(bytes).map_err(|e| e.to_string())
    }
}

impl Enrichment for RefererParser {
    fn run(&self, working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
        if let Some(referrer) = &working.referrer {
            let page_host = working.page.as_ref().and_then(Uri::host);
            let found = self.parse(referrer, page_host);
            found.write(&mut working.event, working.compatibility.is_apache());
        }
        if !working.compatibility.is_apache()
            && let Some(source) =
                last(&working.page_query, "utm_source").and_then(|name| self.utm_sources.get(name))
        {
            working.derive(self.sources[*source].utm_referrer());
        }
        Ok(())
    }
}

impl RefererParser {
    /// Takes the entries of a file in; a later one has the place of an earlier one with the same domain or
    /// `utm_source`.
    fn add(&mut self, mediums: Map<String, Value>) -> Result<(), String> {
        for (medium, sources) in mediums {
            let Value::Object(sources) = sources else { return Err(format!("{medium}: no object")) };
            for (name, entry) in sources {
                let entry = Entry::deserialize(entry).map_err(|e| format!("{medium}.{name}: {e}"))?;
                for domain in entry.domains {
                    self.places.insert(domain, self.sources.len());
                }
                for utm_source in entry.utm_sources.unwrap_or_default() {
                    self.utm_sources.insert(utm_source, self.sources.len());
                }
                let parameters = entry.parameters.unwrap_or_default();
                self.sources.push(Source { medium: medium.clone(), name, parameters });
            }
        }
        Ok(())
    }

    fn parse<'r>(&'r self, referrer: &'r Uri<'_>, page_host: Option<&str>) -> Referrer<'r> {
        let known_scheme = matches!(referrer.scheme(), Some("http" | "https" | "android-app"));
        let (true, Some(host), Some(path)) = (known_scheme, referrer.host(), referrer.path()) else {
            return Referrer::None;
        };
        if page_host == Some(host) || self.internal_domains.iter().any(|domain| domain == host) {
            return Referrer::Medium(INTERNAL);
        }
        match self.look_up(host, &percent_decoded(path)) {
            None => Referrer::Medium(UNKNOWN),
            Some(source) if source.medium == UNKNOWN || source.medium == INTERNAL => {
                Referrer::Medium(&source.medium)
            }
            Some(source) => Referrer::Source { source, term: source.term(referrer.query().unwrap_or("")) },
        }
    }

    /// First with the whole path, then with its first part, then without; each for the host and what it lies under.
    fn look_up(&self, host: &str, path: &str) -> Option<&Source> {
        let host = host.trim_end_matches('.');
        let first = path.split('/').find(|segment| !segment.is_empty());
        let paths = match first {
            Some(first) => vec![path.to_owned(), format!("/{first}"), String::new()],
            None => vec![String::new()],
        };
        let mut place = String::new();
        paths.iter().find_map(|path| {
            hosts(host).find_map(|host| {
                place.clear();
                place.push_str(host);
                place.push_str(path);
                self.places.get(&place).map(|at| &self.sources[*at])
            })
        })
    }
}

impl Source {
    /// The entity that says who sent the visitor.
    fn utm_referrer(&self) -> SelfDescribing {
        let (vendor, version) = ("com.snowplowanalytics.snowplow", SchemaVersion::new(1, 0, 0));
        let key = SchemaKey::new(vendor, "utm_referrer", "jsonschema", version);
        SelfDescribing::new(key, json!({"source": self.name, "medium": self.medium}))
    }

    /// The words searched for: the first parameter that may hold them. Here the original neither splits at `;` nor loses
    /// raw characters, as it does in other queries.
    fn term<'q>(&self, query: &'q str) -> Option<Cow<'q, str>> {
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, value)) if !name.is_empty() => (form_decoded(name), value),
            _ => (form_decoded(pair), ""),
        });
        let mut found = pairs.filter(|(name, _)| self.parameters.iter().any(|known| known == name));
        found.next().map(|(_, value)| form_decoded(value))
    }
}

impl Referrer<'_> {
    fn write(&self, event: &mut EnrichedEvent, only_search_has_terms: bool) {
        match self {
            Self::None => {}
            Self::Medium(medium) => event.set(Field::RefrMedium, medium),
            Self::Source { source, term } => {
                event.set(Field::RefrMedium, &tsv_safe(&source.medium));
                event.set(Field::RefrSource, &tsv_safe(&source.name));
                let term = term.as_deref().filter(|_| source.medium == SEARCH || !only_search_has_terms);
                if let Some(term) = term {
                    event.set(Field::RefrTerm, &tsv_safe(term));
                }
            }
        }
    }
}

/// As `URLDecoder` decodes: `+` is a space.
fn form_decoded(text: &str) -> Cow<'_, str> {
    if text.contains('+') {
        Cow::Owned(percent_decoded(&text.replace('+', " ")).into_owned())
    } else {
        percent_decoded(text)
    }
}

/// The host, and it without its first labels, down to the last label.
fn hosts(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(host), |host| host.split_once('.').map(|(_, rest)| rest))
}
