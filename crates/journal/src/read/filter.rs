//! Which cases a list shows, and the statement that finds them.

use unicode_normalization::UnicodeNormalization as _;

use crate::secret::Vault;
use crate::time::{Instant, micros};

/// Most rows of one answer.
pub(super) const MOST_ROWS: u32 = 1000;

/// When a case is due as the index `cases_due` has it: never, when it has no due date.
const DUE: &str = "COALESCE(c.due_at, 9223372036854775807)";

/// In which order cases are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaseOrder {
    /// Earliest due first; those without a due date last.
    #[default]
    Due,
    /// Newest received first.
    Received,
}

/// Which cases are listed. The default, with a district and a timeline: all.
#[derive(Clone, Debug, Default)]
pub struct CaseFilter {
    /// District code.
    pub district: String,
    /// `real` or the name of an exercise.
    pub timeline: String,
    /// Workflow name.
    pub workflow: Option<String>,
    /// A fragment of number, title, place or any other text that is not confidential; or of an identity, by its keyed pieces.
    pub text: Option<String>,
    /// Do not look for `text` in identities.
    pub without_identity: bool,
    /// Party strings: owned by any of these. `None`: whoever owns it.
    pub owners: Option<Vec<String>>,
    /// Never cases from which one of these units is excluded.
    pub not_excluded: Vec<String>,
    /// Only open ones, or only closed ones.
    pub open: Option<bool>,
    /// States in which a case counts as closed although it goes on, such as the aftercare of a closed petition.
    pub closed_states: Vec<String>,
    /// Only overdue ones, or only those that are not.
    pub overdue: Option<bool>,
    /// Due before this.
    pub due_before: Option<Instant>,
    /// Due from this instant on.
    pub due_from: Option<Instant>,
    /// In this atomic state.
    pub active: Option<String>,
    /// Received from this instant on.
    pub received_from: Option<Instant>,
    /// Received before this instant.
    pub received_to: Option<Instant>,
    /// Order.
    pub order: CaseOrder,
    /// Most rows, up to 1,000; 0 means 50.
    pub limit: u32,
    /// Rows to leave out first.
    pub offset: u32,
}

/// Most words of one search.
const MOST_WORDS: usize = 8;

/// A value to be bound.
pub(super) enum Arg {
    Int(i64),
    Text(String),
}

/// The condition and its values.
pub(super) struct Condition {
    pub(super) sql: String,
    pub(super) args: Vec<Arg>,
}

impl Condition {
    fn int(&mut self, value: i64) -> String {
        self.args.push(Arg::Int(value));
        format!("${}", self.args.len())
    }

    fn text(&mut self, value: impl Into<String>) -> String {
        self.args.push(Arg::Text(value.into()));
        format!("${}", self.args.len())
    }

    fn and(&mut self, sql: &str) {
        self.sql.push_str(" AND ");
        self.sql.push_str(sql);
    }
}

impl CaseFilter {
    pub(super) fn condition(&self, vault: &Vault, now: Instant) -> Condition {
        let mut c = Condition { sql: String::new(), args: Vec::new() };
        let (district, timeline) = (c.text(&self.district), c.text(&self.timeline));
        c.sql = format!("c.district = {district} AND c.timeline = {timeline}");
        if let Some(workflow) = &self.workflow {
            let workflow = c.text(workflow);
            c.and(&format!("c.workflow = {workflow}"));
        }
        if let Some(open) = self.open {
            let is = self.is_open(&mut c);
            c.and(&if open { is } else { format!("NOT {is}") });
        }
        if let Some(state) = &self.active {
            // State ids as JSON strings, like the excluded units below.
            let state = c.text(like(&format!("\"{state}\"")));
            c.and(&format!("c.active LIKE {state} ESCAPE '!'"));
        }
        self.times(&mut c, now);
        self.of_owners(&mut c);
        self.with_text(&mut c, vault);
        c
    }

    /// Neither ended nor in a state that counts as closed.
    fn is_open(&self, c: &mut Condition) -> String {
        let mut sql = String::from("(c.closed_at IS NULL");
        for state in &self.closed_states {
            let state = c.text(like(&format!("\"{state}\"")));
            sql.push_str(&format!(" AND c.active NOT LIKE {state} ESCAPE '!'"));
        }
        sql.push(')');
        sql
    }

    fn times(&self, c: &mut Condition, now: Instant) {
        if let Some(overdue) = self.overdue {
            let (open, now) = (self.is_open(c), c.int(micros(now)));
            let is = format!("({open} AND {DUE} < {now})");
            c.and(&if overdue { is } else { format!("NOT {is}") });
        }
        if let Some(before) = self.due_before {
            let before = c.int(micros(before));
            c.and(&format!("{DUE} < {before}"));
        }
        if let Some(from) = self.due_from {
            let from = c.int(micros(from));
            c.and(&format!("({DUE} >= {from} AND c.due_at IS NOT NULL)"));
        }
        if let Some(from) = self.received_from {
            let from = c.int(micros(from));
            c.and(&format!("c.received_at >= {from}"));
        }
        if let Some(to) = self.received_to {
            let to = c.int(micros(to));
            c.and(&format!("c.received_at < {to}"));
        }
    }

    fn of_owners(&self, c: &mut Condition) {
        for unit in &self.not_excluded {
            // Unit ids as JSON strings: quotes keep `a` from matching `ab`.
            let unit = c.text(like(&format!("\"{unit}\"")));
            c.and(&format!("c.excluded NOT LIKE {unit} ESCAPE '!'"));
        }
        let Some(owners) = &self.owners else { return };
        if owners.is_empty() {
            c.and("1 = 0");
            return;
        }
        let parties: Vec<String> = owners.iter().map(|party| c.text(party)).collect();
        c.and(&format!("c.id IN (SELECT case_id FROM case_owners WHERE party IN ({}))", parties.join(", ")));
    }

    /// Every word must be found, each in any field. A word in another form of its letters (full width and the like) is
    /// the same word.
    fn with_text(&self, c: &mut Condition, vault: &Vault) {
        let Some(text) = self.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) else { return };
        let folded: String = text.nfkc().collect();
        for word in folded.split_whitespace().take(MOST_WORDS) {
            self.with_word(c, vault, word);
        }
    }

    fn with_word(&self, c: &mut Condition, vault: &Vault, word: &str) {
        let pattern = c.text(like(&word.to_lowercase()));
        let plain = format!("c.plain LIKE {pattern} ESCAPE '!'");
        let grams = if self.without_identity { Vec::new() } else { vault.grams(word) };
        if grams.is_empty() {
            c.and(&plain);
            return;
        }
        let n = grams.len();
        let grams: Vec<String> = grams.into_iter().map(|gram| c.int(gram)).collect();
        let grams = grams.join(", ");
        c.and(&format!(
            "({plain} OR c.id IN (SELECT case_id FROM grams WHERE gram IN ({grams}) GROUP BY case_id HAVING COUNT(*) = {n}))"
        ));
    }

    pub(super) fn order_sql(&self) -> &'static str {
        match self.order {
            CaseOrder::Due => "ORDER BY COALESCE(c.due_at, 9223372036854775807), c.id",
            CaseOrder::Received => "ORDER BY c.received_at DESC, c.id DESC",
        }
    }

    pub(super) fn rows(&self) -> u32 {
        if self.limit == 0 { 50 } else { self.limit.min(MOST_ROWS) }
    }
}

/// A pattern that finds the text anywhere, taken literally.
fn like(text: &str) -> String {
    let mut out = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '!') {
            out.push('!');
        }
        out.push(c);
    }
    out.push('%');
    out
}
