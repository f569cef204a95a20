//! The worst-case cost of an expression, known at load: comprehensions only over lists whose length is bounded, and
//! what walks through a value (`+ == in contains matches`) weighs as much as the value may be large.

use cel::common::ast::{CallExpr, EntryExpr, Expr as Ast, IdedExpr, LiteralValue};
use serde_json::Value;

use super::{Declared, path};
use crate::admit::EVENT_LIMIT;
use crate::step::DATA_LIMIT;

/// Most elementary steps an expression may take; a step is about a tenth of a microsecond.
pub const COST_LIMIT: u64 = 10_000;

/// Bytes that are compared or copied in one step.
const COPIED: u64 = 2048;
/// Bytes that are searched in one step.
const SEARCHED: u64 = 256;
/// Steps to make a pattern ready; the `cel` crate does it at every call.
const PATTERN: u64 = 1000;
/// Longest pattern, in bytes.
const PATTERN_LIMIT: usize = 200;
/// Most that the counts of a pattern, like `{2,5}`, may come to when multiplied.
const REPEAT_LIMIT: u64 = 200;
/// Largest value without a size of its own: numbers, times, truth values.
const SMALL: u64 = 32;

/// Checks the bound; gives the steps.
pub(super) fn bound(
    ast: &IdedExpr,
    max_items: &dyn Fn(&str) -> Option<u64>,
    declared: &Declared<'_>,
) -> Result<u64, String> {
    let mut costs = Costs { max_items, declared, bound: Vec::new() };
    let cost = costs.cost(ast)?.saturating_add(costs.size(ast) / COPIED);
    if cost > COST_LIMIT {
        return Err(format!(
            "may take {cost} steps; at most {COST_LIMIT} are allowed. give texts `maxLength` and lists `maxItems` in the \
             schema, or simplify"
        ));
    }
    Ok(cost)
}

struct Costs<'a> {
    max_items: &'a dyn Fn(&str) -> Option<u64>,
    declared: &'a Declared<'a>,
    /// Loop variables and the most bytes that each can have.
    bound: Vec<(String, u64)>,
}

impl Costs<'_> {
    fn cost(&mut self, ast: &IdedExpr) -> Result<u64, String> {
        match &ast.expr {
            Ast::Call(call) => {
                let mut sum = 1u64.saturating_add(self.weight(call)?);
                for part in parts(call) {
                    sum = sum.saturating_add(self.cost(part)?);
                }
                Ok(sum)
            }
            Ast::Select(select) => self.cost(&select.operand).map(|cost| cost.saturating_add(1)),
            Ast::List(list) => self.all(list.elements.iter()),
            Ast::Map(map) => self.all(values(&map.entries)),
            Ast::Struct(made) => self.all(values(&made.entries)),
            Ast::Comprehension(loop_) => {
                let (items, item) = self.range(&loop_.iter_range)?;
                let depth = self.bound.len();
                self.bound.push((loop_.iter_var.clone(), item));
                self.bound.push((loop_.accu_var.clone(), 0));
                let step = self.size(&loop_.loop_step) / COPIED;
                let body = self.cost(&loop_.loop_cond)?.saturating_add(self.cost(&loop_.loop_step)?);
                let result = self.cost(&loop_.result)?;
                self.bound.truncate(depth);
                let range = self.cost(&loop_.iter_range)?.saturating_add(self.size(&loop_.iter_range) / COPIED);
                Ok(items.saturating_mul(body.saturating_add(step)).saturating_add(result).saturating_add(range))
            }
            Ast::Unspecified | Ast::Ident(_) | Ast::Literal(_) => Ok(1),
        }
    }

    fn all<'e>(&mut self, parts: impl Iterator<Item = &'e IdedExpr>) -> Result<u64, String> {
        let mut sum = 1u64;
        for part in parts {
            sum = sum.saturating_add(self.cost(part)?);
        }
        Ok(sum)
    }

    /// How many items a comprehension goes through, and how large one may be.
    fn range(&self, range: &IdedExpr) -> Result<(u64, u64), String> {
        if let Ast::List(list) = &range.expr {
            let item = list.elements.iter().map(|item| self.size(item)).max().unwrap_or(0);
            return Ok((list.elements.len() as u64, item));
        }
        let named = path(range);
        let items = named.as_deref().and_then(self.max_items).ok_or(
            "goes through a list of unknown length. give the list `maxItems` in the data schema, or compare single fields",
        )?;
        let part = named.as_deref().and_then(|path| self.declared.at(path)).and_then(|list| list.get("items"));
        Ok((items, part.map_or(DATA_LIMIT as u64, |item| schema_size(item, DATA_LIMIT as u64))))
    }

    /// What a call costs beside its parts.
    fn weight(&self, call: &CallExpr) -> Result<u64, String> {
        let sizes: Vec<u64> = parts(call).map(|part| self.size(part)).collect();
        Ok(match (call.func_name.as_str(), sizes.as_slice()) {
            ("_==_" | "_!=_" | "_<_" | "_<=_" | "_>_" | "_>=_", [a, b]) => *a.min(b) / COPIED,
            ("@in", [_, list]) => list / COPIED,
            ("_+_", [a, b]) => a.saturating_add(*b) / COPIED,
            ("contains" | "startsWith" | "endsWith", [text, ..]) => text / SEARCHED,
            ("matches", [text, ..]) => {
                self.pattern(call)?;
                PATTERN + text / SEARCHED
            }
            ("size", [of]) => of / COPIED,
            ("string" | "bytes" | "int" | "double" | "uint" | "timestamp" | "duration" | "date", [of]) => of / SEARCHED,
            _ => 0,
        })
    }

    /// A pattern is a text in quotes, so that it can be looked at now.
    fn pattern(&self, call: &CallExpr) -> Result<(), String> {
        let last = call.args.last().map(|pattern| &pattern.expr);
        let Some(Ast::Literal(LiteralValue::String(pattern))) = last else {
            return Err("matches() needs its pattern in quotes, like data.phone.matches('^1[0-9]{10}$')".into());
        };
        let pattern = pattern.inner();
        if pattern.len() > PATTERN_LIMIT {
            return Err(format!("the pattern has {} bytes; at most {PATTERN_LIMIT} are allowed", pattern.len()));
        }
        if repeats(pattern) > REPEAT_LIMIT {
            return Err(format!("the counts in the pattern come to more than {REPEAT_LIMIT}; lower them"));
        }
        super::fallback::try_pattern(pattern)
    }

    /// The most bytes that the value of an expression can have.
    fn size(&self, ast: &IdedExpr) -> u64 {
        let sum = |parts: &mut dyn Iterator<Item = &IdedExpr>| {
            parts.fold(2u64, |sum, part| sum.saturating_add(self.size(part)).saturating_add(2))
        };
        match &ast.expr {
            Ast::Literal(LiteralValue::String(text)) => text.inner().len() as u64,
            Ast::Literal(_) | Ast::Unspecified => SMALL,
            Ast::Ident(name) => match self.bound.iter().rev().find(|(bound, _)| bound == name) {
                Some((_, size)) => *size,
                None => self.declared_size(name),
            },
            Ast::Select(select) if select.test => SMALL,
            Ast::Select(select) => match path(ast) {
                Some(path) => self.declared_size(&path),
                None => self.size(&select.operand),
            },
            Ast::List(list) => sum(&mut list.elements.iter()),
            Ast::Map(map) => sum(&mut values(&map.entries)),
            Ast::Struct(made) => sum(&mut values(&made.entries)),
            Ast::Comprehension(loop_) => match self.range(&loop_.iter_range) {
                Ok((items, item)) => {
                    let mut inner = Costs { bound: self.bound.clone(), ..*self };
                    inner.bound.push((loop_.iter_var.clone(), item));
                    inner.bound.push((loop_.accu_var.clone(), 0));
                    items.saturating_mul(inner.size(&loop_.loop_step)).saturating_add(inner.size(&loop_.accu_init))
                }
                Err(_) => u64::MAX,
            },
            Ast::Call(call) => {
                let sizes = parts(call).map(|part| self.size(part));
                match call.func_name.as_str() {
                    "_+_" => sizes.fold(0, u64::saturating_add),
                    "_?_:_" => sizes.skip(1).max().unwrap_or(0),
                    "string" | "bytes" | "dyn" | "_[_]" => sizes.max().unwrap_or(0),
                    _ => SMALL,
                }
            }
        }
    }

    /// The most bytes of `data.a.b` or `event.a`.
    fn declared_size(&self, path: &str) -> u64 {
        let most = match path.split('.').next() {
            Some("data") => DATA_LIMIT as u64,
            Some("event") => EVENT_LIMIT as u64,
            _ => return 1024,
        };
        self.declared.at(path).map_or(most, |schema| schema_size(schema, most))
    }
}

/// The most bytes of a value that fits a schema; never more than `most`.
fn schema_size(schema: &Value, most: u64) -> u64 {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return words.iter().map(|word| word.as_str().map_or(SMALL, |word| word.len() as u64)).max().unwrap_or(0);
    }
    let count = |key: &str| schema.get(key).and_then(Value::as_u64);
    let size = match schema.get("type").and_then(Value::as_str) {
        Some("boolean" | "integer" | "number" | "null") => SMALL,
        Some("string") => count("maxLength").map_or(most, |chars| chars.saturating_mul(4)),
        Some("array") => match (count("maxItems"), schema.get("items")) {
            (Some(items), Some(item)) => items.saturating_mul(schema_size(item, most).saturating_add(2)),
            _ => most,
        },
        // Only of objects that can hold nothing else: `DataSchema::too_long` refuses what is not declared in them.
        Some("object") if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
            let fields = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
            fields.fold(2u64, |sum, (name, part)| {
                sum.saturating_add(name.len() as u64 + 4).saturating_add(schema_size(part, most))
            })
        }
        _ => most,
    };
    size.min(most)
}

/// The counts of a pattern multiplied: `a{3}(b{1,5})` gives 15.
fn repeats(pattern: &str) -> u64 {
    pattern.split('{').skip(1).fold(1, |product: u64, part| {
        let count = part.split('}').next().unwrap_or_default();
        let most = count.split(',').filter_map(|number| number.trim().parse::<u64>().ok()).max();
        product.saturating_mul(most.unwrap_or(1).max(1))
    })
}

fn parts(call: &CallExpr) -> impl Iterator<Item = &IdedExpr> {
    call.target.iter().map(AsRef::as_ref).chain(&call.args)
}

fn values(entries: &[cel::common::ast::IdedEntryExpr]) -> impl Iterator<Item = &IdedExpr> {
    entries.iter().flat_map(|entry| match &entry.expr {
        EntryExpr::MapEntry(map) => vec![&map.key, &map.value],
        EntryExpr::StructField(field) => vec![&field.value],
    })
}
