//! `GET /api/activations`: the activation board.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::controllers::cases::scope::visible;
use crate::error::ApiError;
use crate::extract::Params;
use crate::views::activation::ActivationBoardView;

/// Which ones.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Id or number of an incident: all its activations, also those that are over. Without it: every open activation.
    pub incident: Option<String>,
}

/// Activations that the viewer may know of, by incident, in order of arrival. 404 for an incident that is not theirs to know.
#[utoipa::path(get, path = "/api/activations", tag = "incidents", params(Which),
    responses((status = 200, body = ActivationBoardView), (status = 404, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn index(
    State(state): State<AppState>,
    signed: Signed,
    Params(which): Params<Which>,
) -> Result<Json<ActivationBoardView>, ApiError> {
    let incident = match which.incident.as_deref() {
        Some(key) => Some(visible(&state, &signed, key).await?.row.id),
        None => None,
    };
    Ok(Json(state.office.activations(incident, signed.user()).await?))
}
