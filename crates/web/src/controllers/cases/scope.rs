//! The case a request is about: found by id or number, and only if the viewer may know of it.

use uuid::Uuid;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::permissions;
use crate::ports::{CaseFile, CaseKey};

/// Longest case number.
const LONGEST: usize = 64;

/// The case, or 404: whether it is not there or not theirs to know is not told apart.
pub(crate) async fn visible(state: &AppState, signed: &Signed, key: &str) -> Result<CaseFile, ApiError> {
    let key = match Uuid::parse_str(key) {
        Ok(id) => CaseKey::Id(id),
        Err(_) if key.len() <= LONGEST => CaseKey::Number(key.to_owned()),
        Err(_) => return Err(ApiError::not_found()),
    };
    let file = state.office.case(&key, signed.user()).await?;
    file.filter(|file| permissions::may_see(signed.user(), &file.scope)).ok_or_else(ApiError::not_found)
}
