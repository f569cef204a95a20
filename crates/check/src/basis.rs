//! What a verdict rests on: the check itself, the workflow, and what the district knows. Where all of that is the same, the
//! verdict is. It is remembered elsewhere; here it is only named.

use huiyin_calendar::Calendar;
use huiyin_chart::Definition;
use serde_json::json;

use crate::Names;

/// Changes with everything that `check` is made of; see `build.rs`.
const CHECKER: &str = env!("HUIYIN_CHECKER");

/// Everything that [`crate::check`] looks at, as one text: the same text, the same report.
#[must_use]
pub fn basis(def: &Definition, names: &Names) -> String {
    // Taken apart, so that a kind of name that is added later cannot be forgotten here.
    let Names { roles, units, templates, letters, workflows, calendar } = names;
    json!({
        "checker": CHECKER,
        "definition": def.hash,
        "roles": roles,
        "units": units,
        "templates": templates,
        "letters": letters,
        "workflows": workflows,
        "calendar": calendar.as_ref().map(Calendar::version),
    })
    .to_string()
}
