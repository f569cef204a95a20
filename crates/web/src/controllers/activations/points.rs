//! `GET /api/waters/points`: where something can have entered a river, for the form of an incident.

use axum::Json;
use axum::extract::State;

use crate::app::AppState;
use crate::views::activation::PointView;

/// Risk sources, sections, confluences, facilities and sources on a reach. None where the district has no waters.
#[utoipa::path(get, path = "/api/waters/points", tag = "sources", responses((status = 200, body = [PointView])))]
pub(crate) async fn points(State(state): State<AppState>) -> Json<Vec<PointView>> {
    Json(state.office.water_points())
}
