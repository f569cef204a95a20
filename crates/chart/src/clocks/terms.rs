//! The term of a run: that of its definition, or, after a migration that keeps its date, the one it was started under.

use huiyin_calendar::Span;
use serde::{Deserialize, Serialize};

use super::ClockRun;
use crate::definition::{ClockDecl, LimitStatus};

/// What a run counts with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The office's own target.
    pub within: Option<Span>,
    /// The law's maximum.
    pub limit: Option<Span>,
    /// Law and article.
    pub basis: Option<String>,
    /// Whether the article was read.
    pub status: Option<LimitStatus>,
    /// A last day on a day off rolls to the next working day.
    pub rolls: bool,
}

impl Terms {
    /// Those of a definition.
    pub(crate) fn of(decl: &ClockDecl) -> Self {
        Self {
            within: decl.within,
            limit: decl.limit.as_ref().map(|limit| limit.within),
            basis: decl.limit.as_ref().map(|limit| limit.basis.clone()),
            status: decl.limit.as_ref().map(|limit| limit.status),
            rolls: decl.rolls,
        }
    }

    /// Whether both give the same time, whatever law they cite.
    pub(crate) fn same_time(&self, other: &Self) -> bool {
        (self.within, self.limit, self.rolls) == (other.within, other.limit, other.rolls)
    }
}

impl ClockRun {
    pub(super) fn within(&self, decl: &ClockDecl) -> Option<Span> {
        self.terms.as_ref().map_or(decl.within, |terms| terms.within)
    }

    pub(super) fn limit(&self, decl: &ClockDecl) -> Option<Span> {
        self.terms.as_ref().map_or_else(|| decl.limit.as_ref().map(|limit| limit.within), |terms| terms.limit)
    }

    pub(super) fn rolls(&self, decl: &ClockDecl) -> bool {
        self.terms.as_ref().map_or(decl.rolls, |terms| terms.rolls)
    }

    /// Law and article of the limit, and whether it was read.
    pub(super) fn basis<'a>(&'a self, decl: &'a ClockDecl) -> Option<(&'a str, LimitStatus)> {
        match &self.terms {
            Some(terms) => Some((terms.basis.as_deref()?, terms.status?)),
            None => decl.limit.as_ref().map(|limit| (limit.basis.as_str(), limit.status)),
        }
    }
}
