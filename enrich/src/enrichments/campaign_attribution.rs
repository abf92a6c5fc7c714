//! `campaign_attribution`: which campaign brought the visitor, by the parameters of the page's query
//! (`spec/enrichments-and-adapters.md` 2.12).

use event::{atomic::Field, enriched::EnrichedEvent};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Built, Enrichment, Kind, assets::Assets, configuration::Configuration};
use crate::{java::text::tsv_safe, problem::StepFailure, querystring::Pairs, steps::Working};

pub(crate) static KIND: Kind = Kind::new("campaign_attribution", (1, 0), build);

/// Click identifiers that are always known, with their networks.
const CLICK_IDS: [(&str, &str); 3] =
    [("gclid", "Google"), ("msclkid", "Microsoft"), ("dclid", "DoubleClick")];

#[derive(Deserialize)]
struct Parameters {
    fields: Fields,
}

/// For each field the parameters that may hold it, the preferred one first.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    mkt_medium: Vec<String>,
    mkt_source: Vec<String>,
    mkt_term: Vec<String>,
    mkt_content: Vec<String>,
    mkt_campaign: Vec<String>,
    /// Parameter -> network; any order but that of the file would do as well.
    #[serde(default)]
    mkt_click_id: Map<String, Value>,
}

struct CampaignAttribution {
    fields: [(Field, Vec<String>); 5],
    /// Parameter and network, in order of preference.
    click_ids: Vec<(String, String)>,
}

fn build(configuration: &Configuration, _: &Assets) -> Built {
    let Parameters { fields } = configuration.read()?;
    let mut click_ids: Vec<_> = CLICK_IDS.map(|(name, network)| (name.to_owned(), network.to_owned())).into();
    for (name, network) in fields.mkt_click_id {
        let Value::String(network) = network else {
            return Err(format!("parameters.fields.mktClickId.{name}: a network's name is expected"));
        };
        match click_ids.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = network,
            None => click_ids.push((name, network)),
        }
    }
    let fields = [
        (Field::MktMedium, fields.mkt_medium),
        (Field::MktSource, fields.mkt_source),
        (Field::MktTerm, fields.mkt_term),
        (Field::MktContent, fields.mkt_content),
        (Field::MktCampaign, fields.mkt_campaign),
    ];
    Ok(Box::new(CampaignAttribution { fields, click_ids }))
}

impl Enrichment for CampaignAttribution {
    fn run(&self, working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
        // Without a page, or when its address has no query, there is nothing to attribute by.
        if working.page.as_ref().is_some_and(|page| page.query().is_some()) {
            self.attribute(&working.page_query, &mut working.event);
        }
        Ok(())
    }
}

impl CampaignAttribution {
    fn attribute(&self, query: &Pairs, event: &mut EnrichedEvent) {
        for (field, names) in &self.fields {
            match names.iter().find_map(|name| last(query, name)) {
                Some(value) => event.set(*field, &tsv_safe(value)),
                None => event.clear(*field),
            }
        }
        let click = self.click_ids.iter().find_map(|(name, network)| Some((last(query, name)?, network)));
        match click {
            Some((value, network)) => {
                event.set(Field::MktClickid, &tsv_safe(value));
                event.set(Field::MktNetwork, &tsv_safe(network));
            }
            None => {
                event.clear(Field::MktClickid);
                event.clear(Field::MktNetwork);
            }
        }
    }
}

/// The value of a parameter: of several the last, of one without a value the empty text.
pub(super) fn last<'q>(query: &'q Pairs, name: &str) -> Option<&'q str> {
    query.iter().filter(|(known, _)| *known == name).last().map(|(_, value)| value.unwrap_or(""))
}
