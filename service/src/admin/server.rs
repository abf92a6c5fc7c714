//! The small HTTP server behind `--admin-listen`.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use super::{Probe, verdict};
use crate::{clock, context::Context, drain::Drain, exit::RunError, telemetry};

/// How long a connection may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Most open connections; more wait in the system's queue.
const CONNECTIONS: usize = 64;

/// Serves `GET /health`, `/ready` and `/metrics` until `stop` is requested. `context` is the whole process's: its drain
/// makes `/ready` say no while this server still answers.
///
/// # Errors
///
/// None while it runs: what goes wrong with a connection ends that connection.
pub async fn run(listener: TcpListener, context: Context, stop: Drain) -> Result<(), RunError> {
    run_probed(listener, context, Probe::default(), stop).await
}

/// The same, asked for health in another way.
///
/// # Errors
///
/// As [`run`].
pub async fn run_probed(
    listener: TcpListener,
    context: Context,
    probe: Probe,
    stop: Drain,
) -> Result<(), RunError> {
    let room = std::sync::Arc::new(tokio::sync::Semaphore::new(CONNECTIONS));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            () = stop.requested() => return Ok(()),
            accepted = async {
                let permit = room.clone().acquire_owned().await.expect("the semaphore is never closed");
                (listener.accept().await, permit)
            } => accepted,
        };
        let (stream, permit) = match accepted {
            (Ok((stream, _)), permit) => (stream, permit),
            (Err(error), _) => {
                // Out of file descriptors or a peer that left at once: the next attempt may do.
                tracing::debug!(%error, "admin: accept");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let context = context.clone();
        connections.spawn(async move {
            let answering = service_fn(move |request| {
                let response = answer(&request, &context, probe);
                async move { Ok::<_, Infallible>(response) }
            });
            let served = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .serve_connection(TokioIo::new(stream), answering)
                .await;
            if let Err(error) = served {
                tracing::debug!(%error, "admin: connection");
            }
            drop(permit);
        });
    }
}

fn answer(request: &Request<Incoming>, context: &Context, probe: Probe) -> Response<Full<Bytes>> {
    let text = "text/plain; charset=utf-8";
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_read && !probe.every_path {
        return respond(StatusCode::METHOD_NOT_ALLOWED, text, "only GET\n");
    }
    let state = |yes: bool| if yes { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let judged = || {
        let facts = context.health.statements();
        verdict(&facts, context.drain.is_requested(), probe.unhealthy_age, clock::now())
    };
    match request.uri().path() {
        "/ready" if is_read => {
            let judged = judged();
            respond(state(judged.ready), "application/json", judged.body)
        }
        "/metrics" if is_read => respond(StatusCode::OK, telemetry::RENDERED_TYPE, telemetry::render()),
        path if path == "/health" || probe.every_path => {
            let judged = judged();
            respond(state(judged.healthy), "application/json", judged.body)
        }
        _ => respond(StatusCode::NOT_FOUND, text, "there are /health, /ready and /metrics\n"),
    }
}

fn respond(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}
