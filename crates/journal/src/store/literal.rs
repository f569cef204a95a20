//! Calls of prepared statements of PostgreSQL with their values written out: `EXECUTE name ('{…}', '{…}')`, each value an
//! array in PostgreSQL's notation for arrays, inside a text literal. Every text passes [`Element::put`], so that nothing in
//! it ends the array or the literal. It counts on `standard_conforming_strings`, which [`super::open`] sets.

use std::fmt::Write as _;

use uuid::Uuid;

/// A call that is being written.
pub(super) struct Call<'t> {
    text: &'t mut String,
    values: usize,
}

impl<'t> Call<'t> {
    /// Begins a call of the statement `name` at the end of `text`.
    pub(super) fn begin(text: &'t mut String, name: &str) -> Self {
        text.push_str("EXECUTE ");
        text.push_str(name);
        Self { text, values: 0 }
    }

    fn next(&mut self) {
        self.text.push_str(if self.values == 0 { " (" } else { ", " });
        self.values += 1;
    }

    /// The next value: one number.
    pub(super) fn number(mut self, value: i64) -> Self {
        self.next();
        value.put(self.text);
        self
    }

    /// The next value: an array.
    pub(super) fn array<E: Element>(mut self, elements: impl IntoIterator<Item = E>) -> Self {
        self.next();
        self.text.push_str("'{");
        for (n, element) in elements.into_iter().enumerate() {
            if n > 0 {
                self.text.push(',');
            }
            element.put(self.text);
        }
        self.text.push_str("}'");
        self
    }

    /// The next value: a column of rows.
    pub(super) fn column<'r, R, E: Element>(self, rows: &'r [R], of: impl Fn(&'r R) -> E) -> Self {
        self.array(rows.iter().map(of))
    }

    /// Ends the call.
    pub(super) fn end(self) {
        self.text.push_str(if self.values == 0 { "; " } else { "); " });
    }
}

/// What an array may hold.
pub(super) trait Element {
    fn put(&self, out: &mut String);
}

impl Element for &str {
    fn put(&self, out: &mut String) {
        out.push('"');
        for part in self.split_inclusive(['"', '\\', '\'']) {
            let (plain, special) = match part.char_indices().next_back() {
                Some((at, last @ ('"' | '\\' | '\''))) => (&part[..at], Some(last)),
                _ => (part, None),
            };
            out.push_str(plain);
            match special {
                // Of the array.
                Some(special @ ('"' | '\\')) => out.extend(['\\', special]),
                // Of the literal around it.
                Some(special) => out.extend([special, special]),
                None => {}
            }
        }
        out.push('"');
    }
}

impl Element for &[u8] {
    fn put(&self, out: &mut String) {
        out.push_str("\"\\\\x");
        out.push_str(&hex::encode(self));
        out.push('"');
    }
}

impl Element for Uuid {
    fn put(&self, out: &mut String) {
        let _ = write!(out, "{}", self.simple());
    }
}

impl Element for i64 {
    fn put(&self, out: &mut String) {
        let _ = write!(out, "{self}");
    }
}

impl Element for bool {
    fn put(&self, out: &mut String) {
        out.push(if *self { 't' } else { 'f' });
    }
}

impl<E: Element> Element for Option<E> {
    fn put(&self, out: &mut String) {
        match self {
            Some(element) => element.put(out),
            None => out.push_str("NULL"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_ends_its_array_or_its_literal() {
        let mut text = String::new();
        let words = ["", "a'b", "a\"b\\", "NULL", "{,}", "'}'); DROP TABLE cases; --", "\\'", "水\n"];
        Call::begin(&mut text, "name").array(words).array([Some(1_i64), None]).number(7).end();
        let expected = r#"EXECUTE name ('{"","a''b","a\"b\\","NULL","{,}","''}''); DROP TABLE cases; --","\\''","水"#;
        assert_eq!(text, format!("{expected}\n\"}}', '{{1,NULL}}', 7); "));
    }

    #[test]
    fn bytes_ids_and_truth_are_written_as_the_server_reads_them() {
        let mut text = String::new();
        Call::begin(&mut text, "n").array([&[0_u8, 255][..]]).array([Uuid::nil()]).array([true, false]).end();
        assert_eq!(text, r#"EXECUTE n ('{"\\x00ff"}', '{00000000000000000000000000000000}', '{t,f}'); "#);
        text.clear();
        Call::begin(&mut text, "none").end();
        assert_eq!(text, "EXECUTE none; ");
    }
}
