//! `POST /api/cases`: opening a case. Its id is made by the caller, so that repeating the request is safe.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::extract::Body;
use crate::ports::{Deed, Submission};
use crate::views::case::AcceptedView;

/// A case to be opened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCase {
    /// Made by the caller. The same id with the same body gives the same answer, with another body 409.
    pub id: Uuid,
    /// Workflow name.
    pub workflow: String,
    /// Its data, as the workflow's intake form describes it.
    #[schema(value_type = Object)]
    pub data: Value,
}

/// Opens a case. The answer comes when it is committed.
#[utoipa::path(post, path = "/api/cases", tag = "cases", request_body = NewCase,
    responses((status = 201, body = AcceptedView), (status = 400, body = crate::error::ErrorEnvelope),
        (status = 409, body = crate::error::ErrorEnvelope), (status = 422, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn create(
    State(state): State<AppState>,
    signed: Signed,
    Body(NewCase { id, workflow, data }): Body<NewCase>,
) -> Result<(StatusCode, Json<AcceptedView>), ApiError> {
    if !data.is_object() {
        return Err(ApiError::bad_request("data", "expected an object"));
    }
    let accepted = state.office.submit(signed.user(), Submission { id, deed: Deed::Open { workflow, data } }).await?;
    Ok((StatusCode::CREATED, Json(accepted)))
}
