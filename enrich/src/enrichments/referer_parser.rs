//! `referer_parser`: where the visitor came from: a search engine with its words, a social network, a mailbox, our own
//! pages (`spec/enrichments-and-adapters.md` 2.11). The step before it has taken the referrer's URI apart.

use std::collections::HashMap;

use event::{atomic::Field, enriched::EnrichedEvent};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Built, Enrichment, Kind,
    assets::{Asset, Assets},
    configuration::Configuration,
};
use crate::{
    java::{charset::Charset, text::tsv_safe, uri::Uri},
    problem::StepFailure,
    querystring,
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

/// `{domains, parameters}` of a source in the file.
#[derive(Deserialize)]
struct Entry {
    domains: Vec<String>,
    #[serde(default)]
    parameters: Option<Vec<String>>,
}

struct Source {
    medium: String,
    name: String,
    /// Query parameters that hold the words searched for.
    parameters: Vec<String>,
}

struct RefererParser {
    internal_domains: Vec<String>,
    sources: Vec<Source>,
    /// Host and path -> index of the source.
    places: HashMap<String, usize>,
}

const INTERNAL: &str = "internal";
const UNKNOWN: &str = "unknown";

fn assets(configuration: &Configuration) -> Result<Vec<Asset>, String> {
    let Parameters { uri, database, .. } = configuration.read()?;
    Ok(vec![Asset::new(&uri, &database)])
}

fn build(configuration: &Configuration, assets: &Assets) -> Built {
    let parameters: Parameters = configuration.read()?;
    let asset = Asset::new(&parameters.uri, &parameters.database);
    let file: Map<String, Value> =
        serde_json::from_slice(assets.get(&asset)?).map_err(|e| format!("{asset}: {e}"))?;
    let internal_domains = parameters.internal_domains.iter().map(|d| d.trim().to_owned()).collect();
    let mut parser = RefererParser { internal_domains, sources: Vec::new(), places: HashMap::new() };
    parser.add(file).map_err(|e| format!("{asset}: {e}"))?;
    parser.add(parameters.referrers).map_err(|e| format!("parameters.referrers: {e}"))?;
    Ok(Box::new(parser))
}

impl Enrichment for RefererParser {
    fn run(&self, working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
        if let Some(referrer) = &working.referrer {
            let page_host = working.page.as_ref().and_then(Uri::host);
            self.parse(referrer, page_host, &mut working.event);
        }
        Ok(())
    }
}

impl RefererParser {
    /// Takes the entries of a file in; a later one has the place of an earlier one with the same domain.
    fn add(&mut self, mediums: Map<String, Value>) -> Result<(), String> {
        for (medium, sources) in mediums {
            let Value::Object(sources) = sources else { return Err(format!("{medium}: no object")) };
            for (name, entry) in sources {
                let entry = Entry::deserialize(entry).map_err(|e| format!("{medium}.{name}: {e}"))?;
                for domain in entry.domains {
                    self.places.insert(domain, self.sources.len());
                }
                let parameters = entry.parameters.unwrap_or_default();
                self.sources.push(Source { medium: medium.clone(), name, parameters });
            }
        }
        Ok(())
    }

    fn parse(&self, referrer: &Uri<'_>, page_host: Option<&str>, event: &mut EnrichedEvent) {
        let known_scheme = matches!(referrer.scheme(), Some("http" | "https" | "android-app"));
        let (true, Some(host), Some(path)) = (known_scheme, referrer.host(), referrer.path()) else { return };
        if page_host == Some(host) || self.internal_domains.iter().any(|domain| domain == host) {
            event.set(Field::RefrMedium, INTERNAL);
            return;
        }
        let Some(source) = self.look_up(host, path) else {
            event.set(Field::RefrMedium, UNKNOWN);
            return;
        };
        event.set(Field::RefrMedium, &tsv_safe(&source.medium));
        if source.medium == UNKNOWN || source.medium == INTERNAL {
            return;
        }
        event.set(Field::RefrSource, &tsv_safe(&source.name));
        let pairs =
            referrer.query().map(|query| querystring::split(query, Charset::Utf8)).unwrap_or_default();
        let term = pairs.iter().find(|(name, _)| source.parameters.iter().any(|known| known == name));
        if let Some((_, Some(term))) = term {
            event.set(Field::RefrTerm, &tsv_safe(term));
        }
    }

    /// First with the whole path, then with its first part, then without; each for the host and what it lies under.
    fn look_up(&self, host: &str, path: &str) -> Option<&Source> {
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

/// The host, and it without its first labels, down to the last label.
fn hosts(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(host), |host| host.split_once('.').map(|(_, rest)| rest))
}
