//! `GET /api/sources`: the catalogue of drinking-water sources.

use axum::Json;
use axum::extract::State;

use super::{desk, hide, seen};
use crate::app::AppState;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::views::waters::{SourceListView, TilesView};

/// All sources with the state of their plans, and how many have one in force.
#[utoipa::path(get, path = "/api/sources", tag = "sources",
    responses((status = 200, body = SourceListView), (status = 404, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn index(State(state): State<AppState>, signed: Signed) -> Result<Json<SourceListView>, ApiError> {
    let mut list = desk(&state)?.sources().await?;
    hide(&state, &signed, &mut list.rows).await;
    if let Some(gap) = &mut list.gap
        && !seen(&state, &signed, gap.case).await
    {
        gap.number = None;
    }
    list.tiles = state
        .config
        .map_tiles
        .as_ref()
        .map(|tiles| TilesView { url: tiles.url().to_owned(), attribution: tiles.attribution().to_owned() });
    Ok(Json(list))
}
