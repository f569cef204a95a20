//! Listening: serves the doors until told to stop, then lets running requests finish.

use std::future::Future;
use std::net::SocketAddr;

use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::app::AppState;
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

/// Serves only what supervisors of processes ask, for a process without pages: `/api/health`, whether it answers, and
/// `/api/ready`, whether `ready` says that it can work.
///
/// # Errors
/// When the listener fails.
pub async fn serve_probes<R>(
    listener: TcpListener,
    ready: impl Fn() -> R + Clone + Send + Sync + 'static,
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
    let router = Router::new().route("/api/health", get(health)).route("/api/ready", get(answer));
    axum::serve(listener, router).with_graceful_shutdown(shutdown).await
}
