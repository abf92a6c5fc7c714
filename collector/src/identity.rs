//! Who asks, and what becomes of the event (`spec/collector.md` 3.1).

use std::borrow::Cow;

use crate::{
    collect::Collector,
    compatibility::Compatibility,
    cookie,
    head::{Head, Method, Name},
    header_list,
    ids::Ids,
    query,
};

/// The network user id of everyone who asks for anonymity.
pub const ANONYMOUS: &str = "00000000-0000-0000-0000-000000000000";

/// Everything that is decided about the visitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity<'a> {
    /// Goes into the payload.
    pub network_userid: Cow<'a, str>,
    /// Whether the client sent `SP-Anonymous`.
    pub anonymous: bool,
    /// Whether the event is to be stored.
    pub store: bool,
    /// Whether to find out first if the browser keeps cookies.
    pub bounce: bool,
    /// What to do with the cookie.
    pub cookie: CookieAction<'a>,
}

/// What to do with the cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CookieAction<'a> {
    /// Set it to this.
    Set(Cow<'a, str>),
    /// Take it away.
    Delete,
    /// Leave it.
    Leave,
}

/// Decides. `redirect`: the request is a click redirect.
pub fn identify<'a>(
    head: &'a Head,
    query: &'a [u8],
    redirect: bool,
    collector: &'a Collector,
    ids: &mut impl Ids,
) -> Identity<'a> {
    let config = &*collector.config;
    let compatibility = config.compatibility;
    let anonymous = head.first(Name::SpAnonymous).is_some();
    // The Apache line does not read the cookie that it does not set.
    let reads = config.cookie.enabled || !compatibility.is_v2();
    let sent = cookie::find(head, &config.cookie.name, compatibility).filter(|_| reads);
    let dnt = &config.do_not_track_cookie;
    let opted_out = dnt.enabled
        && cookie::find(head, &dnt.name, compatibility).is_some_and(|value| dnt.value.matches(value));
    let bounces = config.cookie_bounce.enabled;
    let mark = config.cookie_bounce.name.as_str();
    let bounced = match compatibility {
        Compatibility::V3 => bounces && memchr::memmem::find(query, mark.as_bytes()).is_some(),
        Compatibility::V2 => query::values(query, mark, compatibility).next().is_some(),
    };
    let from_cookie = sent.map(header_list::latin1);
    let from_query = query::values(query, "nuid", compatibility).next();
    // An id that is no cookie value is stored, and answered as if none were given.
    let settable =
        from_query.as_ref().filter(|id| cookie::is_valid_value(id)).or(from_cookie.as_ref()).cloned();
    let known = if anonymous { Some(Cow::Borrowed(ANONYMOUS)) } else { from_query.or(from_cookie) };
    let bounce = bounces
        && known.is_none()
        && !bounced
        && !redirect
        && matches!(head.method(), Method::Get | Method::Head);
    let network_userid = known.unwrap_or_else(|| match bounced {
        true => config.cookie_bounce.fallback_network_user_id.as_str().into(),
        false => ids.next().to_string().into(),
    });
    let cookie = match (anonymous, sent) {
        _ if opted_out || !config.cookie.enabled => CookieAction::Leave,
        (true, Some(_)) if !compatibility.is_v2() => CookieAction::Delete,
        (true, _) => CookieAction::Leave,
        (false, _) => CookieAction::Set(settable.unwrap_or_else(|| {
            if cookie::is_valid_value(&network_userid) {
                network_userid.clone()
            } else {
                ids.next().to_string().into()
            }
        })),
    };
    Identity { network_userid, anonymous, store: !opted_out && !bounce, bounce, cookie }
}
