//! Expressions: CEL, compiled at load. Common shapes run as native code over pre-split paths; the rest runs in the
//! `cel` crate. Both give the same answers. What the names mean comes from a [`Scope`].

mod cost;
mod fallback;
mod native;
mod nesting;
pub(crate) mod types;

use chrono::{DateTime, FixedOffset, NaiveDate, TimeZone as _, Utc};
use serde_json::Value;

use crate::definition::{Place, StateIx};
use native::{Native, Val};

pub use cost::COST_LIMIT;
pub use nesting::{CHAIN_LIMIT, NESTING_LIMIT};

/// Longest expression accepted, in bytes.
pub const LENGTH_LIMIT: usize = 4096;

/// Most letters of an expression that a message repeats.
const QUOTED: usize = 80;
/// Deepest that a parsed expression may be; the macros `all`, `exists`, `map`, `filter` make it deeper than its text.
const DEPTH_LIMIT: usize = 48;

/// The schemas of what an expression may read. An empty object: nothing is declared, any field may be there.
#[derive(Clone, Copy, Debug)]
pub struct Declared<'a> {
    /// JSON Schema of the case's data.
    pub data: &'a Value,
    /// JSON Schema of what events carry: the forms of all events together.
    pub event: &'a Value,
}

impl<'a> Declared<'a> {
    /// Nothing is declared.
    pub const NOTHING: Declared<'static> = Declared { data: &Value::Null, event: &Value::Null };

    /// The schema at `data.a.b` or `event.a`; none where it is not declared.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&'a Value> {
        let mut steps = path.split('.');
        let root = match steps.next()? {
            "data" => self.data,
            "event" => self.event,
            _ => return None,
        };
        steps.try_fold(root, |at, step| at.get("properties")?.get(step))
    }
}

/// `data.a.b` of a tree as text; none when it is something else.
fn path(ast: &cel::common::ast::IdedExpr) -> Option<String> {
    match &ast.expr {
        cel::common::ast::Expr::Ident(name) => Some(name.clone()),
        cel::common::ast::Expr::Select(select) if !select.test => {
            Some(format!("{}.{}", path(&select.operand)?, select.field))
        }
        _ => None,
    }
}

/// The beginning of a text, for a message.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(QUOTED).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(QUOTED).is_some() {
        shown.push('…');
    }
    shown
}

/// What an expression reads.
pub trait Scope {
    /// The case's data.
    fn data(&self) -> &Value;
    /// The event being handled: name and payload.
    fn event(&self) -> Option<(&str, &Value)>;
    /// The case itself (`id`, `number`, `opened_at`, …); built only when an expression asks for it.
    fn case(&self) -> Value;
    /// The time of this step.
    fn now(&self) -> DateTime<Utc>;
    /// Is the state active?
    fn in_state(&self, ix: StateIx) -> bool;
    /// Unit id of the duty desk 值班.
    fn duty_desk(&self) -> String;
    /// Unit responsible for place × category.
    fn route(&self, place: &str, category: &str) -> Option<String>;
    /// Relation of a unit: internal, town, peer, partner, superior, enterprise.
    fn unit_relation(&self, unit: &str) -> Option<String>;
    /// Must the unit stay away from a matter about these units, as one of them or as related to them? Without a
    /// directory: is it one of them.
    fn stays_away(&self, unit: &str, accused: Vec<String>) -> bool {
        accused.iter().any(|each| each == unit)
    }
}

/// Why an expression gave no value. In a guard this counts as false and is recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{source_text}: {problem}")]
pub struct ExprError {
    /// The expression.
    pub source_text: String,
    /// What went wrong.
    pub problem: String,
}

/// A compiled expression.
#[derive(Debug)]
pub struct Expr {
    /// As written.
    pub source: String,
    /// Where it was written.
    pub place: Place,
    /// Steps that it takes at most.
    pub(crate) cost: u64,
    /// What kind of value it gives, as far as the schemas tell.
    pub(crate) kind: types::Kind,
    native: Option<Native>,
    program: Option<cel::Program>,
    /// States named by `in_state('…')`, for the fallback.
    states: Vec<(String, StateIx)>,
}

/// The zone of dates without an offset: China has had one, without summer time, since 1992.
#[must_use]
pub fn district_zone() -> FixedOffset {
    // 8 h is inside chrono's range of ±24 h, so the fallback is never used.
    FixedOffset::east_opt(8 * 3600).unwrap_or_else(|| chrono::Offset::fix(&Utc))
}

impl Expr {
    /// Compiles. `state` finds a state by id for `in_state('id')`; `max_items` the `maxItems` of a list in the data.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the expression.
    pub fn compile(
        source: &str,
        place: Place,
        state: &dyn Fn(&str) -> Option<StateIx>,
        max_items: &dyn Fn(&str) -> Option<u64>,
    ) -> Result<Self, String> {
        Self::compiled(source, place, state, max_items, &Declared::NOTHING)
    }

    /// The same, with the fields that are declared: what is not declared is refused.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the expression.
    pub fn compile_in(
        source: &str,
        place: Place,
        state: &dyn Fn(&str) -> Option<StateIx>,
        declared: &Declared<'_>,
    ) -> Result<Self, String> {
        let max_items = |path: &str| declared.at(path)?.get("maxItems")?.as_u64();
        Self::compiled(source, place, state, &max_items, declared)
    }

    fn compiled(
        source: &str,
        place: Place,
        state: &dyn Fn(&str) -> Option<StateIx>,
        max_items: &dyn Fn(&str) -> Option<u64>,
        declared: &Declared<'_>,
    ) -> Result<Self, String> {
        if source.len() > LENGTH_LIMIT {
            return Err(format!("the expression has {} bytes; at most {LENGTH_LIMIT} are allowed", source.len()));
        }
        nesting::bound(source)?;
        let program = nesting::parse(source).map_err(|errors| not_cel(&errors))?;
        let depth = nesting::depth(program.expression());
        if depth > DEPTH_LIMIT {
            return Err(format!(
                "nests {depth} deep; at most {DEPTH_LIMIT} are allowed. write it as several conditions"
            ));
        }
        let mut states = Vec::new();
        native::states_named(program.expression(), &mut |id| match state(id) {
            Some(ix) => {
                states.push((id.to_owned(), ix));
                Ok(())
            }
            None => Err(format!("in_state('{id}'): there is no such state")),
        })?;
        native::known_names(program.expression())?;
        let kind = types::check(program.expression(), declared)?;
        let cost = cost::bound(program.expression(), max_items, declared)?;
        let native = native::lower(program.expression(), &states);
        if native.is_none() && native::calls_directory(program.expression()) {
            return Err(
                "route(), unit_relation() and stays_away() may not stand inside a list expression; write the condition without one"
                    .into(),
            );
        }
        Ok(Self { source: source.to_owned(), place, cost, kind, native, program: Some(program), states })
    }

    /// An expression that is always this value (a YAML scalar that is not a string).
    #[must_use]
    pub fn literal(value: Value, place: Place) -> Self {
        Self {
            source: value.to_string(),
            place,
            cost: 1,
            kind: types::Kind::of_value(&value),
            native: Some(Native::Lit(value)),
            program: None,
            states: Vec::new(),
        }
    }

    /// The values it gives where it is a literal, through `? :`.
    pub(crate) fn literals(&self) -> Vec<Value> {
        let mut found = Vec::new();
        match (&self.program, &self.native) {
            (Some(program), _) => types::literals(program.expression(), &mut found),
            (None, Some(Native::Lit(value))) => found.push(value.clone()),
            _ => {}
        }
        found
    }

    /// Was it lowered to native code?
    #[must_use]
    pub fn is_native(&self) -> bool {
        self.native.is_some()
    }

    /// As a condition.
    ///
    /// # Errors
    /// When it cannot be evaluated or is not true or false.
    pub fn test(&self, scope: &dyn Scope) -> Result<bool, ExprError> {
        match &self.native {
            Some(native) => native.test(scope).map_err(|problem| self.error(problem)),
            None => self.test_cel(scope),
        }
    }

    /// As a JSON value.
    ///
    /// # Errors
    /// When it cannot be evaluated.
    pub fn value(&self, scope: &dyn Scope) -> Result<Value, ExprError> {
        match &self.native {
            Some(native) => native.eval(scope).map(Val::into_json).map_err(|problem| self.error(problem)),
            None => self.value_cel(scope),
        }
    }

    /// As an instant: a timestamp, an RFC 3339 text, or a date, which is its first moment in the district's zone.
    ///
    /// # Errors
    /// When it cannot be evaluated or is none of these.
    pub fn instant(&self, scope: &dyn Scope) -> Result<DateTime<Utc>, ExprError> {
        let value = self.value(scope)?;
        value.as_str().and_then(read_instant).ok_or_else(|| {
            self.error(format!(
                "{value} is no time; expected a date like 2026-02-10 or a time like 2026-02-10T09:30:00+08:00"
            ))
        })
    }

    /// The same through the `cel` crate, whatever was lowered: for tests and the bench.
    ///
    /// # Errors
    /// As [`Expr::test`].
    pub fn test_cel(&self, scope: &dyn Scope) -> Result<bool, ExprError> {
        match self.value_cel(scope)? {
            Value::Bool(answer) => Ok(answer),
            other => Err(self.error(format!("gave {other}; expected true or false"))),
        }
    }

    /// The same through the `cel` crate.
    ///
    /// # Errors
    /// As [`Expr::value`].
    pub fn value_cel(&self, scope: &dyn Scope) -> Result<Value, ExprError> {
        match &self.program {
            Some(program) => fallback::eval(program, &self.states, scope).map_err(|problem| self.error(problem)),
            None => self.native.as_ref().map_or(Ok(Value::Null), |native| {
                native.eval(scope).map(Val::into_json).map_err(|problem| self.error(problem))
            }),
        }
    }

    fn error(&self, problem: String) -> ExprError {
        ExprError { source_text: self.source.clone(), problem }
    }
}

/// What the parser of the `cel` crate says, in one line and without the whole expression.
fn not_cel(errors: &str) -> String {
    let said = errors.lines().find(|line| line.starts_with("ERROR")).or_else(|| errors.lines().next());
    let said = said.unwrap_or_default();
    let said = said.strip_prefix("ERROR: ").unwrap_or(said);
    let said = said.split_once(": ").filter(|(at, _)| at.starts_with('<')).map_or(said, |(_, said)| said);
    format!("not a CEL expression: {}", quoted(said))
}

/// Reads an RFC 3339 time, a time without offset (district zone), or a date (its first moment).
#[must_use]
pub fn read_instant(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.with_timezone(&Utc));
    }
    let naive = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S")
        .or_else(|_| chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M"))
        .or_else(|_| NaiveDate::parse_from_str(text, "%Y-%m-%d").map(|day| day.and_time(chrono::NaiveTime::MIN)))
        .ok()?;
    district_zone().from_local_datetime(&naive).single().map(|time| time.with_timezone(&Utc))
}

/// Writes an instant as the journal and expressions show it: RFC 3339 in the district's zone, microseconds only if any.
#[must_use]
pub fn write_instant(at: DateTime<Utc>) -> String {
    at.with_timezone(&district_zone()).to_rfc3339_opts(chrono::SecondsFormat::AutoSi, false)
}
