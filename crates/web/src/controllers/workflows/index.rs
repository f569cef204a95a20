//! `GET /api/workflows`: workflows in force, with the form by which a case is opened.

use axum::Json;
use axum::extract::State;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::views::workflow::WorkflowView;

/// Workflows in force.
#[utoipa::path(get, path = "/api/workflows", tag = "cases", responses((status = 200, body = Vec<WorkflowView>)))]
pub(crate) async fn index(State(state): State<AppState>, signed: Signed) -> Json<Vec<WorkflowView>> {
    Json(state.office.workflows(signed.user()))
}
