//! One raw event -> enriched event and everything that is wrong with it (`spec/enrich.md` 4.1 to 4.4, 4.10).

use event::{
    atomic::{FIELDS, Field},
    enriched::EnrichedEvent,
    json,
    self_describing::SelfDescribing,
    timestamp,
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    compatibility::Compatibility,
    conversion,
    entities::{self, Validated},
    java::text::{tsv_safe, utf16_len},
    judge::Judge,
    lookup::Inquiry,
    parameters::Parameters,
    problem::{Problem, Source, StepFailure},
    raw::request::Request,
    settings::Settings,
    steps::{self, Working},
    transform::{JsonRules, Transformed, transform},
};

/// What enriching needs beside the event.
pub(crate) struct Surroundings<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) judge: &'a Judge<'a>,
    pub(crate) now: Timestamp,
    pub(crate) inquiry: &'a Inquiry<'a>,
}

/// An event after everything ran, with what is wrong with it, phase by phase. Good when all lists are empty.
#[derive(Debug, Default)]
pub(crate) struct Finished {
    pub(crate) event: EnrichedEvent,
    /// Of the collector's timestamp and of the parameters, in their order.
    pub(crate) conversions: Vec<Problem>,
    pub(crate) unstruct: Vec<Problem>,
    pub(crate) contexts: Vec<Problem>,
    /// Of the steps, the latest first.
    pub(crate) failures: Vec<StepFailure>,
    /// Of what the steps made.
    pub(crate) output: Vec<Problem>,
    /// Valid entities that the steps made, and what superseded what.
    pub(crate) derived: Vec<SelfDescribing>,
    /// Over-long fields that were let through.
    pub(crate) accepted_invalid: bool,
    /// A script wants the event to disappear.
    pub(crate) is_dropped: bool,
}

impl Finished {
    /// Whether nothing is wrong.
    pub(crate) fn is_good(&self) -> bool {
        self.is_input_good() && self.failures.is_empty() && self.output.is_empty()
    }

    fn is_input_good(&self) -> bool {
        self.conversions.is_empty() && self.unstruct.is_empty() && self.contexts.is_empty()
    }
}

/// Enriches one event. `parameters` are in the map's order.
pub(crate) fn enrich(
    parameters: &Parameters<'_>,
    request: &Request,
    around: &Surroundings<'_>,
    ids: &mut dyn FnMut() -> Uuid,
) -> Finished {
    let settings = around.settings;
    let compatibility = settings.compatibility;
    let mut finished = Finished::default();
    let event = &mut finished.event;
    begin(event, request, around);
    let collected = request.payload.timestamp;
    if conversion::is_redshift_compatible(collected) {
        event.set_display(Field::CollectorTstamp, timestamp::sql(collected));
    } else {
        let iso = timestamp::joda(collected).to_string();
        let formatted = timestamp::sql(collected).to_string();
        finished.conversions.push(Problem::CollectorTstamp { iso, formatted });
    }
    let rules = JsonRules { compatibility, max_depth: settings.max_json_depth };
    let transformed = transform(parameters, rules, event);
    if event.get(Field::EventId).is_none() {
        event.set_display(Field::EventId, ids());
    }
    let Transformed { problems, unstruct, contexts, created, sent, true_tstamp } = transformed;
    finished.conversions.extend(problems);
    if !compatibility.goes_on_after_violations() {
        // What a violation leaves in the bad row is the JSON as it came.
        if let Some(json) = &unstruct {
            event.set(Field::UnstructEvent, &json::to_compact(json));
        }
        if let Some(json) = &contexts {
            event.set(Field::Contexts, &json::to_compact(json));
        }
        if !finished.conversions.is_empty() {
            return finished;
        }
    }
    let unstruct = unstruct.map(|json| entities::unstruct(json, around.judge)).unwrap_or_default();
    let contexts = contexts.map(|json| entities::contexts(json, around.judge)).unwrap_or_default();
    finished.unstruct = unstruct.problems;
    finished.contexts = contexts.problems;
    if !compatibility.goes_on_after_violations() && !finished.is_input_good() {
        return finished;
    }
    let mut infos = Vec::new();
    let (first, second) = if compatibility.is_apache() {
        (contexts.infos, unstruct.infos)
    } else {
        (unstruct.infos, contexts.infos)
    };
    add_infos(&mut infos, first.into_iter().chain(second));
    let unstruct = unstruct.items.into_iter().next();
    set_entities(&mut finished.event, unstruct.as_ref(), &contexts.items, compatibility);
    let mut working = Working {
        event: std::mem::take(&mut finished.event),
        request,
        compatibility,
        parameters,
        unstruct,
        contexts: contexts.items,
        collected,
        created,
        sent,
        true_tstamp,
        page: None,
        page_query: Default::default(),
        referrer: None,
        derived: Vec::new(),
        failures: Vec::new(),
        rules,
        inquiry: around.inquiry,
        now: around.now,
        scripted: (false, false),
        is_dropped: false,
    };
    let (first, last) = steps::parts(&settings.enrichments);
    steps::run(first, &mut working);
    if compatibility.goes_on_after_violations() {
        steps::run(last, &mut working);
        let mut violations = judge_again(&mut working, around.judge);
        let Validated { items, infos: derived_infos, problems } =
            entities::derived(working.derived, around.judge);
        violations.extend(problems);
        finished.output = violations;
        finished.derived = items;
        add_infos(&mut infos, derived_infos);
    } else {
        if working.failures.is_empty() && !working.is_dropped {
            finished.output = judge_again(&mut working, around.judge);
            finished.output.extend(entities::check(&working.derived, around.judge));
            if finished.output.is_empty() {
                steps::run(last, &mut working);
            }
        }
        finished.derived = working.derived;
    }
    finished.derived.append(&mut infos);
    finished.event = working.event;
    finished.is_dropped = working.is_dropped;
    finished.failures = working.failures;
    if compatibility.goes_on_after_violations() || finished.is_good() {
        check_lengths(&mut finished, settings);
    } else if !finished.failures.is_empty() {
        finished.derived.clear();
    }
    finished
}

/// Judges what a script has put in the place of what the tracker sent. What does not hold is removed.
fn judge_again(working: &mut Working<'_>, judge: &Judge<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    if working.scripted.0
        && let Some(unstruct) = working.unstruct.take()
    {
        let judged = entities::of_script(vec![unstruct], Source::Unstruct, judge);
        problems.extend(judged.problems);
        working.unstruct = judged.items.into_iter().next();
        match &working.unstruct {
            Some(_) => working.write_unstruct(),
            None => working.event.clear(Field::UnstructEvent),
        }
    }
    if working.scripted.1 {
        let contexts = std::mem::take(&mut working.contexts);
        let judged = entities::of_script(contexts, Source::Contexts, judge);
        problems.extend(judged.problems);
        working.contexts = judged.items;
        match working.contexts.is_empty() {
            false => working.write_contexts(),
            true => working.event.clear(Field::Contexts),
        }
    }
    problems
}

/// Appends those that are not there.
fn add_infos(infos: &mut Vec<SelfDescribing>, more: impl IntoIterator<Item = SelfDescribing>) {
    for info in more {
        if !infos.contains(&info) {
            infos.push(info);
        }
    }
}

/// What is known before the parameters are looked at.
fn begin(event: &mut EnrichedEvent, request: &Request, around: &Surroundings<'_>) {
    let payload = &request.payload;
    match payload.collector.as_deref() {
        Some("") => event.set_empty(Field::VCollector),
        collector => event.set(Field::VCollector, &tsv_safe(collector.unwrap_or(""))),
    }
    event.set(Field::VEtl, &around.settings.v_etl());
    event.set_display(Field::EtlTstamp, timestamp::sql(around.now.as_millisecond()));
    event.set(Field::NetworkUserid, request.network_userid.as_deref().unwrap_or(""));
    event.set(
        Field::UserIpaddress,
        &conversion::first_address(request.client_address.as_deref().unwrap_or("")),
    );
    let agent = payload.user_agent.as_deref().unwrap_or("");
    if payload.user_agent.as_deref() == Some("") {
        event.set_empty(Field::Useragent);
    } else if agent.contains(['\t', '\r', '\n']) {
        event.set(Field::Useragent, &agent.replace(['\r', '\n'], "").replace('\t', "    "));
    } else {
        event.set(Field::Useragent, agent);
    }
}

fn set_entities(
    event: &mut EnrichedEvent,
    unstruct: Option<&SelfDescribing>,
    contexts: &[SelfDescribing],
    compatibility: Compatibility,
) {
    match unstruct {
        Some(unstruct) => event.set_with(Field::UnstructEvent, |out| entities::write_unstruct(unstruct, out)),
        None => event.clear(Field::UnstructEvent),
    }
    if !contexts.is_empty() {
        event.set_with(Field::Contexts, |out| entities::write_contexts(contexts, out));
    } else if !compatibility.keeps_empty_contexts() {
        event.clear(Field::Contexts);
    }
}

/// Compares the texts with the limits (`spec/enrich.md` 4.10, step 2).
fn check_lengths(finished: &mut Finished, settings: &Settings) {
    let mut too_long = Vec::new();
    for (field, limit) in FIELDS.into_iter().zip(&settings.limits) {
        let (Some(limit), Some(text)) = (limit, finished.event.get(field)) else { continue };
        // A text has at most as many UTF-16 units as bytes.
        if text.len() > *limit as usize && utf16_len(text) > *limit as usize {
            too_long.push((field, *limit, text.to_owned()));
        }
    }
    if too_long.is_empty() {
        return;
    }
    if settings.emits_failed {
        for (field, _, _) in &too_long {
            if !matches!(field, Field::EventId | Field::VCollector | Field::VEtl) {
                finished.event.clear(*field);
            }
        }
    }
    if settings.accept_invalid {
        finished.accepted_invalid = true;
    } else {
        finished.output.push(Problem::TooLong(too_long));
    }
}
