//! Whether anything is lost: both promised rates, who broke them, and what the house finds when it looks at itself.
//!
//! The one way in which figures are made, for `huiyin report`, the assurance page, the metrics and the mails. They come
//! from the journal alone: every case is lived through again by `chart::step` ([`ledger`]) and counted by
//! `chart::rates` ([`tally`]). It draws no page, writes no file and sends nothing.

pub mod alarm;
pub mod broken;
pub mod desk;
pub mod health;
pub mod ledger;
pub mod names;
pub mod period;
pub mod proof;
pub mod report;
pub mod story;
pub mod tally;
pub mod words;

pub use alarm::Alarm;
pub use broken::{Broken, Promise};
pub use desk::Desk;
pub use health::Health;
pub use ledger::{Ledger, Scope, Told};
pub use names::Names;
pub use period::{Asked, PeriodError, Stretch};
pub use proof::{Forgotten, Proof, Proofs};
pub use report::Report;
pub use tally::{Line, Tables};
pub use words::Text;
