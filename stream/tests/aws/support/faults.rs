//! Faults by script: what is to go wrong with the next calls that write.

use std::{
    collections::VecDeque,
    future::Future,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Body,
    http::{Response, StatusCode, header},
};
use http_body_util::Limited;

/// What goes wrong with one call.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// It is answered with this status and code, and not carried out.
    Whole(u16, &'static str),
    /// The records at these indices are refused with this code, the others taken.
    Records(Vec<usize>, &'static str),
    /// All records are refused with this code.
    AllRecords(&'static str),
    /// It is never answered and not carried out.
    Hang,
    /// It is carried out after this time.
    Late(Duration),
    /// The connection is cut before it is carried out.
    Cut,
    /// The connection is cut after it was carried out.
    CutAfter,
}

/// The faults to come, and what has been seen.
#[derive(Debug, Default)]
pub(crate) struct Script {
    faults: Mutex<VecDeque<Fault>>,
    /// What happens when the script is at its end.
    after: Mutex<Option<Fault>>,
    /// Records and bytes of the bodies of the calls that came.
    pub(crate) calls: Mutex<Vec<(usize, usize)>>,
    met: AtomicUsize,
}

impl Script {
    pub(crate) fn add(&self, faults: impl IntoIterator<Item = Fault>) {
        self.faults.lock().unwrap().extend(faults);
    }

    /// From the end of the script on.
    pub(crate) fn always(&self, fault: Fault) {
        *self.after.lock().unwrap() = Some(fault);
    }

    pub(crate) fn next(&self) -> Fault {
        let scripted = self.faults.lock().unwrap().pop_front();
        let fault = scripted.or_else(|| self.after.lock().unwrap().clone()).unwrap_or(Fault::None);
        if !matches!(fault, Fault::None) {
            self.met.fetch_add(1, Ordering::Relaxed);
        }
        fault
    }

    /// How many calls met a fault.
    pub(crate) fn met(&self) -> usize {
        self.met.load(Ordering::Relaxed)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.faults.lock().unwrap().is_empty()
    }
}

impl Fault {
    pub(crate) fn hits(&self, index: usize) -> Option<&'static str> {
        match self {
            Self::Records(indices, code) if indices.contains(&index) => Some(code),
            Self::AllRecords(code) => Some(code),
            _ => None,
        }
    }

    /// Carries out a call, unless the fault is one of the whole call that prevents it.
    pub(crate) async fn around(&self, carry_out: impl Future<Output = Response<Body>>) -> Response<Body> {
        match self {
            Self::Whole(status, code) => {
                let status = StatusCode::from_u16(*status).unwrap();
                error(status, code, "as the script says")
            }
            Self::Hang => std::future::pending().await,
            Self::Late(time) => {
                tokio::time::sleep(*time).await;
                carry_out.await
            }
            Self::Cut => cut(),
            Self::CutAfter => {
                assert!(carry_out.await.status().is_success());
                cut()
            }
            Self::None | Self::Records(..) | Self::AllRecords(_) => carry_out.await,
        }
    }
}

pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let body = serde_json::json!({ "__type": code, "message": message }).to_string();
    json(status, body)
}

pub(crate) fn json(status: StatusCode, body: String) -> Response<Body> {
    let answer =
        Response::builder().status(status).header(header::CONTENT_TYPE, "application/x-amz-json-1.1");
    answer.body(Body::from(body)).unwrap()
}

/// An answer whose body breaks off.
fn cut() -> Response<Body> {
    Response::new(Body::new(Limited::new(Body::from("more than may be read"), 1)))
}
