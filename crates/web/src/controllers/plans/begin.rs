//! `POST /api/sources/{id}/plan`: begins the response plan of a source.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::controllers::sources::desk;
use crate::error::ApiError;
use crate::extract::{Body, Segment};
use crate::ports::NewPlan;
use crate::views::case::AcceptedView;

/// A plan to be begun.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    /// Made by the caller. The same id with the same body gives the same answer, with another body 409.
    pub id: Uuid,
    /// Unit that draws it up.
    pub unit: String,
    /// Title; empty: made from the name of the source.
    #[serde(default)]
    pub title: String,
}

/// Begins a plan: with the text of the one in force, which it is to replace, else with what the system knows of the source.
/// Refused while another plan of this source is being drawn up.
#[utoipa::path(post, path = "/api/sources/{id}/plan", tag = "plans",
    params(("id" = String, Path, description = "source id")), request_body = Begin,
    responses((status = 201, body = AcceptedView), (status = 404, body = crate::error::ErrorEnvelope),
        (status = 409, body = crate::error::ErrorEnvelope), (status = 422, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn begin(
    State(state): State<AppState>,
    signed: Signed,
    Segment(source): Segment<String>,
    Body(Begin { id, unit, title }): Body<Begin>,
) -> Result<(StatusCode, Json<AcceptedView>), ApiError> {
    let current = desk(&state)?.plan_to_revise(&source, id).await?;
    let new = NewPlan { id, source, unit, title, current };
    Ok((StatusCode::CREATED, Json(state.office.begin_plan(signed.user(), new).await?)))
}
