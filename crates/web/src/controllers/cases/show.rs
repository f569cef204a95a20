//! `GET /api/cases/{id or number}`: everything about one case, masks on.

use axum::Json;
use axum::extract::State;

use super::scope::visible;
use crate::app::AppState;
use crate::auth::session::Signed;
use crate::error::ApiError;
use crate::extract::Segment;
use crate::mask::masked;
use crate::permissions::{self, CaseScope, Permission};
use crate::ports::CaseFile;
use crate::views::case::{CasePage, LinkView};

/// What the link to the case that opened this one is called; through it nothing is shown to who may not see that case.
const PARENT: &str = "parent";

/// Everything about one case.
#[utoipa::path(get, path = "/api/cases/{key}", tag = "cases",
    params(("key" = String, Path, description = "case id or number")),
    responses((status = 200, body = CasePage), (status = 404, body = crate::error::ErrorEnvelope)))]
pub(crate) async fn show(
    State(state): State<AppState>,
    signed: Signed,
    Segment(key): Segment<String>,
) -> Result<Json<CasePage>, ApiError> {
    let mut file = visible(&state, &signed, &key).await?;
    file.data = masked(file.data, &file.masked);
    Ok(Json(page(&signed, file)))
}

/// The page of a case with its data as given. Shared with unmasking.
pub(crate) fn page(signed: &Signed, file: CaseFile) -> CasePage {
    let user = signed.user();
    let seen = |(link, scope): (LinkView, CaseScope)| {
        let may_open = permissions::may_see(user, &scope);
        let own_child = link.link != PARENT && !permissions::is_excluded(user, &scope);
        (may_open || own_child).then_some(LinkView { may_open, ..link })
    };
    CasePage {
        row: file.row,
        data: file.data,
        may_unmask: !file.masked.is_empty() && permissions::may(user, Permission::Unmask),
        masked: file.masked,
        clocks: file.clocks,
        events: if permissions::may(user, Permission::ActOnCases) { file.events } else { Vec::new() },
        links: file.links.into_iter().filter_map(seen).collect(),
        attachments: file.attachments,
        documents: file.documents,
    }
}
