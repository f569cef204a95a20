//! `GET /api/audit/export`: the audit trail as CSV for a spreadsheet. No cell begins a formula. The export is itself a
//! line of the trail.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use huiyin_journal::accounts::AuditEntry;

use super::index::{AuditLineView, lines};
use crate::app::AppState;
use crate::auth::session::Signed;
use crate::error::ApiError;

/// Lines of one export; older ones are read page by page.
const MOST: usize = 20_000;
/// Lines read at a time.
const PAGE: u32 = 500;

/// The newest 20,000 lines of the audit trail as CSV (UTF-8 with a byte order mark).
#[utoipa::path(get, path = "/api/audit/export", tag = "users",
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn export(State(state): State<AppState>, signed: Signed) -> Result<impl IntoResponse, ApiError> {
    let entry = AuditEntry {
        at: state.office.now(),
        district: &signed.user().district,
        user_id: &signed.user().id,
        action: "audit.exported",
        case_id: None,
        reason: "",
    };
    state.accounts.audit(&entry).await?;
    let mut text = String::from("\u{feff}id,at,who,action,case,reason\r\n");
    let (mut before, mut written) = (i64::MAX, 0);
    while written < MOST {
        let page = lines(&state, &signed, before, PAGE).await?;
        let Some(last) = page.last() else { break };
        before = last.id;
        written += page.len();
        page.iter().for_each(|line| text.push_str(&row(line)));
    }
    let head = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=audit.csv"),
    ];
    Ok((head, text))
}

fn row(line: &AuditLineView) -> String {
    let (id, at) = (line.id.to_string(), line.at.to_rfc3339());
    let number = line.case_number.as_deref().or(line.case_id.as_deref()).unwrap_or_default();
    let cells = [id.as_str(), &at, &line.user_name, &line.action, number, &line.reason].map(cell);
    cells.join(",") + "\r\n"
}

/// A quoted cell (RFC 4180). What a spreadsheet would take for a formula gets an apostrophe before it, as OWASP's note on
/// CSV injection asks.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn no_cell_begins_a_formula_or_ends_early() {
        assert_eq!(cell("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(cell("@SUM(1)"), "\"'@SUM(1)\"");
        assert_eq!(cell("回访核实，=1"), "\"回访核实，=1\"");
    }
}
