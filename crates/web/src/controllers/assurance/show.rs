//! `GET /api/assurance`: whether anything is lost.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::controllers::cases::scope::visible;
use crate::error::ApiError;
use crate::extract::Params;
use crate::views::assurance::{AssuranceView, PeriodChoice};

/// Which period.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Period {
    /// `90d` (default), `month`, `last-month`, `quarter` or `last-quarter`.
    #[param(inline)]
    pub period: Option<PeriodChoice>,
}

/// Both rates, the self-checks and the alarms, not older than a minute.
#[utoipa::path(get, path = "/api/assurance", tag = "assurance", params(Period),
    responses((status = 200, body = AssuranceView)))]
pub(crate) async fn show(
    State(state): State<AppState>,
    signed: Signed,
    Params(period): Params<Period>,
) -> Result<Json<AssuranceView>, ApiError> {
    let mut view = state.office.assurance(period.period.unwrap_or_default()).await?;
    // The figures are the district's and the same for everybody; a number names a matter.
    if let Some(number) = &view.oldest_unassigned
        && visible(&state, &signed, number).await.is_err()
    {
        view.oldest_unassigned = None;
    }
    Ok(Json(view))
}
