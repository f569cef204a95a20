//! `GET /api/mails/{id}`: one mail whole, with every try to send it.

use axum::Json;
use axum::extract::State;

use super::is_hidden;
use crate::app::AppState;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::extract::Segment;
use crate::views::mail::MailView;

/// One mail.
#[utoipa::path(get, path = "/api/mails/{id}", tag = "mails", params(("id" = String, Path, description = "mail id")),
    responses((status = 200, body = MailView), (status = 404, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn show(
    State(state): State<AppState>,
    signed: Signed,
    Segment(id): Segment<String>,
) -> Result<Json<MailView>, ApiError> {
    let mail = state.office.mail(&id).await?.ok_or_else(ApiError::not_found)?;
    for case in &mail.head.cases {
        if is_hidden(&state, &signed, *case).await? {
            return Err(ApiError::not_found());
        }
    }
    Ok(Json(mail))
}
