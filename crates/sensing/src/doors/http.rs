//! HTTP: `POST /api/v1/observations`, one reading or many ([`told`](super::told)), with a bearer token. It is answered after
//! the commit and never before; sent again it changes nothing. A listener of its own, because a process that takes readings
//! has no console. TLS is a proxy's in front of it.
//!
//! | answer | when |
//! |---|---|
//! | 200 | at least one reading is kept; `refused` names the others |
//! | 401, 403 | no such token; not from this address |
//! | 400, 413, 422 | no JSON of the form; too large; every reading was refused |
//! | 503 | the store or the door is busy: send all of it again |

mod lines;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use huiyin_engine::Clock;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::config::{Caller, Http};
use super::told::{self, Fault, LARGEST, Voice};
use crate::ingest::{Intake, Reason};
use crate::observation::Source;

/// Where readings are sent to.
pub const PATH: &str = "/api/v1/observations";
/// Requests that are worked on at the same time; more are told to come again.
const AT_ONCE: usize = 64;
/// Longest token that is looked at.
const LONGEST_TOKEN: usize = 512;

/// The door.
#[derive(Clone)]
pub struct Door {
    /// Where readings go.
    pub intake: Intake,
    /// Who may speak, and bounds.
    pub http: Arc<Http>,
    /// The house's time, which stamps what comes in.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Door({:?})", self.http)
    }
}

/// What is answered when readings were kept, or all refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// How many readings are committed, now or from before.
    pub kept: usize,
    /// Those that are not, and why.
    pub refused: Vec<Fault>,
}

struct Inner {
    door: Door,
    room: Semaphore,
}

impl Door {
    /// Takes requests until it is told to stop; those under way are answered.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) {
        let listener = lines::Lines::new(listener, &self.http, Arc::clone(self.intake.counts()));
        let inner = Arc::new(Inner { door: self, room: Semaphore::new(AT_ONCE) });
        let router = Router::new().route(PATH, post(take)).with_state(inner);
        let service = router.into_make_service_with_connect_info::<lines::From>();
        let served = axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = served.await {
            tracing::error!(%error, "the HTTP door of stations has ended");
        }
    }
}

async fn take(
    State(inner): State<Arc<Inner>>,
    ConnectInfo(from): ConnectInfo<lines::From>,
    request: Request,
) -> Response {
    let door = &inner.door;
    let address = source(door, from.0.ip(), request.headers());
    // Before anything of the body is read.
    let caller = match admitted(door, request.headers(), address) {
        Ok(caller) => caller,
        Err(refused) => return *refused,
    };
    let Ok(_place) = inner.room.try_acquire() else {
        door.intake.counts().refused(Source::Http, Reason::Limit);
        return busy("too many requests at once; send it again");
    };
    let Ok(body) = axum::body::to_bytes(request.into_body(), LARGEST).await else {
        door.intake.counts().refused(Source::Http, Reason::Limit);
        let problem =
            format!("the body did not come whole, or is larger than {LARGEST} bytes; send fewer readings at once");
        return wrong(StatusCode::PAYLOAD_TOO_LARGE, "limit", &problem);
    };
    let voice = Voice { station: None, may: &caller.stations, source: Source::Http, now: door.clock.now() };
    let told = match told::read(&door.intake, &body, &voice) {
        Ok(told) => told,
        Err(problem) => {
            door.intake.counts().refused(Source::Http, Reason::Malformed);
            tracing::warn!(caller = %caller.name, %problem, "a message of readings was not understood");
            return wrong(StatusCode::BAD_REQUEST, "malformed", &problem);
        }
    };
    if let Some(first) = told.faults.first() {
        let (refused, field) = (told.faults.len(), &first.field);
        tracing::warn!(caller = %caller.name, refused, %field, problem = %first.problem, "readings were refused");
    }
    let kept = tokio::time::timeout(patience(door), door.intake.keep(&told.observations)).await;
    match kept {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => return busy(&error.to_string()),
        Err(_) => return busy("the store did not take the readings in time; send them again"),
    }
    let status = if told.observations.is_empty() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    (status, Json(Kept { kept: told.observations.len(), refused: told.faults })).into_response()
}

/// Shorter than a request may last, so that it is answered before it is cut off.
fn patience(door: &Door) -> Duration {
    door.http.request * 2 / 3
}

fn source(door: &Door, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let said = || {
        headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
    };
    let proxied = if door.http.behind_proxy { said() } else { None };
    proxied.unwrap_or(peer).to_canonical()
}

fn admitted<'a>(door: &'a Door, headers: &HeaderMap, address: IpAddr) -> Result<&'a Caller, Box<Response>> {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|value| value.split_once(' ')).filter(|(how, _)| how.eq_ignore_ascii_case("bearer"));
    let token = token.map_or("", |(_, token)| token.trim());
    let known = if token.is_empty() || token.len() > LONGEST_TOKEN { None } else { door.http.callers.of_token(token) };
    let Some(caller) = known else {
        door.intake.counts().refused(Source::Http, Reason::WrongPassword);
        tracing::warn!(from = %address, "a request with an unknown token was refused");
        let mut answer = wrong(StatusCode::UNAUTHORIZED, "wrong_password", "expected Authorization: Bearer TOKEN");
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return Err(Box::new(answer));
    };
    if caller.comes_from(address) {
        return Ok(caller);
    }
    door.intake.counts().refused(Source::Http, Reason::WrongAddress);
    tracing::warn!(from = %address, caller = %caller.name, "a caller does not speak from this address");
    let refused = wrong(StatusCode::FORBIDDEN, "wrong_address", "this token does not count from your address");
    Err(Box::new(refused))
}

fn wrong(status: StatusCode, reason: &str, problem: &str) -> Response {
    (status, Json(json!({"error": {"reason": reason, "problem": problem}}))).into_response()
}

fn busy(problem: &str) -> Response {
    let mut answer = wrong(StatusCode::SERVICE_UNAVAILABLE, "busy", problem);
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    answer
}
