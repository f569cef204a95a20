//! One file per endpoint: `<noun>/<verb>.rs`. Each reads its request, asks the office, and says the answer.

pub(crate) mod activations;
pub(crate) mod alarms;
pub(crate) mod assurance;
pub(crate) mod attachments;
pub(crate) mod audit;
pub(crate) mod cases;
pub(crate) mod clock;
pub(crate) mod directory;
pub(crate) mod feeds;
pub(crate) mod incidents;
pub(crate) mod mails;
pub(crate) mod plans;
pub(crate) mod service;
pub(crate) mod session;
pub(crate) mod sources;
pub(crate) mod stations;
pub(crate) mod users;
pub(crate) mod workflows;
