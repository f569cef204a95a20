//! Cases.

pub(crate) mod attach;
pub(crate) mod create;
pub(crate) mod document;
pub(crate) mod event;
pub(crate) mod index;
pub(crate) mod preview;
pub(crate) mod scope;
pub(crate) mod show;
pub(crate) mod timeline;
pub(crate) mod unmask;
