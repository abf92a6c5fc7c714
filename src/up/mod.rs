//! `piste up`: the whole pipeline in one process.

mod banner;
mod config;
mod options;
mod pipeline;
mod registry;
mod schemas;

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
};

use service::{
    admin,
    context::Context,
    drain::Drain,
    exit::{ExitCode, RunError},
    supervise::Supervisor,
};

use self::banner::Addresses;
pub(crate) use self::options::{Options, examined};
use crate::{
    collector::doors::{Https, listen},
    demo::Demo,
    output,
};

/// Runs until it is asked to end.
pub(crate) async fn run(options: Options) -> Result<ExitCode, RunError> {
    let mut config = options.configuration()?;
    let context = Context::default();
    let collector = listen(config.listen, "--listen")?;
    let admin = listen(config.admin_listen, "--admin-listen")?;
    let iglu = listen(config.iglu_listen, "--iglu-listen")?;
    let iglu_at = address(&iglu)?;
    let (listen_at, admin_at) = (address(&collector)?, address(&admin)?);
    let https = Https::open(&mut config.collector.ssl, &config.listen.ip().to_string())?;
    let https_at = https.as_ref().map(|https| address(&https.listener)).transpose()?;

    let mut supervisor = Supervisor::new(context.clone(), config.drain_deadline);
    let (log, key_file) = pipeline::start(&config, collector, https, iglu, &mut supervisor).await?;

    let admin_ends = Drain::new();
    let admin = tokio::net::TcpListener::from_std(admin)
        .map_err(|e| RunError::unavailable(format!("{admin_at}: {e}")))?;
    tokio::spawn(admin::server::run(admin, context.clone(), admin_ends.clone()));

    let at = Addresses { collector: listen_at, https: https_at, admin: admin_at, iglu: iglu_at };
    banner::print(&config, at, key_file.as_deref());
    if options.demo {
        let demo =
            Demo { collector: listen_at, data: config.data.clone(), postgres: config.postgres_url.clone() };
        let (drain, once) = (context.drain.clone(), options.once);
        tokio::spawn(async move {
            if let Err(error) = demo.run().await {
                tracing::error!(error = error.to_string(), "the demo broke off");
            }
            if once {
                drain.request();
            } else {
                output::line(format_args!("piste goes on, and so can you; Ctrl-C ends it"));
            }
        });
    }
    let code = supervisor.run().await;
    log.close().await;
    admin_ends.request();
    code
}

fn address(listener: &TcpListener) -> Result<SocketAddr, RunError> {
    listener.local_addr().map_err(|e| RunError::unavailable(format!("a listener without address: {e}")))
}

/// The path as it is printed: with `./` where it is relative.
pub(crate) fn shown(path: &Path) -> String {
    if path.is_relative() { format!("./{}", path.display()) } else { path.display().to_string() }
}
