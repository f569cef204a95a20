//! `GET /api/sources/{id}/sheet`: the map sheet of a source, for printing.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use huiyin_water::sheet::Paper;
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
    /// `svg` (default), or `pdf`: one page, letters embedded.
    pub format: Option<String>,
}

/// The map sheet as SVG or PDF: map with legend, scale and north, risk sources upstream with arrival times, facilities, what the
/// plan says to do, whom to call and what lies where.
#[utoipa::path(get, path = "/api/sources/{id}/sheet", tag = "sources",
    params(("id" = String, Path, description = "source id"), How),
    responses((status = 200, content_type = "image/svg+xml", body = String), (status = 404, body = crate::error::ErrorEnvelope),
        (status = 503, body = crate::error::ErrorEnvelope, description = "no font with Chinese letters is installed")))]
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
    let as_pdf = match how.format.as_deref() {
        None | Some("svg") => false,
        Some("pdf") => true,
        Some(_) => return Err(ApiError::bad_request("format", "expected svg or pdf")),
    };
    let office = &state.config.district.name;
    let svg = desk(&state)?.sheet(&id, small, english, office, &state.office.units(), state.office.now()).await?;
    let name: String = id.chars().filter(char::is_ascii_alphanumeric).collect();
    let about = |media: &str, ending: &str| {
        [
            (header::CONTENT_TYPE, media.to_owned()),
            (header::CONTENT_SECURITY_POLICY, POLICY.to_owned()),
            (header::CONTENT_DISPOSITION, format!("inline; filename=\"{name}.{ending}\"")),
        ]
    };
    if !as_pdf {
        return Ok((about("image/svg+xml; charset=utf-8", "svg"), svg).into_response());
    }
    let paper = if small { Paper::A4 } else { Paper::A3 };
    let bytes = state.printer.pdf(svg, paper, id.clone()).await?;
    Ok((about("application/pdf", "pdf"), bytes).into_response())
}
