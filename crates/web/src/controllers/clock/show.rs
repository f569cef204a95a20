//! `GET /api/clock`: the office's time.

use axum::Json;
use axum::extract::State;

use crate::app::AppState;
use crate::views::clock::ClockNow;

/// The office's time.
#[utoipa::path(get, path = "/api/clock", tag = "clock", responses((status = 200, body = ClockNow)))]
pub(crate) async fn show(State(state): State<AppState>) -> Json<ClockNow> {
    Json(ClockNow { now: state.office.now(), demo: state.office.clock_moves() })
}
