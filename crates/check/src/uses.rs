//! What expressions read and write, compared with what the data and the forms have: a field that does not exist, a value
//! that a field cannot have, a condition that is none, a confidential field where everybody would see it.
//!
//! Only what is surely wrong is refused: where a schema leaves open what else there may be, nothing is said.

use cel::common::ast::{EntryExpr, Expr as Ast, IdedExpr, LiteralValue};
use serde_json::Value;

use huiyin_chart::Definition;
use huiyin_chart::definition::{Action, Descriptor, Domain, StateIx, TriggerOn};
use huiyin_chart::expr::Expr;
use huiyin_chart::load::nearest;

use crate::Report;

/// An expression at work.
struct Use<'d> {
    expr: &'d Expr,
    /// The state it is written in; none: outside the states.
    state: Option<StateIx>,
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

/// Reports every use of a field or value that cannot be meant.
pub(crate) fn check(def: &Definition, report: &mut Report) {
    Uses { def, report }.all();
}

struct Uses<'d, 'r> {
    def: &'d Definition,
    report: &'r mut Report,
}

impl<'d> Uses<'d, '_> {
    fn all(&mut self) {
        let mut used = Vec::new();
        self.of_states(&mut used);
        self.of_clocks(&mut used);
        for event in &self.def.events {
            let that = event.require.iter().map(|requirement| &requirement.that);
            used.extend(that.map(|expr| Use { expr, state: None, event: Some(&event.name), condition: true }));
        }
        for each in &used {
            self.read(each);
        }
        for expr in self.def.summary.values() {
            let each = Use { expr, state: None, event: None, condition: false };
            self.read(&each);
            self.shown(&each, "the work lists show it to everybody");
        }
        self.written();
    }

    fn say(&mut self, code: &'static str, each: &Use<'_>, problem: String, cure: String) {
        self.report.problem(code, &each.expr.place, problem, cure);
        if let (Some(said), Some(ix)) = (self.report.problems.last_mut(), each.state.filter(|ix| *ix != 0)) {
            said.state = Some(self.def.states[usize::from(ix)].id.clone());
        }
    }

    fn of_states(&self, used: &mut Vec<Use<'d>>) {
        for state in &self.def.states {
            let on = state.on.iter().map(|(descriptor, list)| match descriptor {
                Descriptor::Exact(name) => (Some(name.as_str()), list),
                Descriptor::Prefix(_) | Descriptor::Any => (None, list),
            });
            let timed = state.after.iter().map(|(_, list)| (None, list)).chain([(None, &state.always)]);
            for (event, ix) in on.chain(timed).flat_map(|(event, list)| list.iter().map(move |ix| (event, *ix))) {
                let transition = &self.def.transitions[usize::from(ix)];
                let guard = transition.guard.iter().map(|expr| (expr, true));
                let actions = transition.actions.iter().flat_map(written_in).map(|expr| (expr, false));
                let state = Some(state.ix);
                used.extend(guard.chain(actions).map(|(expr, condition)| Use { expr, state, event, condition }));
            }
        }
    }

    fn of_clocks(&self, used: &mut Vec<Use<'d>>) {
        for clock in &self.def.clocks {
            for trigger in clock.starts.iter().chain(&clock.met_by).chain(&clock.void_by) {
                let event = match &trigger.on {
                    TriggerOn::Event(name) => Some(name.as_str()),
                    TriggerOn::Entered(_) => None,
                };
                let when = trigger.when.iter().map(|expr| (expr, true));
                let all = when.chain(trigger.at.iter().map(|expr| (expr, false)));
                used.extend(all.map(|(expr, condition)| Use { expr, state: None, event, condition }));
            }
            let due = clock.due.iter();
            used.extend(due.map(|expr| Use { expr, state: None, event: None, condition: false }));
        }
    }

    fn read(&mut self, each: &Use<'_>) {
        let Ok(program) = cel::Program::compile(&each.expr.source) else { return };
        let mut paths = Vec::new();
        fields(program.expression(), &mut paths);
        let def = self.def;
        for path in &paths {
            let (root, below) = (path[0].as_str(), &path[1..]);
            let answer = match root {
                "data" => look(&def.data.schema, below),
                "event" => of_event(def, each.event, below),
                _ => Found::Open,
            };
            if let Found::Missing(step, known) = answer {
                let (what, schema) = match (root, each.event) {
                    ("event", Some(event)) => (format!("the form of `{event}` has"), "`form:` of the event"),
                    _ => ("the data have".to_owned(), "schema of the data"),
                };
                let cure = nearest(&step, known.iter().copied()).map_or_else(
                    || format!("known are: [{}]; or add it to the {schema} with its type", known.join(", ")),
                    |near| format!("did you mean `{near}`? else add it to the {schema}"),
                );
                self.say("unknown-field", each, format!("`{}`: {what} no field `{step}`", path.join(".")), cure);
            }
        }
        if each.condition && !may_be_truth(def, program.expression()) {
            let problem = format!("`{}` is no condition: it is never true or false", each.expr.source);
            self.say(
                "no-condition",
                each,
                problem,
                format!("compare it with something, e.g. `{} > 0`", each.expr.source),
            );
        }
    }

    /// Literals that a field cannot have, and confidential fields that leave the house.
    fn written(&mut self) {
        let def = self.def;
        let of_states =
            def.states.iter().flat_map(|state| state.entry.iter().chain(&state.exit).map(|action| (state.ix, action)));
        let of_transitions = def
            .transitions
            .iter()
            .flat_map(|transition| transition.actions.iter().map(|action| (transition.source, action)));
        for (ix, action) in of_states.chain(of_transitions) {
            let used = |expr| Use { expr, state: Some(ix), event: None, condition: false };
            match action {
                Action::Set(writes) => {
                    for (field, expr) in writes {
                        self.fits(&field.join("."), &used(expr));
                    }
                }
                Action::Emit { data, .. } => {
                    for (_, expr) in data {
                        self.shown(&used(expr), "`emit` sends it to other systems");
                    }
                }
                _ => {}
            }
        }
    }

    /// A literal written into a control field must be one of its values.
    fn fits(&mut self, field: &str, each: &Use<'_>) {
        let Some(domain) = self.def.data.control.get(field) else { return };
        let Some(value) = literal(each.expr) else { return };
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
            self.say("outside-values", each, problem, format!("expected one of: {values}"));
        }
    }

    fn shown(&mut self, each: &Use<'_>, why: &str) {
        let Ok(program) = cel::Program::compile(&each.expr.source) else { return };
        let mut paths = Vec::new();
        fields(program.expression(), &mut paths);
        for path in paths.iter().filter(|path| path[0] == "data" && path.len() > 1) {
            let field = path[1..].join(".");
            let inside = |secret: &String| field == *secret || field.starts_with(&format!("{secret}."));
            if self.def.data.confidential.keys().any(inside) {
                let problem = format!("`data.{field}` is confidential, and {why}");
                let cure = format!("leave `data.{field}` out, or name a field that is not confidential");
                self.say("confidential", each, problem, cure);
            }
        }
    }
}

/// Fields of an event: those of its form, and those with which the case itself raises it.
fn of_event<'s>(def: &'s Definition, event: Option<&str>, below: &[String]) -> Found<'s> {
    let Some(decl) = def.events.iter().find(|decl| Some(decl.name.as_str()) == event) else { return Found::Open };
    // What no person sends comes from other cases, with what they like.
    if decl.by.is_empty() || below.is_empty() || raised_with(def, &decl.name, &below[0]) {
        return Found::Open;
    }
    if decl.form.is_null() {
        return Found::Missing(below[0].clone(), Vec::new());
    }
    look(&decl.form, below)
}

fn raised_with(def: &Definition, event: &str, field: &str) -> bool {
    let of_states = def.states.iter().flat_map(|state| state.entry.iter().chain(&state.exit));
    let mut actions = of_states.chain(def.transitions.iter().flat_map(|transition| &transition.actions));
    actions.any(|action| match action {
        Action::Raise { event: raised, data, .. } => raised == event && data.iter().any(|(name, _)| name == field),
        _ => false,
    })
}

/// Could it be true or false? A sum, a list, a text or a field of another type cannot.
fn may_be_truth(def: &Definition, ast: &IdedExpr) -> bool {
    match &ast.expr {
        Ast::Call(call) => !["_+_", "_-_", "_*_", "_/_", "_%_", "-_"].contains(&call.func_name.as_str()),
        Ast::Literal(literal) => matches!(literal, LiteralValue::Boolean(_)),
        Ast::List(_) | Ast::Map(_) | Ast::Struct(_) => false,
        Ast::Select(select) if !select.test => match path(ast) {
            Some(path) if path[0] == "data" => match look(&def.data.schema, &path[1..]) {
                Found::Known(schema) => schema.get("type").and_then(Value::as_str).is_none_or(|kind| kind == "boolean"),
                Found::Open | Found::Missing(..) => true,
            },
            _ => true,
        },
        _ => true,
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
