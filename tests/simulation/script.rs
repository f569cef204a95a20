//! What is done to a case, one act after the other, in a form that can be printed and done again.

use huiyin_chart::Actor;
use serde::Serialize;
use serde_json::Value;

/// One act.
#[derive(Clone, Debug, Serialize)]
pub enum Act {
    /// Somebody opens the case.
    Open { data: Value, actor: Actor },
    /// Somebody sends an event. `back`: the time it is sent with lies so many seconds before the time it is.
    Send { event: String, data: Value, actor: Actor, back: i64, crash: bool },
    /// Time passes and every timer rings when it is due.
    Run { seconds: i64 },
    /// Time jumps forward; then everything that was missed is done at once.
    Jump { seconds: i64, crash: bool },
    /// A timer rings though nothing is due, with a time that lies in the past.
    Tick { back: i64 },
    /// The calendar of the coming year is published.
    Adopt,
}

/// What happened to one case.
#[derive(Clone, Debug, Serialize)]
pub struct Script {
    /// The workflow, by its place in the list.
    pub workflow: usize,
    /// Seconds after the beginning of the world.
    pub begins: i64,
    /// Nobody acts: only linked cases do, and time passes.
    pub nobody: bool,
    pub acts: Vec<Act>,
}

impl Script {
    /// One act a line, for people and for `HUIYIN_SCRIPT`.
    pub fn text(&self) -> String {
        let acts: Vec<String> = self.acts.iter().map(|act| serde_json::to_string(act).expect("JSON")).collect();
        acts.join("\n")
    }

    /// Everything that can be left out while `fails` still says so is left out: halves first, then single acts.
    pub fn smaller(mut self, fails: &dyn Fn(&Script) -> bool) -> Self {
        let mut piece = (self.acts.len() / 2).max(1);
        loop {
            let mut at = 1;
            let mut shorter = false;
            while at < self.acts.len() {
                let mut acts = self.acts.clone();
                acts.drain(at..(at + piece).min(acts.len()));
                let tried = Self { acts, ..self.clone() };
                if fails(&tried) {
                    self = tried;
                    shorter = true;
                } else {
                    at += piece;
                }
            }
            if piece == 1 && !shorter {
                return self;
            }
            piece = (piece / 2).max(1);
        }
    }
}
