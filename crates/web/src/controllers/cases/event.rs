//! `POST /api/cases/{id}/events`: sending an event to a case. Whether it is allowed now is the workflow's to say.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::scope::visible;
use crate::app::AppState;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::extract::{Body, Segment};
use crate::ports::{Deed, Submission};
use crate::views::case::AcceptedView;

/// An event to be sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEvent {
    /// Made by the caller. The same id with the same body gives the same answer, with another body 409.
    pub id: Uuid,
    /// Event name.
    pub event: String,
    /// Its data, as the event's form describes it.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub data: Value,
}

/// Sends an event. The answer comes when it is committed.
#[utoipa::path(post, path = "/api/cases/{key}/events", tag = "cases",
    params(("key" = String, Path, description = "case id or number")), request_body = NewEvent,
    responses((status = 200, body = AcceptedView), (status = 404, body = crate::error::ErrorEnvelope),
        (status = 409, body = crate::error::ErrorEnvelope), (status = 422, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn send(
    State(state): State<AppState>,
    signed: Signed,
    Segment(key): Segment<String>,
    Body(NewEvent { id, event, data }): Body<NewEvent>,
) -> Result<Json<AcceptedView>, ApiError> {
    let data = if data.is_null() { Value::Object(serde_json::Map::new()) } else { data };
    if !data.is_object() {
        return Err(ApiError::bad_request("data", "expected an object"));
    }
    let case = visible(&state, &signed, &key).await?.row.id;
    let deed = Deed::Event { case, event, data };
    Ok(Json(state.office.submit(signed.user(), Submission { id, deed }).await?))
}
