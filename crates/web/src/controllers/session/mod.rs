//! Signing in and out.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod language;
pub(crate) mod own;
pub(crate) mod password;
pub(crate) mod show;
pub(crate) mod token;
