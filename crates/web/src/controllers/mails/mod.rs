//! The mail log. Whoever may read it still sees no mail about a case in which they or theirs are the accused.

pub(crate) mod index;
pub(crate) mod show;

use uuid::Uuid;

use crate::app::AppState;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::permissions;
use crate::ports::CaseKey;

/// Whether the viewer must not know of this case.
async fn is_hidden(state: &AppState, signed: &Signed, case: Uuid) -> Result<bool, ApiError> {
    let file = state.office.case(&CaseKey::Id(case), signed.user()).await?;
    Ok(file.is_some_and(|file| permissions::is_excluded(signed.user(), &file.scope)))
}
