//! Comma-separated rows, read strictly (RFC 4180) and as a stream. A library reader mends broken quoting silently and
//! may swallow the rows behind it; here a broken row is told with its place, and reading goes on at the next line that
//! begins like a row. Knows nothing of petitions.

use std::collections::VecDeque;
use std::io::{BufRead, Read as _};

/// Longest line, in bytes.
const MOST_LINE: u64 = 64 * 1024;
/// Most lines of one row: a text field may span lines.
const MOST_LINES: usize = 500;
/// Most bytes of one row.
const MOST_ROW: usize = 256 * 1024;
/// Most cells of one row.
const MOST_CELLS: usize = 256;

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    /// Line it begins on, from 1.
    pub(crate) line: u64,
    /// Character of that line it begins at, from 1.
    pub(crate) column: u64,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Line it begins on, from 1.
    pub(crate) line: u64,
    pub(crate) cells: Vec<Cell>,
}

/// A row that cannot be read, and where it breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub(crate) struct Broken {
    /// Line the row begins on.
    pub(crate) row: u64,
    /// Line of the mistake.
    pub(crate) line: u64,
    /// Character of that line, from 1.
    pub(crate) column: u64,
    pub(crate) what: Mistake,
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Mistake {
    #[error(
        "a quote stands inside a field that is not quoted; expected the whole field in quotes, with \"\" for each quote in it"
    )]
    StrayQuote,
    #[error(
        "text follows the closing quote of a field; expected a comma or the end of the line, and \"\" for a quote inside"
    )]
    AfterQuote,
    #[error("a quoted field is never closed")]
    Unclosed,
    #[error("not UTF-8 text")]
    NotUtf8,
    #[error("the line is longer than {MOST_LINE} bytes")]
    LongLine,
    #[error("the row is larger than {MOST_ROW} bytes, {MOST_LINES} lines or {MOST_CELLS} fields")]
    LargeRow,
}

struct Line {
    no: u64,
    text: String,
    mistake: Option<(u64, Mistake)>,
}

/// Reads rows one after the other. `begins` says whether a line looks like the beginning of a row.
pub(crate) struct Reader<R> {
    input: R,
    line: u64,
    /// Read already, and to be read again after a broken row.
    pending: VecDeque<Line>,
    begins: fn(&str) -> bool,
}

impl<R: BufRead> Reader<R> {
    pub(crate) fn new(input: R, begins: fn(&str) -> bool) -> Self {
        Self { input, line: 0, pending: VecDeque::new(), begins }
    }

    /// The next row; blank lines between rows are passed over.
    pub(crate) fn row(&mut self) -> std::io::Result<Option<Result<Row, Broken>>> {
        let first = loop {
            match self.next_line()? {
                None => return Ok(None),
                Some(line) if line.text.trim().is_empty() && line.mistake.is_none() => {}
                Some(line) => break line,
            }
        };
        let mut parse = Parse::new(first.no);
        let mut used = Vec::new();
        let mut line = first;
        let broken = loop {
            let done = parse.line(&line);
            used.push(line);
            match done {
                Ok(true) => return Ok(Some(Ok(Row { line: parse.row, cells: parse.cells }))),
                Err(broken) => break broken,
                Ok(false) if used.len() >= MOST_LINES || parse.bytes > MOST_ROW => break parse.unclosed(),
                Ok(false) => match self.next_line()? {
                    Some(next) => line = next,
                    None => break parse.unclosed(),
                },
            }
        };
        self.pass_over(used)?;
        Ok(Some(Err(broken)))
    }

    /// Goes back to the first line after the beginning of a broken row that looks like a row.
    fn pass_over(&mut self, used: Vec<Line>) -> std::io::Result<()> {
        for line in used.into_iter().skip(1).rev() {
            self.pending.push_front(line);
        }
        while let Some(line) = self.next_line()? {
            if (self.begins)(&line.text) {
                self.pending.push_front(line);
                return Ok(());
            }
        }
        Ok(())
    }

    fn next_line(&mut self) -> std::io::Result<Option<Line>> {
        if let Some(line) = self.pending.pop_front() {
            return Ok(Some(line));
        }
        let mut bytes = Vec::new();
        let read = (&mut self.input).take(MOST_LINE + 1).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        let whole = bytes.last() == Some(&b'\n');
        let mut mistake = None;
        if !whole && read as u64 > MOST_LINE {
            self.input.skip_until(b'\n')?;
            mistake = Some((MOST_LINE, Mistake::LongLine));
        }
        while matches!(bytes.last(), Some(b'\n' | b'\r')) {
            bytes.pop();
        }
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let good = error.utf8_error().valid_up_to();
                let bytes = error.into_bytes();
                let column = String::from_utf8_lossy(&bytes[..good]).chars().count() as u64 + 1;
                mistake.get_or_insert((column, Mistake::NotUtf8));
                String::from_utf8_lossy(&bytes).into_owned()
            }
        };
        Ok(Some(Line { no: self.line, text, mistake }))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before the first character of a field.
    Start,
    Plain,
    Quoted,
    /// After the closing quote.
    Closed,
}

/// A row being read.
struct Parse {
    row: u64,
    cells: Vec<Cell>,
    cell: Cell,
    at: At,
    bytes: usize,
    /// Where the open quote stands.
    quote: (u64, u64),
}

impl Parse {
    fn new(row: u64) -> Self {
        let cell = Cell { text: String::new(), line: row, column: 1 };
        Self { row, cells: Vec::new(), cell, at: At::Start, bytes: 0, quote: (row, 1) }
    }

    fn broken(&self, line: u64, column: u64, what: Mistake) -> Broken {
        Broken { row: self.row, line, column, what }
    }

    fn unclosed(&self) -> Broken {
        let large = self.bytes > MOST_ROW || self.cells.len() >= MOST_CELLS;
        self.broken(self.quote.0, self.quote.1, if large { Mistake::LargeRow } else { Mistake::Unclosed })
    }

    /// Reads one more line. True: the row ends with it.
    fn line(&mut self, line: &Line) -> Result<bool, Broken> {
        if let Some((column, what)) = line.mistake {
            return Err(self.broken(line.no, column, what));
        }
        self.bytes += line.text.len() + 1;
        if self.at == At::Quoted {
            self.cell.text.push('\n');
        }
        let mut chars = line.text.chars().zip(1u64..).peekable();
        while let Some((c, column)) = chars.next() {
            match (self.at, c) {
                (At::Quoted, '"') if chars.peek().is_some_and(|(next, _)| *next == '"') => {
                    chars.next();
                    self.cell.text.push('"');
                }
                (At::Quoted, '"') => self.at = At::Closed,
                (At::Quoted, c) => self.cell.text.push(c),
                (_, ',') => self.end_cell(line.no, column + 1)?,
                (At::Start, '"') => (self.at, self.quote) = (At::Quoted, (line.no, column)),
                (At::Closed, _) => return Err(self.broken(line.no, column, Mistake::AfterQuote)),
                (At::Plain, '"') => return Err(self.broken(line.no, column, Mistake::StrayQuote)),
                (At::Start | At::Plain, c) => {
                    self.at = At::Plain;
                    self.cell.text.push(c);
                }
            }
        }
        if self.at == At::Quoted {
            return Ok(false);
        }
        self.end_cell(line.no, 1)?;
        Ok(true)
    }

    fn end_cell(&mut self, line: u64, column: u64) -> Result<(), Broken> {
        if self.cells.len() >= MOST_CELLS {
            return Err(self.broken(line, column, Mistake::LargeRow));
        }
        let next = Cell { text: String::new(), line, column };
        self.cells.push(std::mem::replace(&mut self.cell, next));
        self.at = At::Start;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dated(line: &str) -> bool {
        line.starts_with("20")
    }

    /// The cells of a row, or its number, line, column and mistake.
    type Outcome = Result<Vec<String>, (u64, u64, u64, Mistake)>;

    fn read(text: impl AsRef<[u8]>) -> Vec<Outcome> {
        let mut reader = Reader::new(text.as_ref(), dated);
        let mut out = Vec::new();
        while let Some(row) = reader.row().expect("memory reads") {
            out.push(match row {
                Ok(row) => Ok(row.cells.into_iter().map(|cell| cell.text).collect()),
                Err(broken) => Err((broken.row, broken.line, broken.column, broken.what)),
            });
        }
        out
    }

    fn good(cells: &[&str]) -> Outcome {
        Ok(cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn quotes_commas_and_lines_inside_a_field_are_kept() {
        let text = "2001,\"a,b\",\"he said \"\"no\"\"\"\r\n\r\n2002,\"two\r\nlines\",\n";
        assert_eq!(read(text), [good(&["2001", "a,b", "he said \"no\""]), good(&["2002", "two\nlines", ""])]);
    }

    #[test]
    fn a_row_says_where_its_cells_begin() {
        let mut reader = Reader::new("\n2001,\"x\ny\",水,z".as_bytes(), dated);
        let row = reader.row().expect("memory reads").expect("a row").expect("a good row");
        let places: Vec<_> = row.cells.iter().map(|cell| (cell.line, cell.column)).collect();
        assert_eq!((row.line, places), (2, vec![(2, 1), (2, 6), (3, 4), (3, 6)]));
    }

    #[test]
    fn an_unclosed_quote_costs_only_its_own_row() {
        let text = "2001,\"open\nmore\n2002,b\n2003,\"c\"\n2004,d\n";
        let found = read(text);
        assert_eq!(found[0], Err((1, 4, 7, Mistake::AfterQuote)));
        assert_eq!(found[1..], [good(&["2002", "b"]), good(&["2003", "c"]), good(&["2004", "d"])]);
        assert_eq!(read("2001,\"open\n2002,b\n"), [Err((1, 1, 6, Mistake::Unclosed)), good(&["2002", "b"])]);
    }

    #[test]
    fn a_quote_in_the_middle_of_a_field_is_refused_with_its_place() {
        assert_eq!(read("2001,水\"b\"\n2002,c\n"), [Err((1, 1, 7, Mistake::StrayQuote)), good(&["2002", "c"])]);
    }

    #[test]
    fn a_line_that_is_not_utf8_is_refused_with_its_place() {
        assert_eq!(read(b"2001,ab\xff\n2002,c\n"), [Err((1, 1, 8, Mistake::NotUtf8)), good(&["2002", "c"])]);
    }

    #[test]
    fn sizes_are_bounded() {
        let long = format!("2001,{}\n2002,b\n", "x".repeat(70_000));
        assert_eq!(read(long), [Err((1, 1, MOST_LINE, Mistake::LongLine)), good(&["2002", "b"])]);
        let many = format!("2001{}\n2002,b\n", ",".repeat(300));
        assert!(matches!(read(many)[..], [Err((1, 1, _, Mistake::LargeRow)), Ok(_)]));
        let tall = format!("2001,\"{}\n2002,b\n", "x\n".repeat(600));
        assert_eq!(read(tall), [Err((1, 1, 6, Mistake::Unclosed)), good(&["2002", "b"])]);
    }
}
