//! How deep an expression nests, told from its text alone: the parser of the `cel` crate recurses, and a text of a
//! hundred bytes could end the process before it says no. What is inside the nesting is not looked at.

use cel::common::ast::{EntryExpr, Expr as Ast, IdedExpr};

/// Deepest nesting of brackets, `!`, `-` and `? :` together.
pub const NESTING_LIMIT: usize = 20;
/// Longest chain of operators, calls and fields in one expression, e.g. `a + b + c` or `a.b.c`.
pub const CHAIN_LIMIT: usize = 200;

/// Nesting that the parser takes on any stack, also without optimisation.
const SHALLOW: usize = 4;
/// Bytes of stack for parsing what nests deeper.
const STACK: usize = 32 << 20;

/// Parses; what nests deep is parsed where there is room for it.
pub(super) fn parse(source: &str) -> Result<cel::Program, String> {
    let compiled = || cel::Program::compile(source).map_err(|errors| errors.to_string());
    if measure(source).0 <= SHALLOW {
        return compiled();
    }
    std::thread::scope(|scope| {
        let parsing = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, compiled);
        let parsed = parsing.map_err(|error| format!("there is no memory to read it: {error}"))?;
        parsed.join().unwrap_or_else(|_| Err("it cannot be read".to_owned()))
    })
}

/// Checks the text before it is parsed.
pub(super) fn bound(source: &str) -> Result<(), String> {
    let (deepest, operators) = measure(source);
    if deepest > NESTING_LIMIT {
        return Err(format!(
            "nests {deepest} deep (brackets, `!`, `-` and `? :` together); at most {NESTING_LIMIT} are allowed. \
             write it as several conditions, or keep a part in a field"
        ));
    }
    if operators > CHAIN_LIMIT {
        return Err(format!(
            "has {operators} operators and fields; at most {CHAIN_LIMIT} are allowed. \
             write it as several conditions, or keep a part in a field"
        ));
    }
    Ok(())
}

/// Deepest nesting, and how many operators, dots and commas there are.
fn measure(source: &str) -> (usize, usize) {
    let text = source.as_bytes();
    // One entry an open bracket: what nests in it beside the bracket itself.
    let mut open: Vec<usize> = vec![0];
    let (mut deepest, mut operators, mut prefixes, mut at) = (0, 0, 0, 0);
    let mut after_operand = false;
    while let Some(byte) = text.get(at).copied() {
        at += 1;
        match byte {
            b'\'' | b'"' => {
                let raw = at >= 2 && matches!(text[at - 2], b'r' | b'R');
                at = after_text(text, at, byte, raw);
                (after_operand, prefixes) = (true, 0);
            }
            b'/' if text.get(at) == Some(&b'/') => {
                while text.get(at).is_some_and(|byte| *byte != b'\n') {
                    at += 1;
                }
            }
            b'(' | b'[' | b'{' => {
                open.push(1 + std::mem::take(&mut prefixes));
                operators += 1;
                after_operand = false;
            }
            b')' | b']' | b'}' => {
                if open.len() > 1 {
                    open.pop();
                }
                (after_operand, prefixes) = (true, 0);
            }
            b'?' => {
                if let Some(level) = open.last_mut() {
                    *level += 1;
                }
                (after_operand, prefixes, operators) = (false, 0, operators + 1);
            }
            b'!' if text.get(at) != Some(&b'=') => prefixes += 1,
            b'-' if !after_operand => prefixes += 1,
            b'+' | b'-' | b'*' | b'/' | b'%' | b'<' | b'>' | b'=' | b'!' | b'&' | b'|' | b',' | b':' | b'.' => {
                // Two-letter operators count once.
                let double = text.get(at).is_some_and(|next| matches!(next, b'=' | b'&' | b'|'));
                at += usize::from(double);
                (after_operand, prefixes, operators) = (false, 0, operators + 1);
            }
            _ if byte.is_ascii_whitespace() => {}
            _ => (after_operand, prefixes) = (true, 0),
        }
        deepest = deepest.max(open.iter().sum::<usize>() + prefixes);
    }
    (deepest, operators)
}

/// Where a text that began before `at` is over.
fn after_text(text: &[u8], at: usize, quote: u8, raw: bool) -> usize {
    let triple = text.get(at) == Some(&quote) && text.get(at + 1) == Some(&quote);
    let mut at = if triple { at + 2 } else { at };
    while let Some(byte) = text.get(at).copied() {
        if byte == b'\\' && !raw {
            at += 2;
        } else if byte == quote && (!triple || text[at..].starts_with(&[quote; 3])) {
            return at + if triple { 3 } else { 1 };
        } else {
            at += 1;
        }
    }
    at
}

/// Deepest path through the parsed expression; macros make it deeper than its text. Does not recurse itself.
pub(super) fn depth(ast: &IdedExpr) -> usize {
    let mut waiting = vec![(ast, 1)];
    let mut deepest = 0;
    while let Some((part, depth)) = waiting.pop() {
        deepest = deepest.max(depth);
        let mut push = |part| waiting.push((part, depth + 1));
        match &part.expr {
            Ast::Call(call) => call.target.iter().map(AsRef::as_ref).chain(&call.args).for_each(push),
            Ast::Select(select) => push(&select.operand),
            Ast::List(list) => list.elements.iter().for_each(push),
            Ast::Map(map) => entries(&map.entries, &mut push),
            Ast::Struct(made) => entries(&made.entries, &mut push),
            Ast::Comprehension(loop_) => {
                [&loop_.iter_range, &loop_.accu_init, &loop_.loop_cond, &loop_.loop_step, &loop_.result]
                    .into_iter()
                    .for_each(push);
            }
            Ast::Unspecified | Ast::Ident(_) | Ast::Literal(_) => {}
        }
    }
    deepest
}

fn entries<'e>(entries: &'e [cel::common::ast::IdedEntryExpr], push: &mut impl FnMut(&'e IdedExpr)) {
    for entry in entries {
        match &entry.expr {
            EntryExpr::MapEntry(map) => {
                push(&map.key);
                push(&map.value);
            }
            EntryExpr::StructField(field) => push(&field.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_counted_in_the_text_and_not_inside_quotes() {
        for (source, deepest) in [
            ("data.a == '((((' ", 0),
            ("(data.a)", 1),
            ("!(!(data.a))", 4),
            ("- -1", 2),
            ("data.n - -1", 1),
            ("a != b", 0),
            ("a ? 1 : b ? 2 : 3", 2),
            ("f(a ? 1 : 2, b ? 1 : 2)", 3),
            (r"'it\'s (((' + r'\' + '''a'((''' // (((((", 0),
            ("data.l.all(x, x in [1, [2]])", 3),
        ] {
            assert_eq!(measure(source).0, deepest, "{source}");
        }
    }
}
