//! What `piste up` says on stdout once everything listens.

use std::{net::SocketAddr, path::Path};

use super::{config::UpConfig, shown};
use crate::output::line;

/// Where things listen.
#[derive(Clone, Copy)]
pub(crate) struct Addresses {
    pub(crate) collector: SocketAddr,
    pub(crate) https: Option<SocketAddr>,
    pub(crate) admin: SocketAddr,
    pub(crate) iglu: SocketAddr,
}

/// Prints where everything is, and a request to try; `key_file` holds the key for the registry where it was made here.
pub(crate) fn print(config: &UpConfig, at: Addresses, key_file: Option<&Path>) {
    let Addresses { collector, https, admin, iglu } = at;
    let data = shown(&config.data);
    line(format_args!("collector  http://{collector}"));
    if let Some(https) = https {
        line(format_args!("with TLS   https://{https}"));
    }
    line(format_args!("health     http://{admin}/health"));
    line(format_args!("metrics    http://{admin}/metrics"));
    line(format_args!("lake       {data}/lake/{{raw,enriched,bad}}"));
    match &config.postgres_url {
        Some(url) => line(format_args!("postgres   {}", without_password(url.expose()))),
        None => line(format_args!("postgres   off; --postgres URL turns it on")),
    }
    line(format_args!("iglu       http://{iglu}/api"));
    if let Some(file) = key_file {
        line(format_args!("iglu key   {}", shown(file)));
    }
    for folder in &config.schemas {
        line(format_args!("schemas    {}", shown(folder)));
    }
    for registry in &config.registries {
        line(format_args!("registry   {registry}"));
    }
    line(format_args!(
        "try        curl 'http://{collector}/i?e=pv&p=web&tv=curl&url=http%3A%2F%2Flocalhost%2F'"
    ));
}

/// The URL without its password.
fn without_password(url: &str) -> String {
    match url.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?))) {
        Some((scheme, (login, place))) => {
            let user = login.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{place}")
        }
        None if url.contains("password") => "(connection string with a password)".into(),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn passwords_are_not_printed() {
        for (url, shown) in [
            ("postgres://u:secret@h:5432/db", "postgres://u@h:5432/db"),
            ("postgres://u@h/db", "postgres://u@h/db"),
            ("postgres:///db?host=/run", "postgres:///db?host=/run"),
            ("host=/run user=u password=secret", "(connection string with a password)"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
