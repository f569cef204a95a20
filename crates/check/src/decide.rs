//! Conditions with three answers: true, false, or unknown. Known are the fields of the event that came from outside,
//! where their form gives them a finite domain, and which states are active. Everything else is unknown.

use std::collections::{BTreeMap, BTreeSet};

use cel::common::ast::{Expr as Ast, IdedExpr, LiteralValue};
use huiyin_chart::definition::{Definition, EventDecl};
use huiyin_chart::expr::Expr;
use serde_json::Value;

/// Most combinations of field values that are tried for one event; beyond it its fields are unknown.
const COMBINATIONS: usize = 256;

/// Field of the event → its value.
pub(crate) type Fields = BTreeMap<String, Value>;

/// A condition, ready to be decided.
pub(crate) struct Condition {
    program: Option<cel::Program>,
}

impl Condition {
    pub(crate) fn of(expr: &Expr) -> Self {
        Self { program: cel::Program::compile(&expr.source).ok() }
    }

    /// Decides, if the event's fields and the active states say enough.
    pub(crate) fn decide(&self, event: Option<&Fields>, active: &dyn Fn(&str) -> Option<bool>) -> Option<bool> {
        truth(self.program.as_ref()?.expression(), event, active)
    }

    fn fields_read(&self, found: &mut BTreeSet<String>) {
        if let Some(program) = &self.program {
            fields_read(program.expression(), found);
        }
    }
}

fn truth(ast: &IdedExpr, event: Option<&Fields>, active: &dyn Fn(&str) -> Option<bool>) -> Option<bool> {
    let Ast::Call(call) = &ast.expr else {
        return match value(ast, event)? {
            Value::Bool(answer) => Some(answer),
            _ => None,
        };
    };
    let sub = |part: &IdedExpr| truth(part, event, active);
    match (call.func_name.as_str(), call.args.as_slice()) {
        ("!_", [a]) => sub(a).map(|answer| !answer),
        ("_&&_", [a, b]) => match (sub(a), sub(b)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        },
        ("_||_", [a, b]) => match (sub(a), sub(b)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        ("_?_:_", [test, a, b]) => match sub(test) {
            Some(true) => sub(a),
            Some(false) => sub(b),
            None => sub(a).filter(|answer| sub(b) == Some(*answer)),
        },
        ("_==_", [a, b]) => Some(value(a, event)? == value(b, event)?),
        ("_!=_", [a, b]) => Some(value(a, event)? != value(b, event)?),
        ("_<_", [a, b]) => Some(number(a, event)? < number(b, event)?),
        ("_<=_", [a, b]) => Some(number(a, event)? <= number(b, event)?),
        ("_>_", [a, b]) => Some(number(a, event)? > number(b, event)?),
        ("_>=_", [a, b]) => Some(number(a, event)? >= number(b, event)?),
        ("@in", [item, list]) => match value(list, event)? {
            Value::Array(items) => Some(items.contains(&value(item, event)?)),
            _ => None,
        },
        ("in_state", [id]) => match value(id, event)? {
            Value::String(id) => active(&id),
            _ => None,
        },
        _ => None,
    }
}

fn number(ast: &IdedExpr, event: Option<&Fields>) -> Option<i64> {
    value(ast, event)?.as_i64()
}

fn value(ast: &IdedExpr, event: Option<&Fields>) -> Option<Value> {
    match &ast.expr {
        Ast::Literal(literal) => Some(match literal {
            LiteralValue::Boolean(b) => Value::Bool(*b.inner()),
            LiteralValue::Int(n) => (*n.inner()).into(),
            LiteralValue::String(s) => Value::String(s.inner().to_string()),
            LiteralValue::Null => Value::Null,
            _ => return None,
        }),
        Ast::List(list) => list.elements.iter().map(|item| value(item, event)).collect::<Option<_>>().map(Value::Array),
        Ast::Select(_) => event?.get(&event_field(ast)?).cloned(),
        _ => None,
    }
}

/// `event.x` gives `x`.
fn event_field(ast: &IdedExpr) -> Option<String> {
    match &ast.expr {
        Ast::Select(select) if !select.test => match &select.operand.expr {
            Ast::Ident(name) if name == "event" => Some(select.field.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn fields_read(ast: &IdedExpr, found: &mut BTreeSet<String>) {
    if let Some(field) = event_field(ast) {
        found.insert(field);
        return;
    }
    match &ast.expr {
        Ast::Call(call) => {
            call.target.iter().map(AsRef::as_ref).chain(&call.args).for_each(|part| fields_read(part, found))
        }
        Ast::Select(select) => fields_read(&select.operand, found),
        Ast::List(list) => list.elements.iter().for_each(|part| fields_read(part, found)),
        _ => {}
    }
}

/// Every combination of values that the fields of an event can have, as far as conditions read them. `None` in the
/// list: the event may also come with fields that are not known (raised by the case, a clock, another case).
pub(crate) fn combinations(def: &Definition, name: &str, conditions: &[&Condition]) -> Vec<Option<Fields>> {
    let Some(event) = def.events.iter().find(|event| event.name == name) else { return vec![None] };
    let mut read = BTreeSet::new();
    for condition in conditions {
        condition.fields_read(&mut read);
    }
    let mut made: Vec<Fields> = vec![Fields::new()];
    for field in read {
        let Some(domain) = domain(event, &field) else { continue };
        if made.len() * domain.len() > COMBINATIONS {
            return vec![None];
        }
        made = made
            .iter()
            .flat_map(|before| {
                domain.iter().map(|value| {
                    let mut with = before.clone();
                    with.insert(field.clone(), value.clone());
                    with
                })
            })
            .collect();
    }
    let inside = event.by.is_empty() && name != "case.opened";
    made.into_iter().map(Some).chain(inside.then_some(None)).collect()
}

/// The values that a required field of a form can have, if they are few.
fn domain(event: &EventDecl, field: &str) -> Option<Vec<Value>> {
    let required = event.form.get("required")?.as_array()?;
    if !required.iter().any(|name| name == field) {
        return None;
    }
    let schema = event.form.get("properties")?.get(field)?;
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return Some(words.clone());
    }
    (schema.get("type").and_then(Value::as_str) == Some("boolean")).then(|| vec![true.into(), false.into()])
}
