//! What one case says of itself for the rates. The workflow names the clocks that count (`counts_as`); two marks and
//! one clock have a fixed name.

use huiyin_calendar::{Calendar, Instant};

use crate::case::CaseState;
use crate::clocks::{ClockRun, Status};
use crate::definition::{ClockDecl, CountsAs, Definition};

/// The clock that runs while the duty desk has a matter that nobody assigned.
pub const FALLBACK: &str = "fallback";
/// The mark of a matter that was pointed to the first one: same person, same matter.
pub const DUPLICATE: &str = "duplicate";
/// The mark of a matter whose answer was made and could not be delivered, with recorded attempts.
pub const UNDELIVERABLE: &str = "undeliverable";

/// How a deadline stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// Done at this legal instant.
    Done(Instant),
    /// Runs.
    Open,
    /// No longer owed since.
    Gone(Instant),
}

/// A deadline of one matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The effective due date.
    pub due: Instant,
    /// How it stands.
    pub stand: Stand,
}

impl Deadline {
    /// Done by the due date.
    #[must_use]
    pub fn kept(self) -> bool {
        matches!(self.stand, Stand::Done(at) if at <= self.due)
    }

    /// Was no longer owed when it would have been due.
    pub(super) fn ended_first(self) -> bool {
        matches!(self.stand, Stand::Gone(at) if at <= self.due)
    }

    /// Was due and open at this instant.
    pub(super) fn overdue_at(self, at: Instant) -> bool {
        let open = match self.stand {
            Stand::Open => true,
            Stand::Done(end) | Stand::Gone(end) => end > at,
        };
        open && self.due <= at && !self.kept() && !self.ended_first()
    }
}

/// One matter, as far as the rates go. What was never owed is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Matter {
    /// Assignment to a unit.
    pub assignment: Option<Deadline>,
    /// The duty desk took it over because nobody assigned it.
    pub fallback: bool,
    /// The duty desk still has it.
    pub fallback_open: bool,
    /// Same person, same matter as another one.
    pub duplicate: bool,
    /// The reply: the earliest date that binds.
    pub reply: Option<Deadline>,
    /// The same by the dates before any extension.
    pub reply_without_extensions: Option<Deadline>,
    /// There is somebody who can receive a reply.
    pub reachable: bool,
}

impl Matter {
    /// Reads a case. Confidential values are not looked at. None: its workflow counts for neither rate.
    #[must_use]
    pub fn of(def: &Definition, case: &CaseState, calendar: &Calendar) -> Option<Self> {
        if !def.clocks.iter().any(|clock| clock.counts_as.is_some()) {
            return None;
        }
        let runs = |kind| counted(def, case, kind);
        let due = |_: &ClockDecl, run: &ClockRun| run.due;
        let unextended = |decl: &ClockDecl, run: &ClockRun| run.due_without_extensions(decl, calendar);
        let undeliverable = case.marks.contains(UNDELIVERABLE);
        let delivered = |deadline: Deadline| match deadline.stand {
            Stand::Gone(at) if undeliverable => Deadline { stand: Stand::Done(at), ..deadline },
            _ => deadline,
        };
        let desk = def.clocks.iter().zip(&case.clocks).find(|(decl, _)| decl.name == FALLBACK);
        let desk = desk.and_then(|(_, run)| run.as_ref());
        let named = case.data.get("petitioner").is_none_or(|kind| kind == "named");
        Some(Self {
            assignment: binding(runs(CountsAs::Assignment), due),
            fallback: desk.is_some(),
            fallback_open: desk.is_some_and(ClockRun::is_running),
            duplicate: case.marks.contains(DUPLICATE),
            reply: binding(runs(CountsAs::Answer), due).map(delivered),
            reply_without_extensions: binding(runs(CountsAs::Answer), unextended).map(delivered),
            reachable: named && !undeliverable,
        })
    }
}

fn counted<'a>(
    def: &'a Definition,
    case: &'a CaseState,
    kind: CountsAs,
) -> impl Iterator<Item = (&'a ClockDecl, &'a ClockRun)> + Clone {
    let runs = def.clocks.iter().zip(&case.clocks).filter_map(|(decl, run)| Some((decl, run.as_ref()?)));
    runs.filter(move |(decl, _)| decl.counts_as == Some(kind))
}

/// The earliest date among the runs that bind: those that are not void, and those that became void only after they were
/// due, because choosing another route or procedure makes nothing good. When all were void in time, the earliest of
/// those: it was owed until then.
fn binding<'a>(
    runs: impl Iterator<Item = (&'a ClockDecl, &'a ClockRun)> + Clone,
    due: impl Fn(&ClockDecl, &ClockRun) -> Instant,
) -> Option<Deadline> {
    let earliest = |dropped: bool| {
        let dated = runs.clone().filter_map(|(decl, run)| Some(Deadline { due: due(decl, run), stand: stand(run)? }));
        dated.filter(|deadline| deadline.ended_first() == dropped).min_by_key(|deadline| deadline.due)
    };
    earliest(false).or_else(|| earliest(true))
}

fn stand(run: &ClockRun) -> Option<Stand> {
    Some(match run.status {
        Status::Running => Stand::Open,
        Status::Met | Status::Late => Stand::Done(run.ended_at?),
        Status::Void => Stand::Gone(run.ended_at?),
    })
}
