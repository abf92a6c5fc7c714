//! A request becomes a response and the records to store before it may be sent.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use bytes::Bytes;
use event::payload::CollectorPayload;
use http::{HeaderName, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use stream::record::Record;

use crate::{
    body::{self, Body},
    bounce,
    compatibility::Compatibility,
    config::CollectorConfig,
    cookie, cors,
    draft::Draft,
    head::{Head, Method},
    https_redirect,
    identity::{self, CookieAction, Identity},
    ids::Ids,
    observed::Refused,
    partition_key::{self, PartitionKeys},
    redirect,
    refusal::Refusal,
    response::{self, Fixed, Response},
    route::{self, Class, Route},
    split::{self, Limits},
    target::Target,
};

/// The pure collector: configuration, and what is made of it once.
#[derive(Clone, Debug)]
pub struct Collector {
    /// Its configuration.
    pub config: Arc<CollectorConfig>,
    limits: Limits,
    fixed: Fixed,
}

/// A request that came in whole.
#[derive(Debug)]
pub struct Request<'a> {
    /// Its head.
    pub head: &'a Head,
    /// Its body; empty where there is none.
    pub body: Bytes,
    /// The other end of the connection.
    pub peer: IpAddr,
    /// Whether it came over TLS.
    pub secure: bool,
}

/// What the process knows about itself.
#[derive(Clone, Copy)]
pub struct Condition<'a> {
    /// Whether new requests are welcome.
    pub ready: bool,
    /// Whether both sinks take records; asked only where a request asks for it.
    pub sinks: &'a dyn Fn() -> bool,
    /// Whether another event can wait for them.
    pub room: bool,
}

/// What comes of a request.
#[derive(Debug)]
pub struct Outcome {
    /// To be sent once all records are durable.
    pub response: Response,
    /// Payloads for the raw stream.
    pub good: Vec<Record>,
    /// Bad rows.
    pub bad: Vec<Record>,
    /// Where the request led; `None` where its target is none.
    pub route: Option<Class>,
    /// Why it was not taken; `None` when it was.
    pub refused: Option<Refused>,
}

const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("no-cache, no-store, must-revalidate");
const P3P: HeaderName = HeaderName::from_static("p3p");

impl Collector {
    /// A collector whose sinks take records of at most so many bytes, keys included. A part of a split batch may be one byte
    /// larger than the limit for good records: of its separators the original counts one too few.
    pub fn new(config: Arc<CollectorConfig>, good_max_record: usize, bad_max_record: usize) -> Self {
        let key = partition_key::max_length(config.compatibility);
        let limits = Limits {
            good: config.streams.good_max_bytes().min(good_max_record.saturating_sub(key + 1)),
            bad: bad_max_record.saturating_sub(key),
            payload: config.networking.max_payload_size,
        };
        let fixed = Fixed::new(&config);
        Self { config, limits, fixed }
    }

    /// Answers a request. Nothing of it is stored yet.
    pub fn answer(
        &self,
        request: Request<'_>,
        condition: Condition<'_>,
        now: Timestamp,
        ids: &mut impl Ids,
    ) -> Outcome {
        let (head, config) = (request.head, &*self.config);
        let compatibility = config.compatibility;
        let Some(target) = Target::parse(head.target()) else {
            let response = self.refuse(&Refusal::Malformed("Illegal request-target"), None);
            return Outcome { refused: Some(Refused::Head), ..Outcome::of(response, None) };
        };
        let route = route::route(head.method(), target.path, config);
        let class = route.class();
        if let Some(there) = https_redirect::location(head, &target, class, request.secure, &config.ssl) {
            let status = https_redirect::status(head.method(), compatibility);
            let response = response::moved(status, there, cors::allow_origin(head, compatibility));
            return Outcome::of(self.answer_to(head, response), Some(Class::ToHttps));
        }
        let response = match route {
            Route::Event(_) if !condition.room => {
                let refused = Some(Refused::Overload);
                return Outcome { refused, ..Outcome::of(self.try_again(head), Some(class)) };
            }
            Route::Event(path) => return self.event(request, &target, &path, now, ids),
            Route::Preflight => response::preflight(cors::allow_origin(head, compatibility), &config.cors),
            Route::Root => response::root(&config.root_response, compatibility),
            Route::CrossDomain => response::cross_domain(&config.cross_domain, compatibility),
            Route::Health => {
                response::health(condition.ready || !config.pre_termination_unhealthy, compatibility)
            }
            Route::SinkHealth => response::health((condition.sinks)(), compatibility),
            Route::Robots => response::robots(compatibility),
            Route::RedirectsOff => response::redirects_off(),
            Route::NotFound => response::not_found(compatibility),
        };
        Outcome::of(self.answer_to(head, response), Some(class))
    }

    /// Answers a request whose records could not be stored.
    pub fn try_again(&self, head: &Head) -> Response {
        self.finish(response::try_again(cors::allow_origin(head, self.config.compatibility)))
    }

    /// Answers a request that is refused. `from`: the client, where it is known.
    pub fn refuse(&self, refusal: &Refusal, from: Option<SocketAddr>) -> Response {
        self.finish(response::refused(refusal, self.config.compatibility, from))
    }

    /// Adds what every response has.
    pub fn finish(&self, mut response: Response) -> Response {
        if let Some(hsts) = &self.fixed.hsts {
            response.headers.insert(header::STRICT_TRANSPORT_SECURITY, hsts.clone());
        }
        response
    }

    fn event(
        &self,
        request: Request<'_>,
        target: &Target<'_>,
        path: &str,
        now: Timestamp,
        ids: &mut impl Ids,
    ) -> Outcome {
        let is_redirect = redirect::is_redirect(path);
        let class = if is_redirect { Class::Redirect } else { Class::Event };
        let Ok(body) = self.body(request.head, request.body.clone()) else {
            let response = response::refused(&Refusal::BodyTooLarge, self.config.compatibility, None);
            let response = self.answer_to(request.head, response);
            return Outcome { refused: Some(Refused::BodyTooLarge), ..Outcome::of(response, Some(class)) };
        };
        let query = target.query.unwrap_or_default();
        let identity = identity::identify(request.head, query, is_redirect, self, ids);
        let response = self.event_response(&request, target, is_redirect, &identity, now);
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        if identity.store {
            let Request { head, peer, .. } = request;
            let draft = Draft::new(head, body, peer, (target, path), &identity, &self.config, now);
            let (compatibility, by_ip) =
                (self.config.compatibility, self.config.streams.use_ip_address_as_partition_key);
            let mut keys = PartitionKeys::new(draft.ip_address(), by_ip, compatibility, ids);
            // What does not fit a compressed record is known once it is compressed.
            let limit = if self.config.compression.enabled { usize::MAX } else { self.limits.good };
            match draft.encode(limit) {
                Ok(bytes) => good.push(Record::new(keys.next_key(), bytes)),
                Err(size) => {
                    let payload = draft.into_payload();
                    (good, bad) = split::into_records(&payload, size, &self.limits, compatibility, now, keys);
                }
            }
        }
        Outcome { response, good, bad, route: Some(class), refused: None }
    }

    fn body(&self, head: &Head, sent: Bytes) -> Result<Body, body::TooLarge> {
        if self.config.networking.gzip_request_bodies {
            Body::inflated(head, sent, self.config.max_body())
        } else {
            Ok(Body::as_sent(sent))
        }
    }

    /// Bytes that a good record may have.
    pub fn good_limit(&self) -> usize {
        self.limits.good
    }

    /// The bad row of a payload, encoded by [`Collector::answer`], that fits no compressed record.
    pub fn too_large_compressed(&self, encoded: &Bytes, now: Timestamp, ids: &mut impl Ids) -> Record {
        let payload = CollectorPayload::decode(encoded).expect("what was encoded here can be decoded");
        let ip_address = payload.ip_address.as_deref().unwrap_or_default();
        let by_ip = self.config.streams.use_ip_address_as_partition_key;
        let compatibility = self.config.compatibility;
        let keys = PartitionKeys::new(ip_address, by_ip, compatibility, ids);
        split::too_large_compressed(&payload, encoded.len(), &self.limits, compatibility, now, keys)
    }

    fn event_response(
        &self,
        &Request { head, secure, .. }: &Request<'_>,
        target: &Target<'_>,
        is_redirect: bool,
        identity: &Identity<'_>,
        now: Timestamp,
    ) -> Response {
        let config = &*self.config;
        let compatibility = config.compatibility;
        let is_get = head.method() != Method::Post;
        let location = if is_redirect {
            redirect::location(target.query.unwrap_or_default(), &identity.network_userid, config)
        } else if identity.bounce {
            bounce::location(head, target, secure, config)
        } else {
            None
        };
        let mut response = response::empty(match (&location, is_redirect) {
            (Some(_), _) => StatusCode::FOUND,
            (None, true) => StatusCode::BAD_REQUEST,
            (None, false) => StatusCode::OK,
        });
        let plain = location.is_none() && !is_redirect;
        let headers = &mut response.headers;
        // The Apache line has it first, the current one last.
        let (first, last) = match compatibility {
            Compatibility::V2 => (location, None),
            Compatibility::V3 => (None, location),
        };
        if let Some(location) = first {
            headers.insert(header::LOCATION, location);
        }
        for (name, http_only) in [
            (Some(&config.cookie.name), config.cookie.http_only),
            (config.cookie.client_cookie_name.as_ref(), false),
        ] {
            let Some(name) = name else { continue };
            let (value, expires) = match &identity.cookie {
                CookieAction::Leave => break,
                CookieAction::Set(value) => (value.as_ref(), config.cookie.expiration.as_secs() as i64),
                CookieAction::Delete => ("", -(config.cookie.expiration.as_secs() as i64)),
            };
            let domain = cookie::domain(head, &config.cookie, compatibility);
            let expires = now.as_second().saturating_add(expires);
            let cookie =
                cookie::set_cookie(name, value, expires, domain, http_only, &config.cookie, compatibility);
            if let Some(cookie) = cookie {
                headers.append(header::SET_COOKIE, cookie);
            }
        }
        if is_get {
            headers.insert(header::CACHE_CONTROL, CACHE_CONTROL);
        }
        if let Some(p3p) = &self.fixed.p3p {
            headers.insert(P3P, p3p.clone());
        }
        response::allow(headers, cors::allow_origin(head, compatibility));
        if let Some(location) = last {
            headers.insert(header::LOCATION, location);
        }
        if plain {
            let content_type = match (is_get, compatibility.is_v2()) {
                (true, _) => "image/gif",
                (false, true) => "text/plain; charset=UTF-8",
                (false, false) => "text/plain",
            };
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
            response.body = if is_get { response::pixel(compatibility) } else { Bytes::from_static(b"ok") };
        }
        self.answer_to(head, response)
    }

    /// Adds what depends on the kind of request: the Apache line tells a `HEAD` how long the body would be.
    fn answer_to(&self, head: &Head, mut response: Response) -> Response {
        if head.method() == Method::Head {
            if self.config.compatibility.is_v2() {
                let length = HeaderValue::from(response.body.len());
                response.headers.insert(header::CONTENT_LENGTH, length);
            }
            response.body.clear();
        }
        self.finish(response)
    }
}

impl Outcome {
    /// Nothing to store.
    fn of(response: Response, route: Option<Class>) -> Self {
        Self { response, good: Vec::new(), bad: Vec::new(), route, refused: None }
    }
}
