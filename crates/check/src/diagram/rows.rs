//! What stands in the box of each state: title, id, owner, the clocks that begin there, and a row for every transition
//! written in it. Everything here is text and heights; where it stands on the page is found in `place`.

use huiyin_chart::definition::{Descriptor, State, StateIx, StateKind, TransitionIx};
use huiyin_chart::machine::after_event;

use super::measure::wrap;
use super::words::Words;

/// Width of the text of a state without states inside.
pub(super) const LEAF: f64 = 236.0;
/// Width of the text of a state with states inside.
pub(super) const WIDE: f64 = 400.0;
/// Space between the border of a box and its text.
pub(super) const PAD: f64 = 10.0;

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Title,
    Id,
    Owner,
    Clocks,
    Event,
    Guard,
}

impl Look {
    /// Font size and height of a line, in pixels.
    pub(super) fn size(self) -> (f64, f64) {
        match self {
            Self::Title => (14.0, 19.0),
            Self::Id => (10.0, 14.0),
            Self::Owner | Self::Clocks => (11.0, 15.0),
            Self::Event => (12.0, 17.0),
            Self::Guard => (9.5, 12.5),
        }
    }
}

/// A line of text in a box; `y` is its base line below the top of the box.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) look: Look,
    pub(super) text: String,
    pub(super) y: f64,
}

/// A transition in a box.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) transition: TransitionIx,
    pub(super) lines: Vec<Line>,
    /// Height of its arrow below the top of the box.
    pub(super) y: f64,
    /// All of it on one line, for those who point at it or have it read to them.
    pub(super) whole: String,
}

/// The box of one state.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) head: Vec<Line>,
    pub(super) rows: Vec<Row>,
    /// Height of head and rows.
    pub(super) height: f64,
}

/// The boxes of all states, in their order.
pub(super) fn boxes(words: &Words<'_>) -> Vec<Content> {
    words.def.states.iter().map(|state| content(words, state)).collect()
}

/// Is it drawn as a small circle?
pub(super) fn is_history(state: &State) -> bool {
    matches!(state.kind, StateKind::History { .. })
}

fn content(words: &Words<'_>, state: &State) -> Content {
    let room = if state.is_leaf() { LEAF } else { WIDE };
    let mut content = Content { height: 6.0, ..Content::default() };
    if is_history(state) {
        return Content { height: 34.0, ..content };
    }
    content.add(Look::Title, words.state(state.ix), room, 3);
    if state.ix != 0 && state.id != words.state(state.ix) {
        content.add(Look::Id, &state.id, room, 2);
    }
    if let Some(owner) = words.owner(state.ix) {
        content.add(Look::Owner, &owner, room, 3);
    }
    if let Some(clocks) = words.clocks_of(state.ix) {
        content.add(Look::Clocks, &clocks, room, 4);
    }
    for (name, transitions) in happenings(words, state) {
        for ix in transitions {
            content.row(words, &name, ix, room);
        }
    }
    content.height += 7.0;
    content
}

/// Everything that can happen in a state, in words, with the transitions it may take.
fn happenings(words: &Words<'_>, state: &State) -> Vec<(String, Vec<TransitionIx>)> {
    // The interpreter keeps delays as events of its own; here they are named by their time.
    let delays: Vec<String> = (0..state.after.len()).map(|slot| after_event(state, slot)).collect();
    let spoken = |descriptor: &Descriptor| !matches!(descriptor, Descriptor::Exact(name) if delays.contains(name));
    let on = state.on.iter().filter(|(descriptor, _)| spoken(descriptor));
    let on = on.map(|(descriptor, list)| (words.descriptor(descriptor), list.clone()));
    let after = state.after.iter().map(|(span, list)| (words.after(*span), list.clone()));
    let always = (!state.always.is_empty()).then(|| (words.say("立即", "at once").to_owned(), state.always.clone()));
    on.chain(after).chain(always).collect()
}

impl Content {
    fn add(&mut self, look: Look, text: &str, room: f64, most: usize) {
        let (size, height) = look.size();
        // Ids are set in a typewriter face, which is wider.
        let room = if look == Look::Id { room * 0.88 } else { room };
        for text in wrap(text, size, room, most) {
            self.height += height;
            self.head.push(Line { look, text, y: self.height - 4.0 });
        }
    }

    fn row(&mut self, words: &Words<'_>, name: &str, ix: TransitionIx, room: f64) {
        let transition = &words.def.transitions[usize::from(ix)];
        let to: Vec<&str> = transition.targets.iter().map(|ix| target(words, *ix)).collect();
        let arrow = if transition.forbidden {
            format!(" — {}", words.say("不接受", "not taken"))
        } else if to.is_empty() {
            String::new()
        } else {
            format!(" → {}", to.join(words.say("、", ", ")))
        };
        let said = format!("{name}{arrow}");
        let guard = transition.guard.as_ref().map(|guard| format!("[{}]", guard.source));
        let top = self.height + 2.0;
        let mut y = top;
        let mut lines = Vec::new();
        let parts = [(Look::Event, Some(&said), 3), (Look::Guard, guard.as_ref(), 3)];
        for (look, text, most) in parts.into_iter().filter_map(|(look, text, most)| Some((look, text?, most))) {
            let (size, height) = look.size();
            for text in wrap(text, size, room - 8.0, most) {
                y += height;
                lines.push(Line { look, text, y: y - 4.0 });
            }
        }
        self.height = y;
        let whole = guard.map_or_else(|| said.clone(), |guard| format!("{said} {guard}"));
        self.rows.push(Row { transition: ix, lines, y: top + 9.0, whole });
    }
}

/// What a target is called: a history state by what it brings back.
fn target<'d>(words: &Words<'d>, ix: StateIx) -> &'d str {
    let state = &words.def.states[usize::from(ix)];
    if is_history(state) { words.say("恢复原状态 (H)", "where it was (H)") } else { words.state(ix) }
}
