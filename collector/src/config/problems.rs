//! What cannot be, beyond what types say: each finding names its key, and what would be right.

mod streams;
mod texts;

use service::config::{Checked, Note, Notes, sections::POSITIVE_NUMBER};

use super::{CollectorConfig, Cookie, CookieBounce, DoNotTrackCookie, Networking, RootResponse};

impl Checked for CollectorConfig {
    fn problems(&self) -> Vec<Note> {
        let mut notes = Notes::default();
        let interface = &self.interface;
        if !texts::is_host(interface) {
            notes.say(
                "interface",
                format!("expected an IP address or the name of a host, found `{interface}`"),
            );
        }
        self.ports(&mut notes);
        for (from, to) in &self.paths {
            for path in [from, to].into_iter().filter(|path| !texts::is_event_path(path)) {
                notes.say(
                    "paths",
                    format!("expected paths with a leading slash and two segments, as `/com.acme/track`; found `{path}`"),
                );
            }
        }
        self.cookie.problems(&mut notes);
        self.do_not_track_cookie.problems(&mut notes);
        self.cookie_bounce.problems(&mut notes);
        self.root_response.problems(&mut notes);
        self.networking.problems(&mut notes);
        for header in [&self.p3p.policy_ref, &self.p3p.cp] {
            let fine = texts::is_header_value(header) && !header.contains('"');
            notes.unless(fine, "p3p", "expected text that a header can hold between quotes");
        }
        for domain in &self.cross_domain.domains {
            if domain.contains(['"', '<', '>', '&']) || domain.is_empty() {
                notes.say(
                    "crossDomain.domains",
                    format!("expected domains such as `*.acme.com`, found `{domain}`"),
                );
            }
        }
        for domain in self.redirect_domains.iter().filter(|domain| !texts::is_host(domain)) {
            notes.say(
                "redirectDomains",
                format!("expected the name of a host without scheme, port and path, found `{domain}`"),
            );
        }
        let statsd = &self.monitoring.metrics.statsd;
        if statsd.enabled {
            let key = "monitoring.metrics.statsd";
            notes.unless(
                texts::is_host(&statsd.hostname),
                &format!("{key}.hostname"),
                "expected the name of a host",
            );
            notes.unless(statsd.port != 0, &format!("{key}.port"), "expected a port from 1 to 65535");
            notes.positive(&format!("{key}.period"), statsd.period);
        }
        if self.ssl.enable && self.ssl.tls().is_empty() {
            notes.say(
                "ssl.enable",
                "TLS needs a certificate: set `ssl.certificate` and `ssl.privateKey`, or `ssl.keyStore`",
            );
        }
        self.streams.problems(&mut notes);
        notes.into_vec()
    }

    fn without_effect(&self) -> Vec<Note> {
        let mut notes = Notes::default();
        if !self.compatibility.is_v2() {
            for key in ["p3p", "redirectMacro", "streams.useIpAddressAsPartitionKey"] {
                notes.say(key, "it is of the Apache line, spoken with `compatibility = \"2\"`");
            }
        }
        notes.say("experimental", "there are no bridges for Segment and Amplitude");
        self.streams.without_effect(self.compression.enabled, &mut notes);
        notes.into_vec()
    }

    fn refused(&self) -> Vec<Note> {
        let mut notes = Notes::default();
        self.streams.refused(&mut notes);
        notes.into_vec()
    }
}

impl CollectorConfig {
    fn ports(&self, notes: &mut Notes) {
        let taken = |port: u16| port != 0 && port == self.port;
        if self.ssl.enable {
            notes.unless(
                !taken(self.ssl.port),
                "ssl.port",
                "`port` has it already: HTTP and HTTPS need one each",
            );
        }
        if let Some(admin) = self.admin_listen {
            let tls = self.ssl.enable && admin.port() != 0 && admin.port() == self.ssl.port;
            let free = !taken(admin.port()) && !tls;
            notes.unless(free, "adminListen", "the collector listens on this port already");
        }
    }
}

impl Cookie {
    fn problems(&self, notes: &mut Notes) {
        let named = "expected letters, digits and - _ . ! # $ % & ' * + ^ ` | ~";
        notes.unless(texts::is_token(&self.name), "cookie.name", named);
        if let Some(name) = &self.client_cookie_name {
            notes.unless(texts::is_token(name), "cookie.clientCookieName", named);
            notes.unless(
                *name != self.name,
                "cookie.clientCookieName",
                "`cookie.name` has it already: the two cookies need one each",
            );
        }
        notes.positive("cookie.expiration", self.expiration);
        for domain in self.domains.iter().filter(|domain| !texts::is_domain(domain)) {
            notes.say("cookie.domains", format!("expected domains such as `acme.com`, found `{domain}`"));
        }
        if let Some(domain) = self.fallback_domain.as_ref().filter(|domain| !texts::is_domain(domain)) {
            notes.say(
                "cookie.fallbackDomain",
                format!("expected a domain such as `acme.com`, found `{domain}`"),
            );
        }
    }
}

impl DoNotTrackCookie {
    fn problems(&self, notes: &mut Notes) {
        let named = !self.enabled || texts::is_token(&self.name);
        notes.unless(named, "doNotTrackCookie.name", "expected the name of a cookie");
    }
}

impl CookieBounce {
    fn problems(&self, notes: &mut Notes) {
        let plain = |text: &str| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b))
        };
        notes.unless(plain(&self.name), "cookieBounce.name", "expected letters, digits and - _ . ~");
        notes.unless(
            plain(&self.fallback_network_user_id),
            "cookieBounce.fallbackNetworkUserId",
            "expected a UUID, or letters, digits and - _ . ~",
        );
        if let Some(header) = &self.forwarded_protocol_header {
            let key = "cookieBounce.forwardedProtocolHeader";
            notes.unless(texts::is_token(header), key, "expected the name of a header");
        }
    }
}

impl RootResponse {
    fn problems(&self, notes: &mut Notes) {
        let status = self.status_code;
        if !(200..=599).contains(&status) {
            notes.say(
                "rootResponse.statusCode",
                format!("expected a status from 200 to 599, found `{status}`"),
            );
        }
        for (name, value) in &self.headers {
            if !texts::is_token(name) {
                notes.say("rootResponse.headers", format!("expected the name of a header, found `{name}`"));
            }
            if !texts::is_header_value(value) {
                notes.say(
                    "rootResponse.headers",
                    format!("expected one line of text as the value of `{name}`"),
                );
            }
        }
    }
}

impl Networking {
    fn problems(&self, notes: &mut Notes) {
        for (key, duration) in [
            ("networking.idleTimeout", self.idle_timeout),
            ("networking.headerReadTimeout", self.header_read_timeout),
            ("networking.responseHeaderTimeout", self.response_header_timeout),
            ("networking.bodyReadTimeout", self.body_read_timeout),
        ] {
            notes.positive(key, duration);
        }
        for (key, number) in [
            ("networking.maxConnections", self.max_connections),
            ("networking.maxInFlight", self.max_in_flight),
            ("networking.maxRequestLineLength", self.max_request_line_length),
            ("networking.maxHeadersLength", self.max_headers_length),
            ("networking.maxPayloadSize", self.max_payload_size),
        ] {
            notes.unless(number > 0, key, POSITIVE_NUMBER);
        }
        notes.unless(
            self.max_bytes_in_flight >= self.drop_payload_size,
            "networking.maxBytesInFlight",
            "expected at least `networking.dropPayloadSize`: one body must have room",
        );
        // Files that shorten the one and never knew the other mean no harm.
        let as_ever = self.body_read_timeout == Self::default().body_read_timeout;
        notes.unless(
            as_ever || self.body_read_timeout < self.response_header_timeout,
            "networking.bodyReadTimeout",
            "expected less than `networking.responseHeaderTimeout`",
        );
        notes.unless(
            self.drop_payload_size >= self.max_payload_size,
            "networking.dropPayloadSize",
            "expected at least `networking.maxPayloadSize`: what is larger than the former is refused",
        );
    }
}
