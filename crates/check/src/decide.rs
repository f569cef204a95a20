//! Conditions with three answers: true, false, or unknown. Known are the fields of the event that came from outside,
//! where their form gives them a finite domain, and which states are active. Everything else is unknown.
//!
//! Control fields of the case are known while ways are followed as far as they are remembered (`memory`); all their
//! values are tried to find conditions that can never be true and choices that leave something out.

use std::collections::{BTreeMap, BTreeSet};

use cel::common::ast::{Expr as Ast, IdedExpr, LiteralValue};
use huiyin_chart::definition::{Definition, Domain, EventDecl};
use huiyin_chart::expr::Expr;
use serde_json::Value;

/// Most combinations of field values that are tried for one event; beyond it its fields are unknown.
const COMBINATIONS: usize = 256;

/// Control fields: path below `data` → values.
pub(crate) type Control = BTreeMap<String, Domain>;

/// Field of the event → its value.
pub(crate) type Fields = BTreeMap<String, Value>;

/// Whether a state is active, by id.
type Active<'a> = dyn Fn(&str) -> Option<bool> + 'a;
/// Answers one part of a condition.
type Ask<'a> = dyn Fn(&IdedExpr) -> Option<bool> + 'a;

/// What is known when a condition is decided.
#[derive(Clone, Copy, Default)]
pub(crate) struct Known<'a> {
    /// Fields of the event.
    pub(crate) event: Option<&'a Fields>,
    /// Control fields of the case.
    pub(crate) data: Option<&'a Fields>,
    /// Whether a state is active, by id.
    pub(crate) active: Option<&'a Active<'a>>,
    /// Answers what the rest leaves open, part by part; none: it stays open, or the part cannot be evaluated.
    pub(crate) ask: Option<&'a Ask<'a>>,
}

/// A condition, ready to be decided.
pub(crate) struct Condition {
    program: Option<cel::Program>,
    /// Dotted paths below `data` that it reads.
    pub(crate) reads: BTreeSet<String>,
}

impl Condition {
    pub(crate) fn of(expr: &Expr) -> Self {
        let program = cel::Program::compile(&expr.source).ok();
        let mut reads = BTreeSet::new();
        if let Some(program) = &program {
            read(program.expression(), "data", &mut reads);
        }
        Self { program, reads }
    }

    /// Decides, if what is known says enough.
    pub(crate) fn decide(&self, known: Known<'_>) -> Option<bool> {
        truth(self.program.as_ref()?.expression(), known)
    }

    /// Is it false whatever the control fields of the case and the fields of this event are?
    pub(crate) fn never(&self, def: &Definition, control: &Control, event: Option<&EventDecl>) -> bool {
        always(&[self], def, control, event, &mut |answers| answers[0] == Some(false))
    }

    /// The value, if it is a literal.
    pub(crate) fn literal(&self) -> Option<Value> {
        match &self.program.as_ref()?.expression().expr {
            Ast::Literal(_) => value(self.program.as_ref()?.expression(), Known::default()),
            _ => None,
        }
    }

    /// The field, if it is `event.field` and nothing else.
    pub(crate) fn event_field(&self) -> Option<String> {
        path_below(self.program.as_ref()?.expression(), "event")
    }

    /// Its parts that no logic joins, are no comparison of control fields, and stay as they are until a field of the
    /// case that they read is written: as written, with these fields.
    pub(crate) fn lasting_parts(&self, control: &BTreeSet<String>, found: &mut BTreeMap<String, BTreeSet<String>>) {
        if let Some(program) = &self.program {
            parts(program.expression(), &mut |part| {
                let mut reads = BTreeSet::new();
                read(part, "data", &mut reads);
                if lasting(part) && !reads.is_empty() && !reads.iter().all(|path| control.contains(path)) {
                    found.insert(written(part), reads);
                }
            });
        }
    }

    /// Its parts that cannot fail to be evaluated, as written.
    pub(crate) fn safe_parts(&self, def: &Definition, found: &mut BTreeSet<String>) {
        if let Some(program) = &self.program {
            parts(program.expression(), &mut |part| {
                if !may_fail(part, def) {
                    found.insert(written(part));
                }
            });
        }
    }

    fn fields_read(&self, found: &mut BTreeSet<String>) {
        if let Some(program) = &self.program {
            read(program.expression(), "event", found);
        }
    }
}

/// Is, for all values that control fields of the case and fields of the event can have, one of these conditions surely
/// true? Not known where there are too many values.
pub(crate) fn exhaustive(
    conditions: &[&Condition],
    def: &Definition,
    control: &Control,
    event: Option<&EventDecl>,
) -> bool {
    always(conditions, def, control, event, &mut |answers| answers.contains(&Some(true)))
}

/// Does something hold of the answers for every combination of values? False where there are too many.
fn always(
    conditions: &[&Condition],
    def: &Definition,
    control: &Control,
    event: Option<&EventDecl>,
    holds: &mut dyn FnMut(&[Option<bool>]) -> bool,
) -> bool {
    let programs: Option<Vec<&IdedExpr>> =
        conditions.iter().map(|condition| condition.program.as_ref().map(cel::Program::expression)).collect();
    let Some(programs) = programs else { return false };
    let (mut of_event, mut of_data) = (BTreeSet::new(), BTreeSet::new());
    for ast in &programs {
        read(ast, "event", &mut of_event);
        read(ast, "data", &mut of_data);
    }
    let domain_of = |field: &String| event.and_then(|event| domain(event, field));
    let Some(events) = product(&of_event, &domain_of) else { return false };
    // A field without a first value can be missing, and what is missing is not known.
    let begun = |field: &str| def.data.initial.pointer(&format!("/{}", field.replace('.', "/"))).is_some();
    let domain_of = |field: &String| control.get(field).filter(|_| begun(field)).and_then(values);
    let Some(datas) = product(&of_data, &domain_of) else { return false };
    events.iter().all(|event| {
        datas.iter().all(|data| {
            let known = Known { event: Some(event), data: Some(data), ..Known::default() };
            let answers: Vec<Option<bool>> = programs.iter().map(|ast| truth(ast, known)).collect();
            holds(&answers)
        })
    })
}

fn truth(ast: &IdedExpr, known: Known<'_>) -> Option<bool> {
    let Ast::Call(call) = &ast.expr else {
        return match value(ast, known) {
            Some(Value::Bool(answer)) => Some(answer),
            Some(_) => None,
            None => known.ask.and_then(|ask| ask(ast)),
        };
    };
    let sub = |part: &IdedExpr| truth(part, known);
    match (call.func_name.as_str(), call.args.as_slice()) {
        ("!_", [a]) => sub(a).map(|answer| !answer),
        ("_&&_", [a, b]) => match sub(a) {
            Some(false) => Some(false),
            Some(true) => sub(b),
            None => sub(b).filter(|answer| !answer),
        },
        ("_||_", [a, b]) => match sub(a) {
            Some(true) => Some(true),
            Some(false) => sub(b),
            None => sub(b).filter(|answer| *answer),
        },
        ("_?_:_", [test, a, b]) => match sub(test) {
            Some(true) => sub(a),
            Some(false) => sub(b),
            None => sub(a).filter(|answer| sub(b) == Some(*answer)),
        },
        _ => comparison(ast, known).or_else(|| known.ask.and_then(|ask| ask(ast))),
    }
}

/// A part without logic in it, if its operands are known.
fn comparison(ast: &IdedExpr, known: Known<'_>) -> Option<bool> {
    let Ast::Call(call) = &ast.expr else { return None };
    match (call.func_name.as_str(), call.args.as_slice()) {
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
            Value::String(id) => known.active.and_then(|active| active(&id)),
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

/// The parts that no logic joins.
fn parts(ast: &IdedExpr, found: &mut dyn FnMut(&IdedExpr)) {
    match &ast.expr {
        Ast::Call(call) if matches!(call.func_name.as_str(), "!_" | "_&&_" | "_||_" | "_?_:_") => {
            call.args.iter().for_each(|part| parts(part, found));
        }
        _ => found(ast),
    }
}

/// Does its answer depend on the data of the case and nothing else?
fn lasting(ast: &IdedExpr) -> bool {
    match &ast.expr {
        Ast::Ident(name) => !matches!(name.as_str(), "event" | "case" | "now"),
        Ast::Call(call) => {
            !matches!(call.func_name.as_str(), "in_state" | "duty_desk" | "route" | "unit_relation")
                && call.target.iter().map(AsRef::as_ref).chain(&call.args).all(lasting)
        }
        Ast::Select(select) => lasting(&select.operand),
        Ast::List(list) => list.elements.iter().all(lasting),
        Ast::Literal(_) => true,
        _ => false,
    }
}

/// Can it fail to be evaluated? A comparison of fields that are always there cannot.
fn may_fail(ast: &IdedExpr, def: &Definition) -> bool {
    let there = |part: &IdedExpr| match &part.expr {
        Ast::Literal(_) => true,
        _ => path_below(part, "data")
            .is_some_and(|path| def.data.initial.pointer(&format!("/{}", path.replace('.', "/"))).is_some()),
    };
    match &ast.expr {
        Ast::Call(call) if matches!(call.func_name.as_str(), "_==_" | "_!=_") => !call.args.iter().all(there),
        Ast::Select(select) => !select.test,
        _ => true,
    }
}

/// The expression in a form in which the same is always written in the same way.
pub(crate) fn written(ast: &IdedExpr) -> String {
    match &ast.expr {
        Ast::Ident(name) => name.clone(),
        Ast::Literal(_) => {
            value(ast, Known::default()).map_or_else(|| format!("{:?}", ast.expr), |value| value.to_string())
        }
        Ast::Select(select) => {
            format!("{}.{}{}", written(&select.operand), select.field, if select.test { "?" } else { "" })
        }
        Ast::List(list) => format!("[{}]", list.elements.iter().map(written).collect::<Vec<_>>().join(", ")),
        Ast::Call(call) => {
            let parts: Vec<String> = call.target.iter().map(AsRef::as_ref).chain(&call.args).map(written).collect();
            format!("{}({})", call.func_name, parts.join(", "))
        }
        other => format!("{other:?}"),
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
pub(crate) fn values(domain: &Domain) -> Option<Vec<Value>> {
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
/// `beside`: fields that matter although no condition reads them. `raised`: the case or a clock raises it too.
pub(crate) fn combinations(
    def: &Definition,
    name: &str,
    conditions: &[&Condition],
    beside: &[String],
    raised: bool,
) -> Vec<Option<Fields>> {
    let Some(event) = def.events.iter().find(|event| event.name == name) else { return vec![None] };
    let mut read: BTreeSet<String> = beside.iter().cloned().collect();
    for condition in conditions {
        condition.fields_read(&mut read);
    }
    let Some(made) = product(&read, &|field| domain(event, field)) else { return vec![None] };
    let inside = raised || (event.by.is_empty() && name != "case.opened");
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
