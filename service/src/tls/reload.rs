//! The certificate in use, and looking after the files it came from.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use rustls::{
    ServerConfig,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{MissedTickBehavior, interval},
};

use super::{Files, Pair, TlsError, TlsKeys, Trouble, file::Fingerprint, server_config};
use crate::{clock, drain::Drain, exit::RunError, metric};

/// Time between two looks at the files.
pub const LOOK_EVERY: Duration = Duration::from_secs(5);

/// From so long before a certificate expires on, every day begins with a warning.
pub const WARN_BEFORE: SignedDuration = SignedDuration::from_hours(14 * 24);

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The TLS side of one server. Cheap to clone; all clones have the same certificate.
#[derive(Clone, Debug)]
pub struct Tls {
    config: Arc<ServerConfig>,
    current: Arc<Current>,
    watched: Arc<Mutex<Watched>>,
    files: Arc<Files>,
    server: &'static str,
}

/// What a look at the files found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// Nothing new.
    Unchanged,
    /// A new pair, from now on in use.
    Taken,
    /// Something that cannot be used, for the first time: perhaps one of two files is not written yet.
    Unsettled(TlsError),
    /// Something that cannot be used; the pair in use stays. Said once for the same files.
    Refused(TlsError),
}

/// Gives each handshake the pair of the moment.
#[derive(Debug)]
struct Current(ArcSwap<Pair>);

#[derive(Debug)]
struct Watched {
    /// What the pair in use was made of.
    used: Fingerprint,
    /// What was seen last and could not be used.
    unusable: Option<Unusable>,
    /// When the end of the pair in use was last warned of.
    warned: Option<Timestamp>,
}

#[derive(Debug)]
struct Unusable {
    /// `None` where the files could not be read.
    files: Option<Fingerprint>,
    error: TlsError,
    refused: bool,
}

impl Tls {
    /// Reads the files. `server` names the server in logs and metrics. A certificate that is not valid now is used all the
    /// same, with a warning: not every client checks it, and a server that does not start serves nobody.
    ///
    /// # Errors
    ///
    /// Which key or file is wrong, and how; it turns into exit code 78.
    pub fn open(keys: &TlsKeys, server: &'static str, now: Timestamp) -> Result<Self, TlsError> {
        let files = keys.files()?;
        let contents = files.read()?;
        let pair = Pair::read(&files, &contents)?;
        if let Err(trouble) = pair.validity(now) {
            tracing::warn!(server, "{}: {trouble}; it is used all the same", files.certificate().display());
        }
        let watched = Watched { used: contents.fingerprint(), unusable: None, warned: None };
        let current = Arc::new(Current(ArcSwap::from_pointee(pair)));
        let config = server_config(keys.min_version, current.clone())
            .map_err(|error| TlsError::of_file(files.certificate(), Trouble::Malformed(error.to_string())))?;
        let tls = Self {
            config: Arc::new(config),
            current,
            watched: Arc::new(Mutex::new(watched)),
            files: Arc::new(files),
            server,
        };
        tls.emit_taken();
        tls.warn_of_end(&mut tls.watched.lock().unwrap_or_else(PoisonError::into_inner), now);
        Ok(tls)
    }

    /// What listeners accept with. It shows the certificate of the moment to every new connection.
    pub fn config(&self) -> Arc<ServerConfig> {
        self.config.clone()
    }

    /// The pair in use.
    pub fn pair(&self) -> Arc<Pair> {
        self.current.0.load_full()
    }

    /// Looks at the files and takes what is new and valid. What cannot be used is refused when two looks see the same, or
    /// at once when the operator asked for the look. Blocks while it reads.
    pub fn look(&self, now: Timestamp, asked: bool) -> Look {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let look = self.look_with(&mut watched, now, asked);
        match &look {
            Look::Taken => {
                metric::TLS_RELOADS.increment(&[self.server, "taken"]);
                self.emit_taken();
            }
            Look::Refused(error) => {
                metric::TLS_RELOADS.increment(&[self.server, "refused"]);
                tracing::warn!(server = self.server, "{error}; the certificate in use stays");
            }
            Look::Unchanged | Look::Unsettled(_) => {}
        }
        self.warn_of_end(&mut watched, now);
        look
    }

    /// Looks at the files every [`LOOK_EVERY`] and on SIGHUP, until drain.
    ///
    /// # Errors
    ///
    /// The signal's handler cannot be installed.
    pub async fn watch(self, drain: Drain) -> Result<(), RunError> {
        let mut hangup = signal(SignalKind::hangup())
            .map_err(|e| RunError::unavailable(format!("cannot listen for signals: {e}")))?;
        let mut tick = interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let asked = tokio::select! {
                () = drain.requested() => return Ok(()),
                _ = tick.tick() => false,
                Some(()) = hangup.recv() => true,
            };
            let tls = self.clone();
            // Opening a key store takes thousands of rounds of a hash.
            let looked = tokio::task::spawn_blocking(move || tls.look(clock::now(), asked)).await;
            looked.map_err(|e| RunError::bug(format!("looking at the certificate: {e}")))?;
        }
    }

    fn look_with(&self, watched: &mut Watched, now: Timestamp, asked: bool) -> Look {
        let contents = self.files.read();
        let files = contents.as_ref().ok().map(super::file::Contents::fingerprint);
        if files == Some(watched.used) {
            watched.unusable = None;
            return Look::Unchanged;
        }
        let said = watched.unusable.as_ref().filter(|unusable| unusable.files == files);
        let waits = said.is_some_and(|u| matches!(u.error.trouble, Trouble::NotYetValid { .. }));
        if files.is_some() && said.is_some_and(|unusable| unusable.refused) && !waits {
            return Look::Unchanged;
        }
        let read = contents.and_then(|contents| Pair::read(&self.files, &contents)).and_then(|pair| {
            let valid = pair.validity(now);
            valid.map(|()| pair).map_err(|trouble| TlsError::of_file(self.files.certificate(), trouble))
        });
        match (read, files) {
            (Ok(pair), Some(used)) => {
                self.current.0.store(Arc::new(pair));
                *watched = Watched { used, unusable: None, warned: None };
                Look::Taken
            }
            (Ok(_), None) => Look::Unchanged,
            (Err(error), _) => {
                let same = said.filter(|unusable| unusable.error == error);
                let (seen, refused) = (same.is_some(), same.is_some_and(|unusable| unusable.refused));
                watched.unusable = Some(Unusable { files, error: error.clone(), refused: seen || asked });
                match (refused, seen || asked) {
                    (true, _) => Look::Unchanged,
                    (false, true) => Look::Refused(error),
                    (false, false) => Look::Unsettled(error),
                }
            }
        }
    }

    fn emit_taken(&self) {
        let pair = self.pair();
        let certificate = &pair.certificate;
        metric::TLS_CERTIFICATE_EXPIRY_SECONDS.set(certificate.not_after.as_second() as f64, &[self.server]);
        tracing::info!(
            server = self.server,
            file = %self.file().display(),
            names = certificate.names.join(", "),
            expires = %certificate.not_after,
            "certificate in use"
        );
    }

    fn warn_of_end(&self, watched: &mut Watched, now: Timestamp) {
        let until = self.current.0.load().certificate.not_after;
        let due = watched.warned.is_none_or(|warned| now.duration_since(warned) >= DAY);
        if until.duration_since(now) > WARN_BEFORE || !due {
            return;
        }
        watched.warned = Some(now);
        let (server, file) = (self.server, self.file().display().to_string());
        if now > until {
            tracing::warn!(server, file, expires = %until, "the certificate in use has expired: clients refuse it");
        } else {
            let days = until.duration_since(now).as_hours() / 24;
            tracing::warn!(server, file, expires = %until, days, "the certificate in use expires soon");
        }
    }

    fn file(&self) -> &Path {
        self.files.certificate()
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load().key.clone())
    }
}
