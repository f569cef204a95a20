//! What an import did, for people and for programs.

use serde::Serialize;

use super::petition::Fault;

/// Most mistakes that are listed; the rest is counted.
const MOST_LISTED: usize = 1000;

/// See the module.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Rows that became a case now.
    pub(crate) imported: u64,
    /// Of these, without a recorded reply: open matters, as late as they are.
    pub(crate) open: u64,
    /// Rows that were there before, in this file or from an earlier import: nothing was changed.
    pub(crate) known: u64,
    /// Rows that were refused.
    pub(crate) refused: u64,
    /// Why, row by row; the first thousand.
    faults: Vec<Fault>,
    /// Columns that nothing is made of.
    unused: Vec<String>,
}

impl Report {
    pub(crate) fn new(unused: &[String]) -> Self {
        Self { unused: unused.to_vec(), ..Self::default() }
    }

    /// Rows so far.
    pub(crate) fn rows(&self) -> u64 {
        self.imported + self.known + self.refused
    }

    /// A row is refused.
    pub(crate) fn refuse(&mut self, faults: Vec<Fault>) {
        self.refused += 1;
        let room = MOST_LISTED.saturating_sub(self.faults.len());
        self.faults.extend(faults.into_iter().take(room));
    }

    /// For people. `file` is how they call it.
    pub(crate) fn words(&self, file: &str) -> String {
        let mut lines = Vec::new();
        for Fault { line, column, field, problem } in &self.faults {
            let field = field.map(|field| format!("{field}: ")).unwrap_or_default();
            lines.push(format!("{file}:{line}:{column}: {field}{problem}"));
        }
        if self.faults.len() == MOST_LISTED {
            lines.push(format!("only the first {MOST_LISTED} mistakes are listed"));
        }
        if !self.unused.is_empty() {
            lines.push(format!("columns that are not used: {}", self.unused.join(", ")));
        }
        lines.push(format!("{} rows", self.rows()));
        let (imported, open) = (self.imported, self.open);
        lines.push(format!("  {imported} imported, {open} of them without a reply: open, and as late as they are"));
        lines.push(format!("  {} there already, nothing changed", self.known));
        lines.push(format!("  {} refused", self.refused));
        lines.join("\n")
    }
}
