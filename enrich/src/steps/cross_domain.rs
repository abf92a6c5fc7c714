//! `_sp`: the visitor's identity on the page they came from (`spec/enrich.md` 4.8).

use event::{atomic::Field, schema_key::SchemaKey, timestamp};

use super::Working;
use crate::{
    conversion,
    java::{base64, text::tsv_safe},
    problem::{StepFailure, StepProblem},
};

/// Parts that the current line knows; more make the whole no `_sp`.
const PARTS: usize = 7;

/// What `_sp` says. Empty parts are none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct CrossDomain {
    pub(crate) domain_user_id: Option<String>,
    /// Milliseconds.
    pub(crate) timestamp: Option<i64>,
    pub(crate) session_id: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) source_id: Option<String>,
    pub(crate) source_platform: Option<String>,
    pub(crate) reason: Option<String>,
}

/// The step where the entity is not wanted.
pub(crate) fn run(working: &mut Working<'_>) -> Result<(), Box<StepFailure>> {
    set_fields(working, None).map(drop)
}

/// Sets the atomic fields and returns what was found. A failure names `enrichment`.
pub(crate) fn set_fields(
    working: &mut Working<'_>,
    enrichment: Option<&(SchemaKey, String)>,
) -> Result<CrossDomain, Box<StepFailure>> {
    let Some(Some(value)) =
        working.page_query.iter().filter(|(name, _)| *name == "_sp").last().map(|(_, v)| v)
    else {
        return Ok(CrossDomain::default());
    };
    let found = parse(value, working.compatibility.is_apache())
        .map_err(|what| Box::new(StepFailure { enrichment: enrichment.cloned(), what: *what }))?;
    if let Some(user) = &found.domain_user_id {
        working.event.set(Field::RefrDomainUserid, user);
    }
    if let Some(millis) = found.timestamp {
        working.event.set_display(Field::RefrDvceTstamp, timestamp::sql(millis));
    }
    Ok(found)
}

/// Takes the value apart. The Apache line looks at the first two parts of any number.
fn parse(value: &str, two_parts: bool) -> Result<CrossDomain, Box<StepProblem>> {
    // As Java splits, without the empty parts at the end; where nothing is left the original crashes.
    let value = if two_parts { value.trim_end_matches('.') } else { value };
    let parts: Vec<&str> = value.split('.').collect();
    if parts.len() > PARTS && !two_parts {
        return Ok(CrossDomain::default());
    }
    let part = |at: usize| parts.get(at).copied().unwrap_or("");
    let timestamp = match parts.get(1).copied() {
        None => None,
        Some("") if !two_parts => None,
        Some(text) => Some(conversion::millis(text).map_err(|why| {
            Box::new(StepProblem::Conversion { field: "sp_dtm", value: text.to_owned(), why })
        })?),
    };
    let domain_user_id = Some(tsv_safe(part(0)).into_owned()).filter(|user| !user.is_empty());
    if two_parts {
        return Ok(CrossDomain { domain_user_id, timestamp, ..CrossDomain::default() });
    }
    let text = |at: usize| Some(part(at).to_owned()).filter(|text| !is_blank(text));
    let decoded = |at: usize| Some(base64::decode_lenient(part(at))).filter(|text| !is_blank(text));
    Ok(CrossDomain {
        domain_user_id,
        timestamp,
        session_id: text(2),
        user_id: decoded(3),
        source_id: decoded(4),
        source_platform: text(5),
        reason: decoded(6),
    })
}

/// As Java trims.
fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c <= ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts() {
        let found = parse("abc.1426245561368.sess.dXNlcg.c3Jj.web.cmVhc29u", false).unwrap();
        let text = |text: &str| Some(text.to_owned());
        let expect = CrossDomain {
            domain_user_id: text("abc"),
            timestamp: Some(1_426_245_561_368),
            session_id: text("sess"),
            user_id: text("user"),
            source_id: text("src"),
            source_platform: text("web"),
            reason: text("reason"),
        };
        assert_eq!(found, expect);
    }

    #[test]
    fn what_is_missing_or_too_much() {
        assert_eq!(parse("a.1.b.c.d.e.f.g", false).unwrap(), CrossDomain::default());
        assert_eq!(parse("..", false).unwrap(), CrossDomain::default());
        assert_eq!(parse("a.1.b.c.d.e.f.g", true).unwrap().timestamp, Some(1));
        assert_eq!(parse("..", true).unwrap(), CrossDomain::default());
        assert_eq!(parse("abc..", true).unwrap().timestamp, None);
        assert!(parse("abc..x", true).is_err());
        assert!(parse("abc..x", false).is_ok());
        assert_eq!(parse(".7", true).unwrap().timestamp, Some(7));
        assert_eq!(parse("abc. . .", false).err().map(|e| format!("{e:?}").contains("sp_dtm")), Some(true));
        assert_eq!(parse("abc...", false).unwrap().domain_user_id.as_deref(), Some("abc"));
    }
}
