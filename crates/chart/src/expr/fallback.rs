//! Runs an expression in the `cel` crate: the slow, complete way.

use std::collections::HashMap;
use std::sync::Arc;

use cel::common::ast::{Expr as Ast, IdedExpr};
use cel::objects::Key;
use cel::{Context, Program, Value as Cel};
use serde_json::Value;

use super::{Scope, district_zone, read_instant};
use crate::definition::StateIx;

/// Evaluates; `states` are the ids that `in_state` may be asked for.
pub(super) fn eval(program: &Program, states: &[(String, StateIx)], scope: &dyn Scope) -> Result<Value, String> {
    let mut context = Context::default();
    let uses = program.references();
    if uses.has_variable("data") {
        context.add_variable_from_value("data", data(program, scope.data()));
    }
    if uses.has_variable("event") {
        context.add_variable_from_value("event", event(scope));
    }
    if uses.has_variable("case") {
        context.add_variable_from_value("case", to_cel(&scope.case()));
    }
    context.add_variable_from_value("now", Cel::Timestamp(scope.now().with_timezone(&district_zone())));
    let active: Vec<String> = states.iter().filter(|(_, ix)| scope.in_state(*ix)).map(|(id, _)| id.clone()).collect();
    let desk = if uses.has_function("duty_desk") { scope.duty_desk() } else { String::new() };
    let added = context
        .add_function("in_state", move |id: Arc<String>| active.contains(&*id))
        .and_then(|()| context.add_function("duty_desk", move || desk.clone()))
        .and_then(|()| {
            context.add_function("date", |text: Arc<String>| {
                read_instant(&text)
                    .map(|at| Cel::Timestamp(at.with_timezone(&district_zone())))
                    .ok_or_else(|| cel::ExecutionError::function_error("date", format!("{text} is no date")))
            })
        });
    added.map_err(|error| format!("{error:?}"))?;
    let value = program.execute(&context).map_err(|error| error.to_string())?;
    from_cel(&value)
}

/// Is it a pattern that `matches` understands?
pub(super) fn try_pattern(pattern: &str) -> Result<(), String> {
    let tried = Program::compile("''.matches(pattern)").map_err(|error| error.to_string())?;
    let mut context = Context::default();
    context.add_variable_from_value("pattern", Cel::String(Arc::new(pattern.to_owned())));
    tried.execute(&context).map(|_| ()).map_err(|_| format!("`{pattern}` is no pattern that matches() understands"))
}

/// The data of the case; of many fields only those that are named.
fn data(program: &Program, all: &Value) -> Cel {
    let (Some(names), Value::Object(fields)) = (named_fields(program.expression()), all) else { return to_cel(all) };
    let named = names.into_iter().filter_map(|name| fields.get_key_value(name));
    let map: HashMap<Key, Cel> = named.map(|(key, value)| (key.clone().into(), to_cel(value))).collect();
    Cel::from(map)
}

/// The fields of `data` that an expression names; none: it takes `data` as a whole.
fn named_fields(ast: &IdedExpr) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    named_in(ast, &mut found).then_some(found)
}

fn named_in<'e>(ast: &'e IdedExpr, found: &mut Vec<&'e str>) -> bool {
    match &ast.expr {
        Ast::Select(select) if matches!(&select.operand.expr, Ast::Ident(name) if name == "data") => {
            found.push(&select.field);
            true
        }
        Ast::Ident(name) => name != "data",
        Ast::Literal(_) => true,
        Ast::Select(select) => named_in(&select.operand, found),
        Ast::List(list) => list.elements.iter().all(|part| named_in(part, found)),
        Ast::Call(call) => call.target.iter().map(AsRef::as_ref).chain(&call.args).all(|part| named_in(part, found)),
        _ => false,
    }
}

fn event(scope: &dyn Scope) -> Cel {
    let Some((name, payload)) = scope.event() else {
        return Cel::Null;
    };
    let mut fields: HashMap<Key, Cel> = match payload {
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone().into(), to_cel(value))).collect(),
        _ => HashMap::new(),
    };
    fields.insert("_name".to_owned().into(), Cel::String(Arc::new(name.to_owned())));
    Cel::from(fields)
}

/// JSON to CEL; whole numbers are `int`, so that they mix with literals.
fn to_cel(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(b) => Cel::Bool(*b),
        Value::Number(n) => n.as_i64().map_or_else(|| Cel::Float(n.as_f64().unwrap_or(f64::NAN)), Cel::Int),
        Value::String(s) => Cel::String(Arc::new(s.clone())),
        Value::Array(items) => Cel::List(Arc::new(items.iter().map(to_cel).collect())),
        Value::Object(fields) => {
            let map: HashMap<Key, Cel> =
                fields.iter().map(|(key, value)| (key.clone().into(), to_cel(value))).collect();
            Cel::from(map)
        }
    }
}

/// CEL to JSON; times as RFC 3339 in the district's zone.
fn from_cel(value: &Cel) -> Result<Value, String> {
    Ok(match value {
        Cel::Timestamp(at) => Value::String(super::write_instant(at.with_timezone(&chrono::Utc))),
        Cel::List(items) => Value::Array(items.iter().map(from_cel).collect::<Result<_, _>>()?),
        other => other.json().map_err(|error| format!("the result has no JSON form: {error:?}"))?,
    })
}
