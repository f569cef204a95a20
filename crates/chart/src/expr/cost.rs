//! The worst-case cost of an expression, known at load: comprehensions only over lists whose length is bounded.

use cel::common::ast::{EntryExpr, Expr as Ast, IdedExpr};

/// Most elementary steps an expression may take.
pub const COST_LIMIT: u64 = 10_000;

/// Checks the bound.
pub(super) fn bound(ast: &IdedExpr, max_items: &dyn Fn(&str) -> Option<u64>) -> Result<(), String> {
    let cost = cost(ast, max_items)?;
    if cost > COST_LIMIT {
        return Err(format!("may take {cost} steps; at most {COST_LIMIT} are allowed. lower `maxItems` or simplify"));
    }
    Ok(())
}

fn cost(ast: &IdedExpr, max_items: &dyn Fn(&str) -> Option<u64>) -> Result<u64, String> {
    let all = |parts: Vec<&IdedExpr>| -> Result<u64, String> {
        parts.into_iter().try_fold(1u64, |sum, part| Ok(sum.saturating_add(cost(part, max_items)?)))
    };
    match &ast.expr {
        Ast::Call(call) => all(call.target.iter().map(AsRef::as_ref).chain(&call.args).collect()),
        Ast::Select(select) => cost(&select.operand, max_items).map(|c| c + 1),
        Ast::List(list) => all(list.elements.iter().collect()),
        Ast::Map(map) => entries(&map.entries, max_items),
        Ast::Struct(made) => entries(&made.entries, max_items),
        Ast::Comprehension(loop_) => {
            let items = match &loop_.iter_range.expr {
                Ast::List(list) => list.elements.len() as u64,
                _ => path(&loop_.iter_range).and_then(|path| max_items(&path)).ok_or(
                    "goes through a list of unknown length. give the list `maxItems` in the data schema, or compare single fields",
                )?,
            };
            let body = cost(&loop_.loop_cond, max_items)?.saturating_add(cost(&loop_.loop_step, max_items)?);
            Ok(items.saturating_mul(body).saturating_add(cost(&loop_.result, max_items)?).saturating_add(1))
        }
        Ast::Unspecified | Ast::Ident(_) | Ast::Literal(_) => Ok(1),
    }
}

fn entries(
    entries: &[cel::common::ast::IdedEntryExpr],
    max_items: &dyn Fn(&str) -> Option<u64>,
) -> Result<u64, String> {
    entries.iter().try_fold(1u64, |sum, entry| {
        let value = match &entry.expr {
            EntryExpr::MapEntry(map) => cost(&map.key, max_items)?.saturating_add(cost(&map.value, max_items)?),
            EntryExpr::StructField(field) => cost(&field.value, max_items)?,
        };
        Ok(sum.saturating_add(value))
    })
}

/// `data.a.b` as `data.a.b`.
fn path(ast: &IdedExpr) -> Option<String> {
    match &ast.expr {
        Ast::Ident(name) => Some(name.clone()),
        Ast::Select(select) if !select.test => Some(format!("{}.{}", path(&select.operand)?, select.field)),
        _ => None,
    }
}
