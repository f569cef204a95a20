//! `GET /api/sources/{id}/sheet`: the map sheet of a source, for printing.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::desk;
use crate::app::AppState;
use crate::error::ApiError;
use crate::extract::{Params, Segment};

/// A picture that runs nothing and asks for nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// How it is printed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct How {
    /// `a3` (default) or `a4`, landscape.
    pub paper: Option<String>,
    /// `zh` (default) or `en`.
    pub language: Option<String>,
}

/// The map sheet as SVG: map with legend, scale and north, risk sources upstream with arrival times, facilities, depots.
#[utoipa::path(get, path = "/api/sources/{id}/sheet", tag = "sources",
    params(("id" = String, Path, description = "source id"), How),
    responses((status = 200, content_type = "image/svg+xml", body = String), (status = 404, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn sheet(
    State(state): State<AppState>,
    Segment(id): Segment<String>,
    Params(how): Params<How>,
) -> Result<Response, ApiError> {
    let small = match how.paper.as_deref() {
        None | Some("a3") => false,
        Some("a4") => true,
        Some(_) => return Err(ApiError::bad_request("paper", "expected a3 or a4")),
    };
    let english = match how.language.as_deref() {
        None | Some("zh") => false,
        Some("en") => true,
        Some(_) => return Err(ApiError::bad_request("language", "expected zh or en")),
    };
    let office = &state.config.district.name;
    let svg = desk(&state)?.sheet(&id, small, english, office, state.office.now()).await?;
    let name =
        format!("inline; filename=\"{}.svg\"", id.chars().filter(char::is_ascii_alphanumeric).collect::<String>());
    let about = [
        (header::CONTENT_TYPE, "image/svg+xml; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, POLICY.to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((about, svg).into_response())
}
