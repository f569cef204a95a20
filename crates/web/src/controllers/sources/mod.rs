//! Drinking-water sources and the waters around them.

pub(crate) mod index;
pub(crate) mod map;
pub(crate) mod sheet;
pub(crate) mod show;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::controllers::cases::scope::visible;
use crate::error::ApiError;
use crate::permissions::{Permission, may};
use crate::views::waters::SourceRowView;
use crate::waters::WaterDesk;

/// The desk for waters; 404 where the district has none.
fn desk(state: &AppState) -> Result<Arc<WaterDesk>, ApiError> {
    state.office.waters().ok_or_else(ApiError::not_found)
}

/// Takes away the numbers of plans that the viewer may not see.
async fn hide(state: &AppState, signed: &Signed, rows: &mut [SourceRowView]) {
    let mut known = BTreeMap::new();
    for plan in rows.iter_mut().filter_map(|row| row.plan.as_mut()) {
        if !known.contains_key(&plan.case) {
            let seen = may(signed.user(), Permission::SeeCases)
                && visible(state, signed, &plan.case.to_string()).await.is_ok();
            known.insert(plan.case, seen);
        }
        if known.get(&plan.case) != Some(&true) {
            plan.number = None;
        }
    }
}
