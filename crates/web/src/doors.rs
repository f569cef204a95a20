//! The list of doors: every endpoint with who may pass it. A door cannot be built without saying so.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::app::AppState;
use crate::around::around;
use crate::auth::guard::{Access, guard};
use crate::console;
use crate::controllers::{
    activations, alarms, assurance, attachments, audit, cases, clock, directory, feeds, incidents, mails, plans,
    service, session, sources, stations, users, workflows,
};
use crate::permissions::Permission as P;

/// One endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// HTTP method.
    pub method: Method,
    /// Path pattern.
    pub path: &'static str,
    /// Who may pass.
    pub access: Access,
}

/// All doors of the service, with the router that has them.
pub struct Doors {
    state: AppState,
    router: Router<AppState>,
    list: Vec<Door>,
}

/// The whole HTTP service.
pub fn router(state: AppState) -> Router {
    Doors::all(state).into_router()
}

/// The service with that of the exercises 演练 beside it, below `/drill`: the same doors, another office, another time.
pub fn with_exercises(state: AppState, exercises: Option<AppState>) -> Router {
    let service = router(state);
    match exercises {
        Some(exercises) => service.nest("/drill", router(exercises)),
        None => service,
    }
}

impl Doors {
    /// Every door there is.
    #[must_use]
    pub fn all(state: AppState) -> Self {
        let upload_limit = state.config.max_upload + 64 * 1024;
        let doors = Self { state, router: Router::new(), list: Vec::new() };
        doors
            .sign_in()
            .incidents()
            .plans()
            .open(Method::GET, "/api/workflows", Access::Needs(P::SeeCases), workflows::index::index)
            .open(Method::POST, "/api/cases/preview", Access::Needs(P::OpenCases), cases::preview::preview)
            .open(Method::GET, "/api/cases", Access::Needs(P::SeeCases), cases::index::index)
            .open(Method::POST, "/api/cases", Access::Needs(P::OpenCases), cases::create::create)
            .open(Method::GET, "/api/cases/{key}", Access::Needs(P::SeeCases), cases::show::show)
            .open(Method::POST, "/api/cases/{key}/events", Access::Needs(P::ActOnCases), cases::event::send)
            .open(Method::POST, "/api/cases/{key}/unmask", Access::Needs(P::Unmask), cases::unmask::unmask)
            .open(Method::GET, "/api/cases/{key}/timeline", Access::Needs(P::SeeCases), cases::timeline::timeline)
            .open(Method::GET, "/api/cases/{key}/documents/{n}", Access::Needs(P::SeeCases), cases::document::document)
            .open(
                Method::POST,
                "/api/cases/{key}/documents/{n}/unmask",
                Access::Needs(P::Unmask),
                cases::document::unmasked,
            )
            .limited(
                upload_limit,
                Method::POST,
                "/api/cases/{key}/attachments",
                Access::Needs(P::AttachFiles),
                cases::attach::attach,
            )
            .open(Method::GET, "/api/attachments/{hash}", Access::Needs(P::SeeCases), attachments::show::show)
            .open(Method::GET, "/api/mails", Access::Needs(P::SeeMails), mails::index::index)
            .open(Method::GET, "/api/mails/{id}", Access::Needs(P::SeeMails), mails::show::show)
            .open(Method::GET, "/api/directory/units", Access::SignedIn, directory::units::units)
            .open(Method::GET, "/api/directory/towns", Access::SignedIn, directory::towns::towns)
            .open(Method::GET, "/api/directory/categories", Access::SignedIn, directory::categories::categories)
            .open(Method::GET, "/api/assurance", Access::Needs(P::SeeAssurance), assurance::show::show)
            .open(Method::GET, "/api/assurance/broken", Access::Needs(P::SeeAssurance), assurance::broken::broken)
            .open(Method::GET, "/api/audit", Access::Needs(P::SeeAudit), audit::index::index)
            .open(Method::GET, "/api/audit/export", Access::Needs(P::SeeAudit), audit::export::export)
            .open(Method::GET, "/api/stations", Access::SignedIn, stations::index::index)
            .open(Method::POST, "/api/stations/spills", Access::Needs(P::MoveClock), stations::demo::spill)
            .open(Method::DELETE, "/api/stations/spills", Access::Needs(P::MoveClock), stations::demo::calm)
            .open(Method::GET, "/api/stations/{id}", Access::SignedIn, stations::show::show)
            .open(Method::GET, "/api/stations/{id}/series", Access::SignedIn, stations::series::series)
            .open(Method::GET, "/api/stations/{id}/why", Access::SignedIn, stations::why::why)
            .open(Method::GET, "/api/alarms", Access::SignedIn, alarms::index::index)
            .open(Method::GET, "/api/sources", Access::SignedIn, sources::index::index)
            .open(Method::GET, "/api/sources/{id}", Access::SignedIn, sources::show::show)
            .open(Method::GET, "/api/sources/{id}/sheet", Access::SignedIn, sources::sheet::sheet)
            .open(Method::GET, "/api/waters", Access::SignedIn, sources::map::map)
            .open(Method::GET, "/api/clock", Access::SignedIn, clock::show::show)
            .open(Method::GET, "/api/events", Access::Needs(P::SeeCases), service::events::events)
            .open(Method::GET, "/api/openapi.json", Access::SignedIn, service::openapi::openapi)
            .open(Method::GET, "/api/health", Access::Anybody, service::health::health)
            .open(Method::GET, "/api/ready", Access::Anybody, service::ready::ready)
            .open(Method::GET, "/metrics", Access::Collector, service::metrics::metrics)
    }

    /// Incidents and their warnings. Warnings of exercises are for those who take part.
    fn incidents(self) -> Self {
        let exercise = self.state.config.exercise;
        let warnings = if exercise { Access::Needs(P::SeeCases) } else { Access::Anybody };
        let clock = if exercise { P::LeadExercise } else { P::MoveClock };
        self.open(Method::POST, "/api/clock", Access::Needs(clock), clock::advance::advance)
            .open(Method::GET, "/api/cases/{key}/incident", Access::Needs(P::SeeCases), incidents::show::show)
            .open(Method::GET, "/api/activations", Access::Needs(P::SeeCases), activations::index::index)
            .open(Method::GET, "/api/waters/points", Access::SignedIn, activations::points::points)
            .open(Method::GET, "/api/cases/{key}/reports/{kind}", Access::Needs(P::SeeCases), incidents::report::report)
            .open(Method::GET, "/api/cases/{key}/clocks", Access::Needs(P::SeeCases), incidents::kept::show)
            .open(Method::GET, "/api/cases/{key}/clocks/paper", Access::Needs(P::SeeCases), incidents::kept::paper)
            .open(Method::GET, "/feeds/cap.atom", warnings, feeds::cap::atom)
            .open(Method::GET, "/feeds/cap/{identifier}", warnings, feeds::cap::message)
    }

    /// Response plans as documents.
    fn plans(self) -> Self {
        self.open(Method::GET, "/api/cases/{key}/plan", Access::Needs(P::SeeCases), plans::show::show)
            .open(
                Method::GET,
                "/api/cases/{key}/plan/versions/{n}",
                Access::Needs(P::SeeCases),
                plans::version::version,
            )
            .open(
                Method::GET,
                "/api/cases/{key}/plan/versions/{n}/paper",
                Access::Needs(P::SeeCases),
                plans::version::paper,
            )
            .open(Method::POST, "/api/sources/{id}/plan", Access::Needs(P::OpenCases), plans::begin::begin)
    }

    fn sign_in(self) -> Self {
        self.open(Method::GET, "/sign-in", Access::Anybody, session::token::token)
            .open(Method::POST, "/api/session", Access::Anybody, session::create::create)
            .open(Method::GET, "/api/session", Access::SignedIn, session::show::show)
            .open(Method::DELETE, "/api/session", Access::SignedIn, session::delete::delete)
            .open(Method::POST, "/api/session/password", Access::SignedIn, session::password::password)
            .open(Method::PUT, "/api/session/language", Access::SignedIn, session::language::language)
            .open(Method::GET, "/api/sessions", Access::SignedIn, session::own::index)
            .open(Method::DELETE, "/api/sessions", Access::SignedIn, session::own::end_others)
            .open(Method::GET, "/api/users", Access::Needs(P::ManageUsers), users::index::index)
            .open(Method::POST, "/api/users", Access::Needs(P::ManageUsers), users::create::create)
            .open(Method::PUT, "/api/users/{id}", Access::Needs(P::ManageUsers), users::update::update)
            .open(Method::POST, "/api/users/{id}/token", Access::Needs(P::ManageUsers), users::token::token)
    }

    /// The list, for tests that walk every door.
    #[must_use]
    pub fn list(&self) -> &[Door] {
        &self.list
    }

    /// The router with everything around it.
    pub fn into_router(self) -> Router {
        let Self { state, router, .. } = self;
        router
            .fallback(console::serve)
            .method_not_allowed_fallback(service::method_not_allowed)
            .layer(DefaultBodyLimit::max(state.config.max_json))
            .layer(tower_http::compression::CompressionLayer::new())
            .layer(from_fn_with_state(state.clone(), around))
            .layer(from_fn(service::catch_panic))
            .with_state(state)
    }

    fn open<H, T>(self, method: Method, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        let door = self.door(&method, access, handler);
        self.hang(method, path, access, door)
    }

    fn limited<H, T>(self, limit: usize, method: Method, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        let door = self.door(&method, access, handler).layer(DefaultBodyLimit::max(limit));
        self.hang(method, path, access, door)
    }

    fn door<H, T>(&self, method: &Method, access: Access, handler: H) -> MethodRouter<AppState>
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
        on(filter, handler).route_layer(from_fn_with_state((self.state.clone(), access), guard))
    }

    fn hang(mut self, method: Method, path: &'static str, access: Access, door: MethodRouter<AppState>) -> Self {
        self.router = self.router.route(path, door);
        self.list.push(Door { method, path, access });
        self
    }
}
