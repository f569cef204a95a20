//! `GET /api/openapi.json`: the description of this API.

use axum::Json;

use crate::openapi::document;

/// This description.
#[utoipa::path(get, path = "/api/openapi.json", tag = "service", responses((status = 200, body = Object)))]
pub(crate) async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}
