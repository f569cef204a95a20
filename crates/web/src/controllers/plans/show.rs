//! `GET /api/cases/{key}/plan`: what a response plan says, field by field, how complete it is, and its versions.

use axum::Json;
use axum::extract::State;

use super::SAVED;
use crate::app::AppState;
use crate::auth::session::Signed;
use crate::controllers::cases::scope::visible;
use crate::error::ApiError;
use crate::extract::Segment;
use crate::views::plans::PlanView;

/// The plan as it stands. `known` says what the system knows, where the viewer may save it.
#[utoipa::path(get, path = "/api/cases/{key}/plan", tag = "plans",
    params(("key" = String, Path, description = "case id or number")),
    responses((status = 200, body = PlanView), (status = 404, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn show(
    State(state): State<AppState>,
    signed: Signed,
    Segment(key): Segment<String>,
) -> Result<Json<PlanView>, ApiError> {
    let file = visible(&state, &signed, &key).await?;
    let may_save = file.events.iter().any(|event| event.name == SAVED);
    state.office.plan(file.row.id, may_save).await?.map(Json).ok_or_else(ApiError::not_found)
}
