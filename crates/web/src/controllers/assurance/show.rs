//! `GET /api/assurance`: whether anything is lost.

use axum::Json;
use axum::extract::State;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::controllers::cases::scope::visible;
use crate::error::ApiError;
use crate::views::assurance::AssuranceView;

/// Both rates and the self-checks, measured now.
#[utoipa::path(get, path = "/api/assurance", tag = "assurance", responses((status = 200, body = AssuranceView)))]
pub(crate) async fn show(State(state): State<AppState>, signed: Signed) -> Result<Json<AssuranceView>, ApiError> {
    let mut view = state.office.assurance().await?;
    // The figures are the district's and the same for everybody; a number names a matter.
    if let Some(number) = &view.oldest_unassigned
        && visible(&state, &signed, number).await.is_err()
    {
        view.oldest_unassigned = None;
    }
    Ok(Json(view))
}
