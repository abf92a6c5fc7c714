//! `piste check --enrichments`: what is wrong with configurations of enrichments, and what they make of an event.

use std::{num::NonZero, path::Path, sync::Arc, time::Duration};

use ::enrich::{
    config::EnrichConfig,
    enrichments::{check::client::check, client::Loader},
    offline::{
        self,
        run::{Offline, OfflineError},
    },
};
use event::{
    enriched::{EnrichedEvent, Sdk},
    json,
    payload::{CollectorPayload, SCHEMA},
};
use iglu::{client::Client, resolver_config::ResolverConfig};
use serde_json::Value;
use service::{
    clock,
    exit::{ExitCode, RunError},
};
use tokio::runtime::Handle;

use super::Options;
use crate::{enrichments, output, schemas};

/// A registry that does not answer so long ends the trial.
const PATIENCE: Duration = Duration::from_secs(10);

/// Says what is wrong on stderr, a line each, else which run on stdout.
pub(super) async fn run(options: &Options, folder: &Path) -> Result<ExitCode, RunError> {
    let resolver = match &options.resolver {
        Some(file) => schemas::read_resolver(file)?,
        None => ResolverConfig { cache_size: 1_000, cache_ttl: None, repositories: Vec::new() },
    };
    let iglu = Arc::new(Client::new(resolver, clock::now));
    let loader = Loader::new(Arc::clone(&iglu), options.assets.clone());
    let (good, findings) = check(&loader, folder).await.map_err(enrichments::not_loaded)?;
    for finding in &findings {
        output::error_line(format_args!("error: {finding}"));
    }
    if !findings.is_empty() {
        return Ok(ExitCode::Config);
    }
    let enrichments = loader.load(&good).await.map_err(enrichments::not_loaded)?;
    let Some(file) = &options.event else {
        for name in enrichments.names() {
            output::line(format_args!("{name}"));
        }
        return Ok(ExitCode::Ok);
    };
    let event = std::fs::read(file)
        .map_err(|e| RunError::new(ExitCode::Usage, format!("--try {}: {e}", file.display())))?;
    let config = EnrichConfig::default();
    let mut settings = config.settings(true);
    settings.enrichments = Arc::new(enrichments);
    let offline = Offline {
        settings,
        iglu,
        loader,
        now: None,
        seed: None,
        patience: PATIENCE,
        jobs: NonZero::<usize>::MIN.get(),
        remote: config.remote_adapters.client(),
        services: config.lookups.client(),
        runtime: Handle::current(),
    };
    let line = line_of(&event)?;
    let ended = tokio::task::spawn_blocking(move || {
        let mut printed = Vec::new();
        offline.run(line.as_bytes(), &mut printed, |_| {}).map(|_| printed)
    })
    .await;
    let printed = ended.map_err(|e| RunError::bug(format!("enriching: {e}")))?;
    let printed = printed.map_err(|error| match error {
        OfflineError::Unanswered { .. } => RunError::unavailable(error.to_string()),
        OfflineError::Io(_) => RunError::bug(error.to_string()),
    })?;
    tell(&String::from_utf8_lossy(&printed))
}

/// The line for a file: the query of a tracker's GET, or the JSON that a tracker posts.
fn line_of(event: &[u8]) -> Result<String, RunError> {
    let text = std::str::from_utf8(event)
        .map_err(|e| RunError::new(ExitCode::Data, format!("--try: the event is not UTF-8: {e}")))?
        .trim();
    let mut payload = CollectorPayload {
        schema: SCHEMA.to_owned(),
        ip_address: Some("127.0.0.1".to_owned()),
        timestamp: clock::now().as_millisecond(),
        encoding: Some("UTF-8".to_owned()),
        collector: Some("piste-check".to_owned()),
        path: Some("/i".to_owned()),
        ..CollectorPayload::default()
    };
    if text.starts_with('{') {
        payload.path = Some("/com.snowplowanalytics.snowplow/tp2".to_owned());
        payload.content_type = Some("application/json".to_owned());
        payload.body = Some(text.to_owned().into());
    } else {
        payload.querystring = Some(text.trim_start_matches('?').to_owned());
    }
    let mut bytes = Vec::new();
    payload.encode(&mut bytes);
    Ok(offline::line_of(&bytes))
}

/// Prints what came out: events as the Analytics SDK has them, bad rows as they are. 65 where there is a bad row.
fn tell(line: &str) -> Result<ExitCode, RunError> {
    let bug = |what: String| RunError::bug(format!("what came out cannot be read: {what}"));
    let outcomes = json::parse(line).map_err(bug)?;
    let mut code = ExitCode::Ok;
    for outcome in outcomes.get("outcomes").and_then(Value::as_array).into_iter().flatten() {
        if let Some(row) = outcome.get("bad") {
            code = ExitCode::Data;
            output::line(format_args!("{}", json::to_indented(row)));
        }
        let Some(line) = outcome.get("enriched").and_then(Value::as_str) else { continue };
        let event = EnrichedEvent::split_tsv(line).map_err(|e| bug(e.to_string()))?;
        let mut text = String::new();
        event.write_json(Sdk::Three, &mut text).map_err(|e| bug(e.to_string()))?;
        let mut event = json::parse(&text).map_err(bug)?;
        if let Some(members) = event.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        output::line(format_args!("{}", json::to_indented(&event)));
    }
    Ok(code)
}
