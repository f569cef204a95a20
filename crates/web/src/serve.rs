//! Listening: serves the doors until told to stop, then lets running requests finish.

use std::future::Future;
use std::net::SocketAddr;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::app::{AppState, MoreMetrics, Secret};
use crate::auth::guard;
use crate::doors::with_exercises;

/// Serves on a listener until `shutdown` comes; requests under way finish, streams end. `exercises`: the office of the
/// exercises beside it.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    state: AppState,
    exercises: Option<AppState>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let closing: Vec<_> = exercises.iter().chain([&state]).map(|state| state.closing.clone()).collect();
    let service = with_exercises(state, exercises).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(async move {
            shutdown.await;
            for closing in closing {
                closing.send_replace(true);
            }
        })
        .await
}

/// Serves only what supervisors of processes ask, for a process without pages: `/api/health`, whether it answers,
/// `/api/ready`, whether `ready` says that it can work, and `/metrics` with the collector's token, where there are figures.
///
/// # Errors
/// When the listener fails.
pub async fn serve_probes<R>(
    listener: TcpListener,
    ready: impl Fn() -> R + Clone + Send + Sync + 'static,
    metrics: Option<(Secret, MoreMetrics)>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()>
where
    R: Future<Output = bool> + Send,
{
    let version = env!("CARGO_PKG_VERSION");
    let answer = move || async move {
        match ready().await {
            true => (StatusCode::OK, Json(json!({"status": "ready"}))),
            false => (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": "not ready"}))),
        }
    };
    let health = async move || Json::<Value>(json!({"status": "ok", "version": version}));
    let mut router = Router::new().route("/api/health", get(health)).route("/api/ready", get(answer));
    if let Some((token, figures)) = metrics {
        router = router.route("/metrics", get(async move |headers: HeaderMap| collected(&token, &figures, &headers)));
    }
    axum::serve(listener, router).with_graceful_shutdown(shutdown).await
}

fn collected(token: &Secret, figures: &MoreMetrics, headers: &HeaderMap) -> Response {
    if !guard::is_bearer(token, headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], (figures.0)()).into_response()
}
