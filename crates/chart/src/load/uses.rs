//! What expressions read and write, compared with what the data and the forms have: a field that does not exist, a value
//! that a field cannot have, a condition that is none, a confidential field where everybody would see it.
//!
//! Only what is surely wrong is refused: where a schema leaves open what else there may be, nothing is said.

use std::collections::BTreeMap;

use cel::common::ast::{EntryExpr, Expr as Ast, IdedExpr, LiteralValue};
use serde_json::Value;

use super::{Diagnostic, Loader, nearest};
use crate::definition::{Action, ClockDecl, Descriptor, Domain, EventDecl, Place, StateIx, TriggerOn};
use crate::expr::Expr;

/// An expression at work.
struct Use<'d> {
    expr: &'d Expr,
    path: String,
    /// The event whose fields `event` has, where it is known.
    event: Option<&'d str>,
    /// It must be true or false.
    condition: bool,
}

/// What a schema says of a path.
enum Found<'s> {
    Known(&'s Value),
    /// It cannot say.
    Open,
    /// There is no such step; these are known.
    Missing(String, Vec<&'s str>),
}

impl Loader {
    /// Reports every use of a field or value that cannot be meant.
    pub(super) fn uses(&mut self, events: &[EventDecl], clocks: &[ClockDecl], summary: &BTreeMap<String, Expr>) {
        let mut found = Vec::new();
        let mut used = Vec::new();
        self.of_states(&mut used);
        of_clocks(clocks, &mut used);
        for event in events {
            let path = format!("events.{}.require", event.name);
            used.extend(event.require.iter().map(|requirement| Use {
                expr: &requirement.that,
                path: path.clone(),
                event: Some(&event.name),
                condition: true,
            }));
        }
        for each in &used {
            self.read(each, events, &mut found);
        }
        for (name, expr) in summary {
            let each = Use { expr, path: format!("summary.{name}"), event: None, condition: false };
            self.read(&each, events, &mut found);
            self.shown(&each, "the work lists show it to everybody", &mut found);
        }
        self.written(&mut found);
        self.problems.extend(found);
    }

    fn of_states<'d>(&'d self, used: &mut Vec<Use<'d>>) {
        for state in &self.states {
            let on = state.on.iter().map(|(descriptor, list)| match descriptor {
                Descriptor::Exact(name) => (Some(name.as_str()), list),
                Descriptor::Prefix(_) | Descriptor::Any => (None, list),
            });
            let timed = state.after.iter().map(|(_, list)| (None, list)).chain([(None, &state.always)]);
            let path = self.path_of(state.ix);
            for (event, ix) in on.chain(timed).flat_map(|(event, list)| list.iter().map(move |ix| (event, *ix))) {
                let transition = &self.transitions[usize::from(ix)];
                let guard = transition.guard.iter();
                used.extend(guard.map(|expr| Use { expr, path: path.clone(), event, condition: true }));
                let actions = transition.actions.iter().flat_map(written_in);
                used.extend(actions.map(|expr| Use { expr, path: path.clone(), event, condition: false }));
            }
        }
    }

    fn path_of(&self, ix: StateIx) -> String {
        if ix == 0 { String::new() } else { format!("states.{}", self.state_path(ix)) }
    }

    fn read(&self, each: &Use<'_>, events: &[EventDecl], found: &mut Vec<Diagnostic>) {
        let Ok(program) = cel::Program::compile(&each.expr.source) else { return };
        let mut paths = Vec::new();
        fields(program.expression(), &mut paths);
        for path in &paths {
            let (root, below) = (path[0].as_str(), &path[1..]);
            let answer = match root {
                "data" => look(&self.data.schema, below),
                "event" => self.of_event(each.event, below, events),
                _ => Found::Open,
            };
            if let Found::Missing(step, known) = answer {
                let what = if root == "data" { "the data have".to_owned() } else { said(each.event) };
                let cure = nearest(&step, known.iter().copied()).map_or_else(
                    || format!("known are: {}; add it to the {} with its type", known.join(", "), schema_of(root)),
                    |near| format!("did you mean `{near}`? else add it to the {}", schema_of(root)),
                );
                let problem = format!("`{}`: {what} no field `{step}`", path.join("."));
                found.push(problem_at(&each.expr.place, &each.path, problem, cure));
            }
        }
        if each.condition && !self.may_be_truth(program.expression()) {
            let problem = format!("`{}` is no condition: it is never true or false", each.expr.source);
            let cure = format!("compare it with something, e.g. `{} > 0`", each.expr.source);
            found.push(problem_at(&each.expr.place, &each.path, problem, cure));
        }
    }

    /// Fields of an event: those of its form, and those with which the case itself raises it.
    fn of_event<'s>(&self, event: Option<&str>, below: &[String], events: &'s [EventDecl]) -> Found<'s> {
        let Some(decl) = events.iter().find(|decl| Some(decl.name.as_str()) == event) else { return Found::Open };
        // What no person sends comes from other cases, with what they like.
        if decl.by.is_empty() || below.is_empty() || self.raised_with(&decl.name, &below[0]) {
            return Found::Open;
        }
        if decl.form.is_null() {
            return Found::Missing(below[0].clone(), Vec::new());
        }
        look(&decl.form, below)
    }

    fn raised_with(&self, event: &str, field: &str) -> bool {
        let of_states = self.states.iter().flat_map(|state| state.entry.iter().chain(&state.exit));
        let mut actions = of_states.chain(self.transitions.iter().flat_map(|transition| &transition.actions));
        actions.any(|action| match action {
            Action::Raise { event: raised, data, .. } => raised == event && data.iter().any(|(name, _)| name == field),
            _ => false,
        })
    }

    /// Could it be true or false? A sum, a list, a text or a field of another type cannot.
    fn may_be_truth(&self, ast: &IdedExpr) -> bool {
        match &ast.expr {
            Ast::Call(call) => !["_+_", "_-_", "_*_", "_/_", "_%_", "-_"].contains(&call.func_name.as_str()),
            Ast::Literal(literal) => matches!(literal, LiteralValue::Boolean(_)),
            Ast::List(_) | Ast::Map(_) | Ast::Struct(_) => false,
            Ast::Select(select) if !select.test => {
                let mut paths = Vec::new();
                fields(ast, &mut paths);
                let [path] = paths.as_slice() else { return true };
                if path[0] != "data" {
                    return true;
                }
                let Found::Known(schema) = look(&self.data.schema, &path[1..]) else { return true };
                schema.get("type").and_then(Value::as_str).is_none_or(|kind| kind == "boolean")
            }
            _ => true,
        }
    }

    /// Literals that a field cannot have, and confidential fields that leave the house.
    fn written(&self, found: &mut Vec<Diagnostic>) {
        let of_states = self.states.iter().flat_map(|state| {
            let path = self.path_of(state.ix);
            state.entry.iter().chain(&state.exit).map(move |action| (path.clone(), action))
        });
        let of_transitions = self.transitions.iter().flat_map(|transition| {
            let path = self.path_of(transition.source);
            transition.actions.iter().map(move |action| (path.clone(), action))
        });
        for (path, action) in of_states.chain(of_transitions) {
            match action {
                Action::Set(writes) => {
                    for (field, expr) in writes {
                        self.fits(&field.join("."), expr, &path, found);
                    }
                }
                Action::Emit { data, .. } => {
                    for (_, expr) in data {
                        let each = Use { expr, path: path.clone(), event: None, condition: false };
                        self.shown(&each, "`emit` sends it to other systems", found);
                    }
                }
                _ => {}
            }
        }
    }

    /// A literal written into a control field must be one of its values.
    fn fits(&self, field: &str, expr: &Expr, path: &str, found: &mut Vec<Diagnostic>) {
        let Some(domain) = self.data.control.get(field) else { return };
        let Some(value) = literal(expr) else { return };
        let (fits, values) = match domain {
            Domain::Bool => (value.is_boolean(), "true or false (type: boolean)".to_owned()),
            Domain::Enum(words) => (words.iter().any(|word| value == *word), words.join(", ")),
            Domain::Int(least, most) => {
                let inside = value.as_i64().is_some_and(|n| (*least..=*most).contains(&n));
                (inside, format!("a whole number from {least} to {most} (type: integer)"))
            }
        };
        if !fits {
            let problem = format!("`data.{field}` can never be {value}");
            found.push(problem_at(&expr.place, path, problem, format!("expected one of: {values}")));
        }
    }

    fn shown(&self, each: &Use<'_>, why: &str, found: &mut Vec<Diagnostic>) {
        let Ok(program) = cel::Program::compile(&each.expr.source) else { return };
        let mut paths = Vec::new();
        fields(program.expression(), &mut paths);
        for path in paths.iter().filter(|path| path[0] == "data" && path.len() > 1) {
            let field = path[1..].join(".");
            let inside = |secret: &String| field == *secret || field.starts_with(&format!("{secret}."));
            if self.data.confidential.keys().any(inside) {
                let problem = format!("`data.{field}` is confidential, and {why}");
                let cure = format!("leave `data.{field}` out, or name a field that is not confidential");
                found.push(problem_at(&each.expr.place, &each.path, problem, cure));
            }
        }
    }
}

fn problem_at(place: &Place, path: &str, problem: String, cure: String) -> Diagnostic {
    Diagnostic { place: place.clone(), path: path.to_owned(), problem, cure }
}

fn said(event: Option<&str>) -> String {
    format!("the form of `{}` has", event.unwrap_or_default())
}

fn schema_of(root: &str) -> &'static str {
    if root == "data" { "schema of the data" } else { "`form:` of the event" }
}

fn of_clocks<'d>(clocks: &'d [ClockDecl], used: &mut Vec<Use<'d>>) {
    for clock in clocks {
        let path = format!("clocks.{}", clock.name);
        for trigger in clock.starts.iter().chain(&clock.met_by).chain(&clock.void_by) {
            let event = match &trigger.on {
                TriggerOn::Event(name) => Some(name.as_str()),
                TriggerOn::Entered(_) => None,
            };
            let when = trigger.when.iter().map(|expr| (expr, true));
            let all = when.chain(trigger.at.iter().map(|expr| (expr, false)));
            used.extend(all.map(|(expr, condition)| Use { expr, path: path.clone(), event, condition }));
        }
        let due = clock.due.iter();
        used.extend(due.map(|expr| Use { expr, path: path.clone(), event: None, condition: false }));
    }
}

/// Expressions of an action.
fn written_in(action: &Action) -> Vec<&Expr> {
    match action {
        Action::Set(writes) => writes.iter().map(|(_, expr)| expr).collect(),
        Action::Raise { data, .. } | Action::Emit { data, .. } | Action::Open { data, .. } => {
            data.iter().map(|(_, expr)| expr).collect()
        }
        Action::Send { to, data, .. } => std::iter::once(to).chain(data.iter().map(|(_, expr)| expr)).collect(),
        _ => Vec::new(),
    }
}

/// What a schema says of a path of fields.
fn look<'s>(schema: &'s Value, path: &[String]) -> Found<'s> {
    let mut at = schema;
    for step in path {
        let Some(fields) = at.get("properties").and_then(Value::as_object) else { return Found::Open };
        let Some(next) = fields.get(step) else {
            let open = ["additionalProperties", "patternProperties", "allOf", "anyOf", "oneOf", "$ref"];
            let more = open.iter().any(|key| at.get(*key).is_some_and(|part| *part != Value::Bool(false)));
            return if more {
                Found::Open
            } else {
                Found::Missing(step.clone(), fields.keys().map(String::as_str).collect())
            };
        };
        at = next;
    }
    Found::Known(at)
}

/// A text, number or truth value that is written as it is.
fn literal(expr: &Expr) -> Option<Value> {
    match &cel::Program::compile(&expr.source).ok()?.expression().expr {
        Ast::Literal(LiteralValue::String(text)) => Some(Value::String(text.inner().to_string())),
        Ast::Literal(LiteralValue::Int(n)) => Some((*n.inner()).into()),
        Ast::Literal(LiteralValue::Boolean(b)) => Some((*b.inner()).into()),
        _ => None,
    }
}

/// The longest paths of fields below a name: `data.a.b` as `[data, a, b]`.
fn fields(ast: &IdedExpr, found: &mut Vec<Vec<String>>) {
    if let Some(path) = path(ast) {
        if path.len() > 1 {
            found.push(path);
        }
        return;
    }
    match &ast.expr {
        Ast::Call(call) => {
            call.target.iter().map(AsRef::as_ref).chain(&call.args).for_each(|part| fields(part, found));
        }
        Ast::Select(select) => fields(&select.operand, found),
        Ast::List(list) => list.elements.iter().for_each(|part| fields(part, found)),
        Ast::Map(map) => {
            for entry in &map.entries {
                match &entry.expr {
                    EntryExpr::MapEntry(map) => fields(&map.value, found),
                    EntryExpr::StructField(field) => fields(&field.value, found),
                }
            }
        }
        Ast::Comprehension(loop_) => fields(&loop_.iter_range, found),
        _ => {}
    }
}

fn path(ast: &IdedExpr) -> Option<Vec<String>> {
    match &ast.expr {
        Ast::Ident(name) => Some(vec![name.clone()]),
        Ast::Select(select) => {
            let mut before = path(&select.operand)?;
            before.push(select.field.clone());
            Some(before)
        }
        _ => None,
    }
}
