//! Stations, their series, why a rule is silent; and the demonstration's spills.

pub(crate) mod demo;
pub(crate) mod index;
pub(crate) mod series;
pub(crate) mod show;
pub(crate) mod why;

use std::sync::Arc;

use crate::app::AppState;
use crate::error::ApiError;
use crate::stations::StationDesk;

/// The desk for stations; 404 where the district has none.
pub(crate) fn desk(state: &AppState) -> Result<Arc<StationDesk>, ApiError> {
    state.office.stations().ok_or_else(ApiError::not_found)
}
