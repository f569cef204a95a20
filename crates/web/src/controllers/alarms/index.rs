//! `GET /api/alarms`: alarms of the stations, with the incidents that the viewer may see.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use huiyin_journal::sensing::AlarmQuery;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::controllers::cases::scope::visible;
use crate::controllers::stations::desk;
use crate::error::ApiError;
use crate::extract::Params;
use crate::permissions::{Permission, may};
use crate::views::stations::{AlarmListView, IncidentView};

/// Which ones.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// `open` (they last), `over`, or `refused` (with something that the engine did not take); default: all.
    pub state: Option<String>,
    /// Only at this station.
    pub station: Option<String>,
    /// Rows, at most 100; default 30.
    pub limit: Option<u32>,
    /// Rows to skip.
    pub offset: Option<u32>,
}

/// Alarms, newest first.
#[utoipa::path(get, path = "/api/alarms", tag = "stations", params(Which),
    responses((status = 200, body = AlarmListView), (status = 404, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn index(
    State(state): State<AppState>,
    signed: Signed,
    Params(which): Params<Which>,
) -> Result<Json<AlarmListView>, ApiError> {
    let (open, refused) = match which.state.as_deref() {
        None => (None, false),
        Some("open") => (Some(true), false),
        Some("over") => (Some(false), false),
        Some("refused") => (None, true),
        Some(_) => return Err(ApiError::bad_request("state", "expected open, over or refused")),
    };
    let (limit, offset) = (which.limit.unwrap_or(30).clamp(1, 100), which.offset.unwrap_or(0));
    let query = AlarmQuery { open, place: which.station, refused, limit, offset };
    let mut list = desk(&state)?.alarms(&query).await?;
    let mut known = BTreeMap::new();
    for row in &mut list.rows {
        let Some(case) = row.case else { continue };
        if !known.contains_key(&case) {
            let number = match may(signed.user(), Permission::SeeCases) {
                true => visible(&state, &signed, &case.to_string()).await.ok().map(|file| file.row.number),
                false => None,
            };
            known.insert(case, number);
        }
        let number = known.get(&case).cloned().flatten();
        row.incident_hidden = number.is_none();
        row.incident = number.map(|number| IncidentView { id: case, number });
    }
    Ok(Json(list))
}
