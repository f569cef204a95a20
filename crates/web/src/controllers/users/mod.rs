//! Accounts, for the administrator.

pub(crate) mod create;
pub(crate) mod index;
pub(crate) mod token;
pub(crate) mod update;
