//! What surrounds every request: security headers, a time-out, a line in the log, a count in the metrics.
//!
//! Logged are method, route pattern, status and time. Never a query string, a header or a body: they carry secrets.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Response, header};
use axum::middleware::Next;
use axum::response::IntoResponse as _;

use crate::app::AppState;
use crate::error::ApiError;

/// No script but our own files, no frame around us. Styles may be inline: the table and date components set them.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; connect-src 'self'; object-src 'none'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Runs a request with everything around it.
pub(crate) async fn around(State(state): State<AppState>, request: Request, next: Next) -> axum::response::Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("console", MatchedPath::as_str).to_owned();
    let mut response = match tokio::time::timeout(state.config.timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::timed_out().into_response(),
    };
    harden(&mut response, state.config.secure(), &route);
    if let Some(tiles) = state.config.map_tiles.as_ref().filter(|_| route == "console") {
        admit_tiles(response.headers_mut(), tiles.origin());
    }
    let (status, took) = (response.status().as_u16(), started.elapsed());
    state.metrics.record(method.as_str(), &route, status, took);
    tracing::info!(%method, %route, status, milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX), "request");
    response
}

fn harden<B>(response: &mut Response<B>, secure: bool, route: &str) {
    let headers = response.headers_mut();
    keep_or_set(headers, header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    keep_or_set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    keep_or_set(headers, header::X_FRAME_OPTIONS, "DENY");
    keep_or_set(headers, header::REFERRER_POLICY, "no-referrer");
    keep_or_set(headers, header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    keep_or_set(headers, header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    keep_or_set(
        headers,
        header::HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), payment=()",
    );
    if secure {
        keep_or_set(headers, header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    if route != "console" {
        keep_or_set(headers, header::CACHE_CONTROL, "no-store");
    }
}

/// Pages may ask one more place: for tiles, and for nothing else.
fn admit_tiles(headers: &mut HeaderMap, origin: &str) {
    let policy = CONTENT_SECURITY_POLICY
        .replace("img-src 'self'", &format!("img-src 'self' {origin}"))
        .replace("connect-src 'self'", &format!("connect-src 'self' {origin}"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

fn keep_or_set(headers: &mut HeaderMap, name: header::HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}
