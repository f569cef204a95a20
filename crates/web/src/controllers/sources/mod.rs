//! Drinking-water sources and the waters around them.

pub(crate) mod index;
pub(crate) mod map;
pub(crate) mod sheet;
pub(crate) mod show;

use std::sync::Arc;

use uuid::Uuid;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::controllers::cases::scope::visible;
use crate::error::ApiError;
use crate::permissions::{Permission, may};
use crate::views::waters::SourceRowView;
use crate::waters::WaterDesk;

/// The desk for waters; 404 where the district has none.
pub(crate) fn desk(state: &AppState) -> Result<Arc<WaterDesk>, ApiError> {
    state.office.waters().ok_or_else(ApiError::not_found)
}

/// Takes away the numbers of plans that the viewer may not see.
async fn hide(state: &AppState, signed: &Signed, rows: &mut [SourceRowView]) {
    // A plan belongs to one source: no case is asked for twice.
    for plan in rows.iter_mut().filter_map(|row| row.plan.as_mut()) {
        if !seen(state, signed, plan.case).await {
            plan.number = None;
        }
        if let Some(next) = &mut plan.next
            && !seen(state, signed, next.case).await
        {
            next.number = None;
        }
    }
}

/// May the viewer see this case?
async fn seen(state: &AppState, signed: &Signed, case: Uuid) -> bool {
    may(signed.user(), Permission::SeeCases) && visible(state, signed, &case.to_string()).await.is_ok()
}
