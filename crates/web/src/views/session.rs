//! Who is signed in, and people as the administrator sees them.

use chrono::{DateTime, Utc};
use huiyin_journal::accounts::User;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The session as the console needs it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SessionView {
    /// Who is signed in.
    pub user: SessionUser,
    /// To be sent back as `x-csrf-token` with every request that changes something.
    pub csrf: String,
    /// The district served.
    pub district: DistrictView,
    /// The clock can be moved from the console.
    pub demo: bool,
    /// This is an exercise 演练: nothing here is real, and nothing reaches the outside.
    pub exercise: bool,
    /// Exercises are run below `/drill`.
    pub exercises: bool,
    /// The office's time.
    pub now: DateTime<Utc>,
    /// `zh` or `en`.
    pub language: String,
    /// What the roles allow, e.g. `open_cases`.
    pub permissions: Vec<&'static str>,
}

/// The signed-in person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SessionUser {
    /// Account id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Role names.
    pub roles: Vec<String>,
    /// Unit ids.
    pub units: Vec<String>,
    /// Unit ids headed.
    pub heads: Vec<String>,
}

/// A session as its person sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OwnSessionView {
    /// When the person signed in.
    pub opened_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// It is the one that asks.
    pub here: bool,
}

/// A district.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DistrictView {
    /// Code, GB/T 2260.
    pub code: String,
    /// Name.
    pub name: String,
}

/// A person as the administrator sees them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UserView {
    /// Account id.
    pub id: String,
    /// Sign-in name.
    pub login: String,
    /// Name for people.
    pub name: String,
    /// Role names.
    pub roles: Vec<String>,
    /// Unit ids.
    pub units: Vec<String>,
    /// Unit ids headed.
    pub heads: Vec<String>,
    /// `zh` or `en`.
    pub language: String,
    /// May sign in.
    pub active: bool,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        let User { id, district: _, login, name, roles, units, heads, language, active } = user;
        Self { id, login, name, roles, units, heads, language, active }
    }
}
