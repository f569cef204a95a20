//! From an incident at a river to the activation of plans: which drinking-water sources it may reach, in order of arrival;
//! what is opened at once; what each plan's tasks are and when they are due.
//!
//! [`threat`] and [`tasks`] are pure. [`Follower`] looks at the open incidents of a timeline and tells the engine what is
//! missing, each thing under an id that makes a second telling recognisable. It decides nothing: it proposes, and once
//! people have confirmed it hands out the tasks of the plan. It operates no gate and no pump, and sends nothing outside.

mod defaults;
mod follow;
mod plans;
mod problem;
mod run;
pub mod tasks;
pub mod threat;

pub use defaults::{AtOnce, Defaults, FILE, Neighbour, TOWN};
pub use follow::{Follower, Parts, RespondError, Scope};
pub use problem::{Problem, Problems};
pub use run::Response;
