//! Who there is in a district and who is responsible for what: units, people, roles, duty rota, towns, categories,
//! and the rules that lead from place × category to a unit.
//!
//! Pure: it is built from the texts of the district's folder and answers questions about them. It knows no accounts
//! and no passwords (`journal`), sends nothing (`notify`), and decides nothing about a case (`chart`).
//! The same texts always give the same [`Directory::version`], under which the engine keeps them for ever.

mod answers;
mod build;
mod contacts;
mod problem;
mod rota;
mod routing;
mod seam;
mod source;

pub use answers::{Directory, Kind, Person, Relation, Town, Unit};
pub use contacts::Contact;
pub use problem::{Problem, Problems};
pub use rota::Rota;
pub use routing::{Category, OutOfArea, Proposal};
pub use source::{District, Hour, Hours, Text};

/// The files of a district's folder that make up its directory.
pub const FILES: [&str; 5] = ["district.yaml", "directory.yaml", "people.yaml", "rota.yaml", "routing.yaml"];
