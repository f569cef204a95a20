//! What `check` found, for people and for machines.

use std::collections::BTreeSet;
use std::fmt;

use huiyin_chart::Definition;
use huiyin_chart::definition::{Place, TransitionIx};
use serde::Serialize;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Stable name of the kind of problem: `unreachable`, `dead-end`, `no-owner`, `no-clock`, `silent-ladder`,
    /// `endless-clock`, `unknown-name`, `endless-loop`, `too-large`, `target`, `open-choice`, `later-than-law`,
    /// `moved-date`, `never-true`, `never-taken`, `unheard`, `idle-clock`.
    pub code: &'static str,
    /// Where.
    pub place: Place,
    /// The state it is about, by id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// What is wrong, a lowercase fragment.
    pub problem: String,
    /// What to do.
    pub cure: String,
    /// Events that lead there, first to last; empty when it needs none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub example: Vec<String>,
    /// Whether the example can happen just so; none when there is no example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certainty: Option<Certainty>,
    /// The example with dates, for people.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub story: Vec<StoryLine>,
}

/// How sure a counter-example is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// It rests on nothing but what people may do, control fields and time.
    Real,
    /// It rests on a condition that the proof cannot know.
    Possible,
}

/// One line of a story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoryLine {
    /// Local date and time, e.g. `2026-03-02 09:00`.
    pub at: String,
    /// What happens, in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
}

/// A way through the chart that breaks a promise.
#[derive(Clone, Debug, Default)]
pub(crate) struct Example {
    pub(crate) labels: Vec<String>,
    pub(crate) story: Vec<StoryLine>,
    /// Transitions whose guards were guessed on the way.
    pub(crate) guessed: BTreeSet<TransitionIx>,
}

/// The result of a check.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The workflow.
    pub workflow: String,
    /// Its version.
    pub version: u32,
    /// Configurations in which a case can rest.
    pub configurations: usize,
    /// What is wrong, in the order of the file. Empty: the workflow may be loaded.
    pub problems: Vec<Problem>,
    /// What was not proved but taken on trust.
    pub assumptions: Vec<String>,
    /// Fields and conditions whose values were followed, because the proof needed them.
    pub remembered: Vec<String>,
    /// Guards guessed on the ways of the examples.
    #[serde(skip)]
    pub(crate) guessed: BTreeSet<TransitionIx>,
}

impl Report {
    pub(crate) fn new(def: &Definition) -> Self {
        Self {
            workflow: def.name.clone(),
            version: def.version,
            configurations: 0,
            problems: Vec::new(),
            assumptions: Vec::new(),
            remembered: Vec::new(),
            guessed: BTreeSet::new(),
        }
    }

    /// May it be loaded?
    #[must_use]
    pub fn passed(&self) -> bool {
        self.problems.is_empty()
    }

    pub(crate) fn problem(&mut self, code: &'static str, place: &Place, problem: String, cure: String) {
        self.problems.push(Problem::at(code, place.clone(), None, problem, cure));
    }

    /// A problem that an example shows.
    pub(crate) fn shown(
        &mut self,
        code: &'static str,
        (place, state): (Place, Option<String>),
        (problem, cure): (String, String),
        example: Example,
    ) {
        let certainty = if example.guessed.is_empty() { Certainty::Real } else { Certainty::Possible };
        self.guessed.extend(example.guessed);
        self.problems.push(Problem {
            example: example.labels,
            certainty: Some(certainty),
            story: example.story,
            ..Problem::at(code, place, state, problem, cure)
        });
    }

    pub(crate) fn state_problem(
        &mut self,
        code: &'static str,
        def: &Definition,
        ix: u16,
        problem: String,
        cure: String,
    ) {
        let state = &def.states[usize::from(ix)];
        self.problems.push(Problem::at(code, state.place.clone(), Some(state.id.clone()), problem, cure));
    }

    pub(crate) fn finish(&mut self) {
        self.problems.sort_by(|a, b| {
            (a.place.line, a.place.column, a.code, &a.problem).cmp(&(b.place.line, b.place.column, b.code, &b.problem))
        });
        self.problems.dedup();
        self.assumptions.dedup();
    }
}

impl Problem {
    pub(crate) fn at(code: &'static str, place: Place, state: Option<String>, problem: String, cure: String) -> Self {
        Self { code, place, state, problem, cure, example: Vec::new(), certainty: None, story: Vec::new() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.place.file, self.place.line, self.place.column)?;
        if let Some(state) = &self.state {
            write!(f, "state `{state}`: ")?;
        }
        write!(f, "{}\n    {}", self.problem, self.cure)?;
        if let Some(certainty) = self.certainty.filter(|_| !self.example.is_empty()) {
            let how = match certainty {
                Certainty::Real => "for example",
                Certainty::Possible => "possible example (it rests on a condition that cannot be known here)",
            };
            write!(f, "\n    {how} after: {}", self.example.join(" → "))?;
        }
        for line in &self.story {
            write!(f, "\n      {}  {} · {}", line.at, line.zh, line.en)?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{problem}")?;
        }
        let (name, version, n) = (&self.workflow, self.version, self.configurations);
        match self.problems.len() {
            0 => writeln!(
                f,
                "{name} {version}: proved over {n} configurations: every place where a case can wait has an owner, a running clock and a next rung"
            )?,
            1 => writeln!(f, "{name} {version}: refused, 1 problem ({n} configurations)")?,
            many => writeln!(f, "{name} {version}: refused, {many} problems ({n} configurations)")?,
        }
        for assumption in &self.assumptions {
            writeln!(f, "  taken on trust: {assumption}")?;
        }
        Ok(())
    }
}
