//! The native half of expressions: comparisons, logic, membership and simple arithmetic over paths, without the `cel`
//! interpreter and, mostly, without allocation. Whatever is not understood here is left to the fallback.

use std::borrow::Cow;
use std::cmp::Ordering;

use cel::common::ast::{EntryExpr, Expr as Ast, IdedExpr, LiteralValue};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{Scope, read_instant, write_instant};
use crate::definition::StateIx;

/// The names an expression may use.
const VARIABLES: [&str; 4] = ["data", "event", "case", "now"];
/// Functions beyond CEL's own.
const FUNCTIONS: [&str; 6] = ["in_state", "duty_desk", "route", "unit_relation", "stays_away", "date"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Root {
    Data,
    Event,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compare {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// A lowered expression.
#[derive(Debug)]
pub(super) enum Native {
    Lit(Value),
    Path(Root, Box<[String]>),
    Has(Root, Box<[String]>),
    EventName,
    Now,
    Not(Box<Native>),
    And(Box<Native>, Box<Native>),
    Or(Box<Native>, Box<Native>),
    If(Box<Native>, Box<Native>, Box<Native>),
    Cmp(Compare, Box<Native>, Box<Native>),
    In(Box<Native>, Box<Native>),
    List(Vec<Native>),
    /// Keys are literals.
    Map(Vec<(String, Native)>),
    Add(Box<Native>, Box<Native>),
    Sub(Box<Native>, Box<Native>),
    Size(Box<Native>),
    InState(StateIx),
    DutyDesk,
    Route(Box<Native>, Box<Native>),
    Relation(Box<Native>),
    StaysAway(Box<Native>, Box<Native>),
    Date(Box<Native>),
}

/// A value while evaluating.
#[derive(Debug, Clone)]
pub(super) enum Val<'a> {
    Json(Cow<'a, Value>),
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Cow<'a, str>),
    Time(DateTime<Utc>),
    List(Vec<Val<'a>>),
    Null,
}

impl<'a> Val<'a> {
    fn of(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(*b),
            Value::Number(n) => n.as_i64().map_or_else(|| Self::Float(n.as_f64().unwrap_or(f64::NAN)), Self::Int),
            Value::String(s) => Self::Str(Cow::Borrowed(s)),
            Value::Array(_) | Value::Object(_) => Self::Json(Cow::Borrowed(value)),
        }
    }

    /// As JSON; times as RFC 3339 in the district's zone.
    pub(super) fn into_json(self) -> Value {
        match self {
            Self::Json(value) => value.into_owned(),
            Self::Bool(b) => Value::Bool(b),
            Self::Int(n) => n.into(),
            Self::Float(n) => n.into(),
            Self::Str(s) => Value::String(s.into_owned()),
            Self::Time(at) => Value::String(write_instant(at)),
            Self::List(items) => Value::Array(items.into_iter().map(Val::into_json).collect()),
            Self::Null => Value::Null,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Json(value) if value.is_array() => "a list",
            Self::Json(_) => "an object",
            Self::Bool(_) => "true or false",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Str(_) => "a text",
            Self::Time(_) => "a time",
            Self::List(_) => "a list",
            Self::Null => "null",
        }
    }

    fn is_list(&self) -> bool {
        matches!(self, Self::List(_)) || matches!(self, Self::Json(value) if value.is_array())
    }

    /// A number as CEL's `double`. A field of `type: number` holds 5 as well as 5.5, and a sum must not depend on which.
    #[expect(clippy::cast_precision_loss, reason = "CEL compares int with double through double")]
    fn float(&self) -> f64 {
        match self {
            Self::Int(n) => *n as f64,
            Self::Float(n) => *n,
            _ => f64::NAN,
        }
    }

    fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Time(a), Self::Time(b)) => a == b,
            (Self::Int(_) | Self::Float(_), Self::Int(_) | Self::Float(_)) => self.order(other) == Ok(Ordering::Equal),
            (Self::Json(_) | Self::List(_), Self::Json(_) | Self::List(_)) => {
                self.clone().into_json() == other.clone().into_json()
            }
            _ => false,
        }
    }

    fn order(&self, other: &Self) -> Result<Ordering, String> {
        let found = match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            // Whole numbers of a case are far below 2^53.
            #[expect(clippy::cast_precision_loss, reason = "CEL compares int with double through double")]
            (Self::Int(a), Self::Float(b)) => (*a as f64).partial_cmp(b),
            #[expect(clippy::cast_precision_loss, reason = "CEL compares int with double through double")]
            (Self::Float(a), Self::Int(b)) => a.partial_cmp(&(*b as f64)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b),
            (Self::Str(a), Self::Str(b)) => Some(a.cmp(b)),
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Time(a), Self::Time(b)) => Some(a.cmp(b)),
            _ => None,
        };
        found.ok_or_else(|| format!("cannot compare {} with {}", self.kind(), other.kind()))
    }
}

impl Native {
    /// As a condition.
    pub(super) fn test(&self, scope: &dyn Scope) -> Result<bool, String> {
        match self {
            Self::Not(inner) => inner.test(scope).map(|b| !b),
            Self::And(a, b) => match a.test(scope) {
                Ok(false) => Ok(false),
                Ok(true) => b.test(scope),
                Err(error) => {
                    if b.test(scope)? {
                        Err(error)
                    } else {
                        Ok(false)
                    }
                }
            },
            Self::Or(a, b) => match a.test(scope) {
                Ok(true) => Ok(true),
                Ok(false) => b.test(scope),
                Err(error) => {
                    if b.test(scope)? {
                        Ok(true)
                    } else {
                        Err(error)
                    }
                }
            },
            Self::Cmp(op, a, b) => compare(*op, &a.eval(scope)?, &b.eval(scope)?),
            Self::In(item, list) => member(&item.eval(scope)?, &list.eval(scope)?),
            Self::Has(root, path) => Ok(find(*root, path, scope).is_ok()),
            Self::InState(ix) => Ok(scope.in_state(*ix)),
            Self::StaysAway(unit, accused) => {
                let (unit, accused) = (unit.eval(scope)?, accused.eval(scope)?);
                Ok(scope.stays_away(text(&unit)?, units(&accused)?))
            }
            other => match other.eval(scope)? {
                Val::Bool(answer) => Ok(answer),
                value => Err(format!("gave {}; expected true or false", value.kind())),
            },
        }
    }

    /// As a value.
    pub(super) fn eval<'a>(&'a self, scope: &'a dyn Scope) -> Result<Val<'a>, String> {
        Ok(match self {
            Self::Lit(value) => Val::of(value),
            Self::Path(root, path) => Val::of(find(*root, path, scope)?),
            Self::EventName => Val::Str(Cow::Borrowed(scope.event().ok_or("there is no event")?.0)),
            Self::Now => Val::Time(scope.now()),
            Self::If(test, then, other) => {
                return if test.test(scope)? { then.eval(scope) } else { other.eval(scope) };
            }
            Self::List(items) => Val::List(items.iter().map(|item| item.eval(scope)).collect::<Result<_, _>>()?),
            Self::Map(fields) => {
                let made: Result<Map<String, Value>, String> =
                    fields.iter().map(|(key, value)| Ok((key.clone(), value.eval(scope)?.into_json()))).collect();
                Val::Json(Cow::Owned(Value::Object(made?)))
            }
            Self::Add(a, b) => add(a.eval(scope)?, b.eval(scope)?)?,
            Self::Sub(a, b) => subtract(&a.eval(scope)?, &b.eval(scope)?)?,
            Self::Size(of) => Val::Int(size(&of.eval(scope)?)?),
            Self::DutyDesk => Val::Str(Cow::Owned(scope.duty_desk())),
            Self::Route(place, category) => {
                let (place, category) = (place.eval(scope)?, category.eval(scope)?);
                let unit = scope.route(text(&place)?, text(&category)?);
                unit.map_or(Val::Null, |unit| Val::Str(Cow::Owned(unit)))
            }
            Self::Relation(unit) => {
                let relation = scope.unit_relation(text(&unit.eval(scope)?)?);
                relation.map_or(Val::Null, |relation| Val::Str(Cow::Owned(relation)))
            }
            Self::Date(of) => {
                let value = of.eval(scope)?;
                let text = text(&value)?;
                Val::Time(read_instant(text).ok_or_else(|| format!("{text} is no date"))?)
            }
            Self::Not(_)
            | Self::And(..)
            | Self::Or(..)
            | Self::Cmp(..)
            | Self::In(..)
            | Self::Has(..)
            | Self::StaysAway(..)
            | Self::InState(_) => Val::Bool(self.test(scope)?),
        })
    }
}

fn text<'v>(value: &'v Val<'_>) -> Result<&'v str, String> {
    match value {
        Val::Str(text) => Ok(text),
        other => Err(format!("expected a text, got {}", other.kind())),
    }
}

/// A list of unit ids.
fn units(value: &Val<'_>) -> Result<Vec<String>, String> {
    let no = || format!("expected a list of units, got {}", value.kind());
    match value {
        Val::List(items) => items.iter().map(|item| text(item).map(str::to_owned)).collect(),
        Val::Json(list) => {
            let items = list.as_array().ok_or_else(no)?;
            items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(no)).collect()
        }
        _ => Err(no()),
    }
}

fn find<'a>(root: Root, path: &[String], scope: &'a dyn Scope) -> Result<&'a Value, String> {
    let mut value = match root {
        Root::Data => scope.data(),
        Root::Event => scope.event().ok_or("there is no event")?.1,
    };
    for step in path {
        value = value.get(step).ok_or_else(|| format!("there is no `{}`", path.join(".")))?;
    }
    Ok(value)
}

fn compare(op: Compare, a: &Val<'_>, b: &Val<'_>) -> Result<bool, String> {
    Ok(match op {
        Compare::Eq => a.equals(b),
        Compare::Ne => !a.equals(b),
        Compare::Lt => a.order(b)?.is_lt(),
        Compare::Le => a.order(b)?.is_le(),
        Compare::Gt => a.order(b)?.is_gt(),
        Compare::Ge => a.order(b)?.is_ge(),
    })
}

fn member(item: &Val<'_>, list: &Val<'_>) -> Result<bool, String> {
    match list {
        Val::List(items) => Ok(items.iter().any(|each| each.equals(item))),
        Val::Json(value) => match value.as_ref() {
            Value::Array(items) => Ok(items.iter().any(|each| Val::of(each).equals(item))),
            Value::Object(fields) => Ok(fields.contains_key(text(item)?)),
            _ => Err("`in` needs a list".into()),
        },
        other => Err(format!("`in` needs a list, got {}", other.kind())),
    }
}

fn add<'a>(a: Val<'a>, b: Val<'a>) -> Result<Val<'a>, String> {
    match (a, b) {
        (Val::Int(a), Val::Int(b)) => a.checked_add(b).map(Val::Int).ok_or_else(|| "the sum is too large".into()),
        (a @ (Val::Int(_) | Val::Float(_)), b @ (Val::Int(_) | Val::Float(_))) => Ok(Val::Float(a.float() + b.float())),
        (a, b) if a.is_list() && b.is_list() => {
            let (Value::Array(mut all), Value::Array(more)) = (a.into_json(), b.into_json()) else {
                return Err("cannot add these lists".into());
            };
            all.extend(more);
            Ok(Val::Json(Cow::Owned(Value::Array(all))))
        }
        (Val::Str(a), Val::Str(b)) => Ok(Val::Str(Cow::Owned(format!("{a}{b}")))),
        (a @ (Val::List(_) | Val::Json(_)), b @ (Val::List(_) | Val::Json(_))) => {
            let kinds = (a.kind(), b.kind());
            match (a.into_json(), b.into_json()) {
                (Value::Array(mut list), Value::Array(more)) => {
                    list.extend(more);
                    Ok(Val::Json(Cow::Owned(Value::Array(list))))
                }
                _ => Err(format!("cannot add {} and {}", kinds.0, kinds.1)),
            }
        }
        (a, b) => Err(format!("cannot add {} and {}", a.kind(), b.kind())),
    }
}

fn subtract<'a>(a: &Val<'a>, b: &Val<'a>) -> Result<Val<'a>, String> {
    match (a, b) {
        (Val::Int(a), Val::Int(b)) => {
            a.checked_sub(*b).map(Val::Int).ok_or_else(|| "the difference is too large".into())
        }
        (Val::Int(_) | Val::Float(_), Val::Int(_) | Val::Float(_)) => Ok(Val::Float(a.float() - b.float())),
        (a, b) => Err(format!("cannot subtract {} from {}", b.kind(), a.kind())),
    }
}

fn size(value: &Val<'_>) -> Result<i64, String> {
    let n = match value {
        Val::Str(text) => text.chars().count(),
        Val::List(items) => items.len(),
        Val::Json(value) => match value.as_ref() {
            Value::Array(items) => items.len(),
            Value::Object(fields) => fields.len(),
            _ => 0,
        },
        other => return Err(format!("{} has no size", other.kind())),
    };
    i64::try_from(n).map_err(|_| "too large".into())
}

/// Lowers, if every part is understood.
pub(super) fn lower(ast: &IdedExpr, states: &[(String, StateIx)]) -> Option<Native> {
    let one = |part: &IdedExpr| lower(part, states).map(Box::new);
    Some(match &ast.expr {
        Ast::Literal(literal) => Native::Lit(match literal {
            LiteralValue::Boolean(b) => Value::Bool(*b.inner()),
            LiteralValue::Int(n) => (*n.inner()).into(),
            LiteralValue::Double(n) => (*n.inner()).into(),
            LiteralValue::String(s) => Value::String(s.inner().to_string()),
            LiteralValue::Null => Value::Null,
            _ => return None,
        }),
        Ast::Ident(name) if name == "now" => Native::Now,
        Ast::Ident(_) | Ast::Select(_) => return path(ast),
        Ast::List(list) if list.optional_indices.is_empty() => {
            Native::List(list.elements.iter().map(|e| lower(e, states)).collect::<Option<_>>()?)
        }
        Ast::Map(map) => {
            let fields = map.entries.iter().map(|entry| match &entry.expr {
                EntryExpr::MapEntry(field) if !field.optional => {
                    Some((literal_text(&field.key)?.to_owned(), lower(&field.value, states)?))
                }
                _ => None,
            });
            Native::Map(fields.collect::<Option<_>>()?)
        }
        Ast::Call(call) => {
            let args: Vec<&IdedExpr> = call.target.iter().map(AsRef::as_ref).chain(&call.args).collect();
            match (call.func_name.as_str(), args.as_slice()) {
                ("!_", [a]) => Native::Not(one(a)?),
                ("_&&_", [a, b]) => Native::And(one(a)?, one(b)?),
                ("_||_", [a, b]) => Native::Or(one(a)?, one(b)?),
                ("_?_:_", [test, a, b]) => Native::If(one(test)?, one(a)?, one(b)?),
                ("_==_", [a, b]) => Native::Cmp(Compare::Eq, one(a)?, one(b)?),
                ("_!=_", [a, b]) => Native::Cmp(Compare::Ne, one(a)?, one(b)?),
                ("_<_", [a, b]) => Native::Cmp(Compare::Lt, one(a)?, one(b)?),
                ("_<=_", [a, b]) => Native::Cmp(Compare::Le, one(a)?, one(b)?),
                ("_>_", [a, b]) => Native::Cmp(Compare::Gt, one(a)?, one(b)?),
                ("_>=_", [a, b]) => Native::Cmp(Compare::Ge, one(a)?, one(b)?),
                ("@in", [a, b]) => Native::In(one(a)?, one(b)?),
                ("_+_", [a, b]) => Native::Add(one(a)?, one(b)?),
                ("_-_", [a, b]) => Native::Sub(one(a)?, one(b)?),
                ("size", [a]) => Native::Size(one(a)?),
                ("duty_desk", []) => Native::DutyDesk,
                ("route", [a, b]) => Native::Route(one(a)?, one(b)?),
                ("unit_relation", [a]) => Native::Relation(one(a)?),
                ("stays_away", [a, b]) => Native::StaysAway(one(a)?, one(b)?),
                ("date", [a]) => Native::Date(one(a)?),
                ("in_state", [a]) => {
                    Native::InState(literal_text(a).and_then(|id| states.iter().find(|(s, _)| s == id))?.1)
                }
                _ => return None,
            }
        }
        _ => return None,
    })
}

fn path(ast: &IdedExpr) -> Option<Native> {
    let mut steps = Vec::new();
    let mut test = false;
    let mut at = ast;
    let root = loop {
        match &at.expr {
            Ast::Select(select) => {
                test |= select.test;
                steps.push(select.field.clone());
                at = &select.operand;
            }
            Ast::Ident(name) if name == "data" => break Root::Data,
            Ast::Ident(name) if name == "event" => break Root::Event,
            _ => return None,
        }
    };
    steps.reverse();
    let steps = steps.into_boxed_slice();
    if root == Root::Event && steps.first().is_some_and(|s| s == "_name") {
        return (steps.len() == 1 && !test).then_some(Native::EventName);
    }
    Some(if test { Native::Has(root, steps) } else { Native::Path(root, steps) })
}

fn literal_text(ast: &IdedExpr) -> Option<&str> {
    match &ast.expr {
        Ast::Literal(LiteralValue::String(id)) => Some(id.inner()),
        _ => None,
    }
}

/// Calls `found` with each id given to `in_state`.
pub(super) fn states_named(ast: &IdedExpr, found: &mut dyn FnMut(&str) -> Result<(), String>) -> Result<(), String> {
    if let Ast::Call(call) = &ast.expr
        && call.func_name == "in_state"
    {
        let id = call.args.first().and_then(literal_text);
        return found(id.ok_or("in_state() needs the id of a state in quotes, like in_state('assigned')")?);
    }
    each_part(ast, &mut |part| states_named(part, found))
}

/// Refuses names that no expression can have.
pub(super) fn known_names(ast: &IdedExpr) -> Result<(), String> {
    fn walk(ast: &IdedExpr, bound: &mut Vec<String>) -> Result<(), String> {
        match &ast.expr {
            Ast::Ident(name)
                if !VARIABLES.contains(&name.as_str()) && !bound.contains(name) && !name.starts_with('@') =>
            {
                Err(format!(
                    "`{name}` is not known here. expected one of {}, or a text in quotes",
                    VARIABLES.join(", ")
                ))
            }
            Ast::Comprehension(loop_) => {
                walk(&loop_.iter_range, bound)?;
                let depth = bound.len();
                bound.push(loop_.iter_var.clone());
                bound.push(loop_.accu_var.clone());
                let inner = each_part(ast, &mut |part| walk(part, bound));
                bound.truncate(depth);
                inner
            }
            Ast::Call(call) if call.target.is_none() && unknown_function(&call.func_name) => {
                Err(format!("there is no function `{}`. Huiyin adds {}", call.func_name, FUNCTIONS.join(", ")))
            }
            _ => each_part(ast, &mut |part| walk(part, bound)),
        }
    }
    walk(ast, &mut Vec::new())
}

fn unknown_function(name: &str) -> bool {
    const CEL: [&str; 12] =
        ["size", "int", "uint", "double", "string", "bool", "bytes", "duration", "timestamp", "type", "has", "dyn"];
    name.chars().next().is_some_and(char::is_alphabetic) && !CEL.contains(&name) && !FUNCTIONS.contains(&name)
}

/// Does it ask the directory with arguments?
pub(super) fn calls_directory(ast: &IdedExpr) -> bool {
    if let Ast::Call(call) = &ast.expr
        && matches!(call.func_name.as_str(), "route" | "unit_relation" | "stays_away")
    {
        return true;
    }
    let mut found = false;
    let _ = each_part(ast, &mut |part| {
        found |= calls_directory(part);
        Ok(())
    });
    found
}

fn each_part(ast: &IdedExpr, visit: &mut dyn FnMut(&IdedExpr) -> Result<(), String>) -> Result<(), String> {
    let entry = |entries: &[cel::common::ast::IdedEntryExpr],
                 visit: &mut dyn FnMut(&IdedExpr) -> Result<(), String>| {
        entries.iter().try_for_each(|entry| match &entry.expr {
            EntryExpr::MapEntry(map) => visit(&map.key).and_then(|()| visit(&map.value)),
            EntryExpr::StructField(field) => visit(&field.value),
        })
    };
    match &ast.expr {
        Ast::Call(call) => call.target.iter().map(AsRef::as_ref).chain(&call.args).try_for_each(visit),
        Ast::Select(select) => visit(&select.operand),
        Ast::List(list) => list.elements.iter().try_for_each(visit),
        Ast::Map(map) => entry(&map.entries, visit),
        Ast::Struct(made) => entry(&made.entries, visit),
        Ast::Comprehension(loop_) => {
            [&loop_.iter_range, &loop_.accu_init, &loop_.loop_cond, &loop_.loop_step, &loop_.result]
                .into_iter()
                .try_for_each(visit)
        }
        Ast::Unspecified | Ast::Ident(_) | Ast::Literal(_) => Ok(()),
    }
}
