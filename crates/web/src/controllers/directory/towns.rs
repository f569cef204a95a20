//! `GET /api/directory/towns`: towns.

use axum::Json;
use axum::extract::State;

use crate::app::AppState;
use crate::views::directory::ChoiceView;

/// Towns of the district.
#[utoipa::path(get, path = "/api/directory/towns", tag = "directory", responses((status = 200, body = Vec<ChoiceView>)))]
pub(crate) async fn towns(State(state): State<AppState>) -> Json<Vec<ChoiceView>> {
    Json(state.office.towns())
}
