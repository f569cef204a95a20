//! What `check` found, for people and for machines.

use std::fmt;

use huiyin_chart::Definition;
use huiyin_chart::definition::Place;
use serde::Serialize;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Stable name of the kind of problem: `unreachable`, `dead-end`, `no-owner`, `no-clock`, `silent-ladder`,
    /// `endless-clock`, `unknown-name`, `endless-loop`, `too-large`, `target`.
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
}

impl Report {
    pub(crate) fn new(def: &Definition) -> Self {
        Self {
            workflow: def.name.clone(),
            version: def.version,
            configurations: 0,
            problems: Vec::new(),
            assumptions: Vec::new(),
        }
    }

    /// May it be loaded?
    #[must_use]
    pub fn passed(&self) -> bool {
        self.problems.is_empty()
    }

    pub(crate) fn problem(&mut self, code: &'static str, place: &Place, problem: String, cure: String) {
        self.problems.push(Problem { code, place: place.clone(), state: None, problem, cure, example: Vec::new() });
    }

    pub(crate) fn state_problem(
        &mut self,
        code: &'static str,
        def: &Definition,
        ix: u16,
        problem: String,
        cure: String,
        example: Vec<String>,
    ) {
        let state = &def.states[usize::from(ix)];
        let place = state.place.clone();
        self.problems.push(Problem { code, place, state: Some(state.id.clone()), problem, cure, example });
    }

    pub(crate) fn finish(&mut self) {
        self.problems.sort_by(|a, b| {
            (a.place.line, a.place.column, a.code, &a.problem).cmp(&(b.place.line, b.place.column, b.code, &b.problem))
        });
        self.problems.dedup();
        self.assumptions.dedup();
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.place.file, self.place.line, self.place.column)?;
        if let Some(state) = &self.state {
            write!(f, "state `{state}`: ")?;
        }
        write!(f, "{}\n    {}", self.problem, self.cure)?;
        if !self.example.is_empty() {
            write!(f, "\n    for example after: {}", self.example.join(" → "))?;
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
