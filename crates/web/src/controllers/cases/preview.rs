//! `POST /api/cases/preview`: what the call form shows while the caller talks: unit, legal dates, duplicates.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::extract::Body;
use crate::permissions;
use crate::views::case::PreviewView;

/// A form as far as it is filled in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Draft {
    /// Workflow name.
    pub workflow: String,
    /// What is filled in so far.
    #[schema(value_type = Object)]
    pub data: Value,
}

/// What would happen if this were saved now. Nothing is saved.
#[utoipa::path(post, path = "/api/cases/preview", tag = "cases", request_body = Draft,
    responses((status = 200, body = PreviewView), (status = 422, body = crate::error::ErrorEnvelope),
        (status = 429, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn preview(
    State(state): State<AppState>,
    signed: Signed,
    Body(Draft { workflow, data }): Body<Draft>,
) -> Result<Json<PreviewView>, ApiError> {
    let user = signed.user();
    state.previews.take(&user.id, state.wall()).map_err(ApiError::too_many)?;
    if !data.is_object() {
        return Err(ApiError::bad_request("data", "expected an object"));
    }
    let preview = state.office.preview(user, &workflow, &data).await?;
    let seen = |(duplicate, scope)| permissions::may_see(user, &scope).then_some(duplicate);
    Ok(Json(PreviewView {
        unit: preview.unit,
        clocks: preview.clocks,
        duplicates: preview.duplicates.into_iter().filter_map(seen).collect(),
        searched: preview.searched,
        errors: preview.errors,
    }))
}
