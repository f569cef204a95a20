//! The case a request is about: found by id or number, and only if the viewer may know of it.

use huiyin_journal::accounts::AuditEntry;
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

/// Writes down that a file or a paper of a case was opened. What cannot be written down is not shown.
pub(crate) async fn opened(
    state: &AppState,
    signed: &Signed,
    case: Uuid,
    action: &str,
    what: &str,
) -> Result<(), ApiError> {
    let entry = AuditEntry {
        at: state.office.now(),
        district: &signed.user().district,
        user_id: &signed.user().id,
        action,
        case_id: Some(&case.to_string()),
        reason: what,
    };
    Ok(state.accounts.audit(&entry).await?)
}
