//! `GET /api/directory/categories`: categories.

use axum::Json;
use axum::extract::State;

use crate::app::AppState;
use crate::views::directory::ChoiceView;

/// Categories of complaints.
#[utoipa::path(get, path = "/api/directory/categories", tag = "directory",
    responses((status = 200, body = Vec<ChoiceView>)))]
pub(crate) async fn categories(State(state): State<AppState>) -> Json<Vec<ChoiceView>> {
    Json(state.office.categories())
}
