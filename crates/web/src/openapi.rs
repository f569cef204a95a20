//! The description of the API: OpenAPI 3.1 from the handlers themselves. `docs/openapi.json` is its printed form.

use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::auth::{cookie, guard};
use crate::controllers::{
    activations, alarms, assurance, attachments, audit, cases, clock, directory, feeds, incidents, mails, plans,
    service, session, sources, stations, users, workflows,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Huiyin 回音",
        description = "Cases with durable, legally grounded deadlines. Sign in with `POST /api/session`; send the session's \
            `csrf` value as `x-csrf-token` with every request that changes something. Requests that change a case carry an \
            id made by the caller: repeating one changes nothing and gets the same answer.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        session::create::create, session::show::show, session::delete::delete, session::password::password,
        session::token::token, session::language::language, session::own::index, session::own::end_others, users::index::index, users::create::create, users::update::update, users::token::token,
        workflows::index::index, cases::preview::preview, cases::create::create, cases::index::index, cases::show::show,
        cases::event::send, cases::unmask::unmask, cases::timeline::timeline, cases::attach::attach,
        cases::document::document, cases::document::unmasked, attachments::show::show, mails::index::index, mails::show::show,
        directory::units::units, directory::towns::towns, directory::categories::categories, assurance::show::show, assurance::broken::broken,
        stations::index::index, stations::show::show, stations::series::series, stations::why::why, stations::demo::spill,
        stations::demo::calm, alarms::index::index, sources::index::index, sources::show::show, sources::sheet::sheet, sources::map::map,
        plans::show::show, plans::version::version, plans::version::paper, plans::begin::begin,
        audit::index::index, audit::export::export, incidents::show::show, activations::index::index, activations::points::points, incidents::report::report, incidents::kept::show, incidents::kept::paper, feeds::cap::atom, feeds::cap::message, clock::show::show, clock::advance::advance, service::health::health, service::ready::ready,
        service::metrics::metrics, service::openapi::openapi, service::events::events
    ),
    modifiers(&Signing),
    security(("session" = []), ("session" = [], "csrf" = []))
)]
struct Api;

struct Signing;

impl Modify for Signing {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let components = api.components.get_or_insert_default();
        let session = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(cookie::NAME)));
        let csrf = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(guard::CSRF_HEADER)));
        components.add_security_scheme("session", session);
        components.add_security_scheme("csrf", csrf);
    }
}

/// The description of the API.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

/// Its printed form: what stands in `docs/openapi.json`.
///
/// # Errors
/// When it cannot be written as JSON, which would be a fault of the description.
pub fn printed() -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&document()).map(|text| text + "\n")
}
