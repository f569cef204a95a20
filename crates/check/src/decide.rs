//! Conditions with three answers: true, false, or unknown. Known are the fields of the event that came from outside,
//! where their form gives them a finite domain, and which states are active. Everything else is unknown.
//!
//! Control fields of the case are unknown while ways are followed; they are tried in all values only to find
//! conditions that can never be true.

use std::collections::{BTreeMap, BTreeSet};

use cel::common::ast::{Expr as Ast, IdedExpr, LiteralValue};
use huiyin_chart::definition::{Definition, Domain, EventDecl};
use huiyin_chart::expr::Expr;
use serde_json::Value;

/// Most combinations of field values that are tried for one event; beyond it its fields are unknown.
const COMBINATIONS: usize = 256;

/// Field of the event → its value.
pub(crate) type Fields = BTreeMap<String, Value>;

/// What is known when a condition is decided.
#[derive(Clone, Copy, Default)]
struct Known<'a> {
    event: Option<&'a Fields>,
    data: Option<&'a Fields>,
}

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
        truth(self.program.as_ref()?.expression(), Known { event, data: None }, active)
    }

    /// Is it false whatever the control fields of the case and the fields of this event are?
    pub(crate) fn never(&self, def: &Definition, event: Option<&EventDecl>) -> bool {
        let Some(program) = &self.program else { return false };
        let ast = program.expression();
        let (mut of_event, mut of_data) = (BTreeSet::new(), BTreeSet::new());
        read(ast, "event", &mut of_event);
        read(ast, "data", &mut of_data);
        let domain_of = |field: &String| event.and_then(|event| domain(event, field));
        let Some(events) = product(&of_event, &domain_of) else { return false };
        // A field without a first value can be missing, and what is missing is not known.
        let begun = |field: &str| def.data.initial.pointer(&format!("/{}", field.replace('.', "/"))).is_some();
        let domain_of = |field: &String| def.data.control.get(field).filter(|_| begun(field)).and_then(values);
        let Some(datas) = product(&of_data, &domain_of) else { return false };
        events.iter().all(|event| {
            datas
                .iter()
                .all(|data| truth(ast, Known { event: Some(event), data: Some(data) }, &|_| None) == Some(false))
        })
    }

    fn fields_read(&self, found: &mut BTreeSet<String>) {
        if let Some(program) = &self.program {
            read(program.expression(), "event", found);
        }
    }
}

fn truth(ast: &IdedExpr, known: Known<'_>, active: &dyn Fn(&str) -> Option<bool>) -> Option<bool> {
    let Ast::Call(call) = &ast.expr else {
        return match value(ast, known)? {
            Value::Bool(answer) => Some(answer),
            _ => None,
        };
    };
    let sub = |part: &IdedExpr| truth(part, known, active);
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
        ("_==_", [a, b]) => Some(value(a, known)? == value(b, known)?),
        ("_!=_", [a, b]) => Some(value(a, known)? != value(b, known)?),
        ("_<_", [a, b]) => Some(number(a, known)? < number(b, known)?),
        ("_<=_", [a, b]) => Some(number(a, known)? <= number(b, known)?),
        ("_>_", [a, b]) => Some(number(a, known)? > number(b, known)?),
        ("_>=_", [a, b]) => Some(number(a, known)? >= number(b, known)?),
        ("@in", [item, list]) => match value(list, known)? {
            Value::Array(items) => Some(items.contains(&value(item, known)?)),
            _ => None,
        },
        ("in_state", [id]) => match value(id, known)? {
            Value::String(id) => active(&id),
            _ => None,
        },
        _ => None,
    }
}

fn number(ast: &IdedExpr, known: Known<'_>) -> Option<i64> {
    value(ast, known)?.as_i64()
}

fn value(ast: &IdedExpr, known: Known<'_>) -> Option<Value> {
    match &ast.expr {
        Ast::Literal(literal) => Some(match literal {
            LiteralValue::Boolean(b) => Value::Bool(*b.inner()),
            LiteralValue::Int(n) => (*n.inner()).into(),
            LiteralValue::String(s) => Value::String(s.inner().to_string()),
            LiteralValue::Null => Value::Null,
            _ => return None,
        }),
        Ast::List(list) => list.elements.iter().map(|item| value(item, known)).collect::<Option<_>>().map(Value::Array),
        Ast::Select(_) => match (path_below(ast, "event"), path_below(ast, "data")) {
            (Some(field), _) => known.event?.get(&field).cloned(),
            (_, Some(field)) => known.data?.get(&field).cloned(),
            _ => None,
        },
        _ => None,
    }
}

/// `root.a.b` gives `a.b`.
fn path_below(ast: &IdedExpr, root: &str) -> Option<String> {
    let Ast::Select(select) = &ast.expr else { return None };
    if select.test {
        return None;
    }
    match &select.operand.expr {
        Ast::Ident(name) if name == root => Some(select.field.clone()),
        Ast::Select(_) => Some(format!("{}.{}", path_below(&select.operand, root)?, select.field)),
        _ => None,
    }
}

/// The fields below `root` that a condition reads.
fn read(ast: &IdedExpr, root: &str, found: &mut BTreeSet<String>) {
    if let Some(field) = path_below(ast, root) {
        found.insert(field);
        return;
    }
    match &ast.expr {
        Ast::Call(call) => {
            call.target.iter().map(AsRef::as_ref).chain(&call.args).for_each(|part| read(part, root, found));
        }
        Ast::Select(select) => read(&select.operand, root, found),
        Ast::List(list) => list.elements.iter().for_each(|part| read(part, root, found)),
        _ => {}
    }
}

/// Every combination of values of those fields that have few; none: too many.
fn product(fields: &BTreeSet<String>, domain: &dyn Fn(&String) -> Option<Vec<Value>>) -> Option<Vec<Fields>> {
    let mut made: Vec<Fields> = vec![Fields::new()];
    for field in fields {
        let Some(domain) = domain(field) else { continue };
        if made.len() * domain.len() > COMBINATIONS {
            return None;
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
    Some(made)
}

/// The values of a control field, if they are few.
fn values(domain: &Domain) -> Option<Vec<Value>> {
    match domain {
        Domain::Bool => Some(vec![true.into(), false.into()]),
        Domain::Enum(words) => Some(words.iter().map(|word| Value::String(word.clone())).collect()),
        Domain::Int(least, most) => {
            let count = most.checked_sub(*least).and_then(|n| usize::try_from(n).ok())?;
            (count < COMBINATIONS).then(|| (*least..=*most).map(Value::from).collect())
        }
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
    let Some(made) = product(&read, &|field| domain(event, field)) else { return vec![None] };
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
