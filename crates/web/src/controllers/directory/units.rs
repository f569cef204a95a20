//! `GET /api/directory/units`: units.

use axum::Json;
use axum::extract::State;

use crate::app::AppState;
use crate::views::directory::UnitView;

/// Units of the district.
#[utoipa::path(get, path = "/api/directory/units", tag = "directory", responses((status = 200, body = Vec<UnitView>)))]
pub(crate) async fn units(State(state): State<AppState>) -> Json<Vec<UnitView>> {
    Json(state.office.units())
}
