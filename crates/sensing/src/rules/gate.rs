//! When time must be let pass at all: the earliest moment at which a silence begins or ends anywhere. Before it, a tick finds
//! nothing to do at any place, so none is made; every reading would otherwise cost a look at every place.

use chrono::{DateTime, Utc};

use super::model::{Rules, What};
use super::outcome::Outcome;
use super::silence;
use super::state::State;
use crate::quality::Judged;

/// Knows when the next tick is due. It belongs to one [`State`] and is worked out anew by whoever has none; never written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gate {
    due: Due,
}

#[derive(Clone, Copy, Debug, Default)]
enum Due {
    /// To be worked out.
    #[default]
    Unknown,
    /// Nothing is due before; never later than the truth.
    Not,
    At(DateTime<Utc>),
}

impl Gate {
    fn open(self, now: DateTime<Utc>) -> bool {
        match self.due {
            Due::Unknown => true,
            Due::Not => false,
            Due::At(due) => now >= due,
        }
    }

    fn earlier(&mut self, due: Option<DateTime<Utc>>) {
        self.due = match (self.due, due) {
            (Due::At(known), Some(due)) => Due::At(known.min(due)),
            (Due::Not, Some(due)) => Due::At(due),
            (known, _) => known,
        };
    }
}

impl Rules {
    /// As [`Rules::tick`], and looks at no place before something is due.
    pub fn tick_when_due(&self, state: &mut State, gate: &mut Gate, now: DateTime<Utc>) -> Vec<Outcome> {
        if !gate.open(now) {
            return Vec::new();
        }
        let outcomes = self.tick(state, now);
        gate.due = self.next_due(state).map_or(Due::Not, Due::At);
        outcomes
    }

    /// As [`Rules::step`], for whoever lets time pass with [`Rules::tick_when_due`].
    pub fn step_gated(&self, state: &mut State, gate: &mut Gate, judged: &Judged, now: DateTime<Utc>) -> Vec<Outcome> {
        let outcomes = self.step(state, judged, now);
        // A reading moves only the clocks of its own place.
        for rule in &self.rules {
            let What::Missing(missing) = &rule.what else { continue };
            let Some(place) = self.place_of(rule, &judged.observation.station) else { continue };
            if let Some(cell) = state.look(rule, place) {
                gate.earlier(silence::due(self, missing, place, cell));
            }
        }
        outcomes
    }
}
