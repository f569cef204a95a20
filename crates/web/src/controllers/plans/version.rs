//! `GET /api/cases/{key}/plan/versions/{n}`: what a plan said at one of its versions, every field as text.

use axum::Json;
use axum::extract::State;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::controllers::cases::scope::visible;
use crate::error::ApiError;
use crate::extract::Segment;
use crate::views::plans::PlanTextView;

/// One version. 1 is the plan as it was opened.
#[utoipa::path(get, path = "/api/cases/{key}/plan/versions/{n}", tag = "plans",
    params(("key" = String, Path, description = "case id or number"), ("n" = u32, Path, description = "version")),
    responses((status = 200, body = PlanTextView), (status = 404, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn version(
    State(state): State<AppState>,
    signed: Signed,
    Segment((key, n)): Segment<(String, u32)>,
) -> Result<Json<PlanTextView>, ApiError> {
    let file = visible(&state, &signed, &key).await?;
    state.office.plan_version(file.row.id, n).await?.map(Json).ok_or_else(ApiError::not_found)
}
