//! One row of a petitions file: which columns there are, what each may hold, and what a row becomes. Says field by field
//! what is wrong; knows no engine and no store.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime};
use serde::Serialize;

use super::csv::{Broken, Cell, Row};

/// Columns that a file must have.
const REQUIRED: [&str; 5] = ["received", "channel", "petitioner", "title", "content"];
/// Columns that it may have; `reply` and `reply_days` come together.
const OPTIONAL: [&str; 7] = ["nature", "river", "reply", "reply_days", "sent_on", "category", "place"];
/// Columns that are kept as they were beside what they become.
const KEPT: [&str; 5] = ["channel", "nature", "river", "sent_on", "reply_days"];
/// Category of a row that names none: the files are about rivers.
const CATEGORY: &str = "water";
/// A reply took at most so many days: a hundred years.
const MOST_DAYS: u32 = 36_500;
/// No petition was received before this year.
const FIRST_YEAR: i32 = 1990;

/// Longest texts, in characters: what the workflow's form takes.
const MOST_TITLE: usize = 120;
const MOST_TEXT: usize = 8000;
const MOST_WORD: usize = 40;

/// One thing wrong with one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Fault {
    /// Line, from 1.
    pub(crate) line: u64,
    /// Character of the line, from 1.
    pub(crate) column: u64,
    /// Name of the column; none: the row as a whole.
    pub(crate) field: Option<&'static str>,
    /// What is wrong, and what was expected.
    pub(crate) problem: String,
}

impl From<Broken> for Fault {
    fn from(broken: Broken) -> Self {
        Self { line: broken.line, column: broken.column, field: None, problem: broken.to_string() }
    }
}

/// A petition as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Petition {
    /// Line of the file.
    pub(crate) line: u64,
    /// When it was received; a date alone means its first moment.
    pub(crate) received: DateTime<FixedOffset>,
    /// Channel as the workflow names it.
    pub(crate) channel: &'static str,
    /// 实名
    pub(crate) named: bool,
    pub(crate) title: String,
    pub(crate) content: String,
    pub(crate) category: String,
    pub(crate) place: String,
    /// The reply, if one is recorded.
    pub(crate) reply: Option<Reply>,
    /// Columns as they were, for the record.
    pub(crate) record: BTreeMap<&'static str, String>,
    /// Everything that the row said, in a fixed order: what makes it the same row.
    pub(crate) said: String,
}

/// A recorded reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    /// Days from receipt.
    pub(crate) days: u32,
    pub(crate) text: String,
}

impl Petition {
    /// The recorded day of the reply.
    pub(crate) fn delivered_on(&self) -> Option<NaiveDate> {
        let reply = self.reply.as_ref()?;
        self.received.date_naive().checked_add_days(chrono::Days::new(u64::from(reply.days)))
    }

    /// What was asked for: 投诉, 举报, 咨询 …
    pub(crate) fn nature(&self) -> &str {
        self.record.get("nature").map_or("", String::as_str)
    }
}

/// Where each column stands.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    places: BTreeMap<&'static str, usize>,
    count: usize,
    /// Columns that nothing is made of.
    pub(crate) unused: Vec<String>,
}

/// The file has no usable header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderError {
    /// Nothing in it.
    #[error("the file is empty; expected a header line with the columns {}", known())]
    Empty,
    /// The first row is data or something else.
    #[error("line {line} is no header; expected the columns {}", known())]
    NoHeader {
        /// Line.
        line: u64,
    },
    /// Separated by something else.
    #[error("line {line}: the columns are separated by {by}; save the file with commas")]
    Separator {
        /// Line.
        line: u64,
        /// In words.
        by: &'static str,
    },
    /// Some are missing.
    #[error("line {line}: the header lacks {}; expected the columns {}", .missing.join(", "), known())]
    Missing {
        /// Line.
        line: u64,
        /// Which.
        missing: Vec<&'static str>,
    },
    /// One is there twice.
    #[error("line {line}: the header names {name} twice")]
    Twice {
        /// Line.
        line: u64,
        /// Which.
        name: &'static str,
    },
    /// It cannot be read.
    #[error("line {}: {broken}", .broken.line)]
    Broken {
        /// Where and why.
        broken: Broken,
    },
}

fn known() -> String {
    format!("{} (and, as far as there are any, {})", REQUIRED.join(", "), OPTIONAL.join(", "))
}

impl Columns {
    /// Reads the header.
    pub(crate) fn of(header: &Row) -> Result<Self, HeaderError> {
        let line = header.line;
        let names: Vec<&str> = header.cells.iter().map(|cell| cell.text.trim()).collect();
        let mut places = BTreeMap::new();
        for name in REQUIRED.into_iter().chain(OPTIONAL) {
            let mut found = names.iter().enumerate().filter(|(_, found)| found.eq_ignore_ascii_case(name));
            if let Some((at, _)) = found.next() {
                places.insert(name, at);
            }
            if found.next().is_some() {
                return Err(HeaderError::Twice { line, name });
            }
        }
        if places.is_empty() {
            return Err(match names[..] {
                [one] if one.contains('\t') => HeaderError::Separator { line, by: "tabs" },
                [one] if one.contains(';') => HeaderError::Separator { line, by: "semicolons" },
                _ => HeaderError::NoHeader { line },
            });
        }
        let together = |name: &&str| match *name {
            "reply" => places.contains_key("reply_days"),
            "reply_days" => places.contains_key("reply"),
            _ => false,
        };
        let needed = REQUIRED.into_iter().chain(OPTIONAL.into_iter().filter(together));
        let missing: Vec<&'static str> = needed.filter(|name| !places.contains_key(name)).collect();
        if !missing.is_empty() {
            return Err(HeaderError::Missing { line, missing });
        }
        let used: Vec<usize> = places.values().copied().collect();
        let unused = names.iter().enumerate().filter(|(at, _)| !used.contains(at));
        Ok(Self { unused: unused.map(|(_, name)| (*name).to_owned()).collect(), count: names.len(), places })
    }

    /// Reads one row. `latest` is the last moment that can have come already.
    pub(crate) fn petition(
        &self,
        row: &Row,
        zone: FixedOffset,
        latest: DateTime<FixedOffset>,
    ) -> Result<Petition, Vec<Fault>> {
        if row.cells.len() != self.count {
            let problem = format!("the row has {} fields; expected {}, as the header", row.cells.len(), self.count);
            let column = row.cells.last().map_or(1, |cell| cell.column);
            return Err(vec![Fault { line: row.line, column, field: None, problem }]);
        }
        let mut fields = Fields { columns: self, row, zone, latest, faults: Vec::new() };
        let petition = fields.petition();
        match petition {
            Some(petition) if fields.faults.is_empty() => Ok(petition),
            _ => Err(fields.faults),
        }
    }
}

/// A row being read field by field.
struct Fields<'a> {
    columns: &'a Columns,
    row: &'a Row,
    zone: FixedOffset,
    latest: DateTime<FixedOffset>,
    faults: Vec<Fault>,
}

impl Fields<'_> {
    fn petition(&mut self) -> Option<Petition> {
        let received = self.received();
        let channel = self.channel();
        let named = self.petitioner();
        let title = self.text("title", 1, MOST_TITLE);
        let content = self.text("content", 1, MOST_TEXT);
        let category = self.text("category", 0, MOST_WORD).map(|c| if c.is_empty() { CATEGORY.to_owned() } else { c });
        let place = self.text("place", 0, MOST_WORD);
        let reply = self.reply();
        self.text("nature", 0, MOST_WORD);
        self.text("river", 0, MOST_TITLE);
        self.number("sent_on", 100_000);
        let kept = KEPT.into_iter().map(|name| (name, self.raw(name).trim().to_owned()));
        let record: BTreeMap<&'static str, String> = kept.filter(|(_, text)| !text.is_empty()).collect();
        let said: Vec<&str> = REQUIRED.into_iter().chain(OPTIONAL).map(|name| self.raw(name)).collect();
        let said = said.join("\u{1f}");
        let petition = Petition {
            line: self.row.line,
            received: received?,
            channel: channel?,
            named: named?,
            title: title?,
            content: content?,
            category: category?,
            place: place?,
            reply: reply?,
            record,
            said,
        };
        let answered = petition.delivered_on();
        if petition.reply.is_some() && answered.is_none_or(|day| day > self.latest.date_naive()) {
            let day = answered.map_or_else(String::new, |day| format!(" ({day})"));
            self.fault(
                "reply_days",
                format!("the day of the reply{day} lies in the future; expected a day up to today"),
            );
        }
        Some(petition)
    }

    fn cell(&self, name: &str) -> Option<&Cell> {
        self.row.cells.get(*self.columns.places.get(name)?)
    }

    fn raw(&self, name: &str) -> &str {
        self.cell(name).map_or("", |cell| cell.text.as_str())
    }

    fn fault(&mut self, field: &'static str, problem: String) {
        let (line, column) = self.cell(field).map_or((self.row.line, 1), |cell| (cell.line, cell.column));
        self.faults.push(Fault { line, column, field: Some(field), problem });
    }

    fn received(&mut self) -> Option<DateTime<FixedOffset>> {
        let given = self.raw("received").trim().to_owned();
        let Some(at) = moment(&given).and_then(|local| local.and_local_timezone(self.zone).single()) else {
            let expected = "expected a day like 2016-03-02, or a moment like 2016-03-02 09:30";
            self.fault("received", format!("`{}` is no date; {expected}", short(&given)));
            return None;
        };
        if at > self.latest {
            self.fault("received", format!("{given} lies in the future; expected a day up to today"));
        } else if chrono::Datelike::year(&at) < FIRST_YEAR {
            self.fault("received", format!("{given} is too long ago; expected a day from {FIRST_YEAR} on"));
        }
        Some(at)
    }

    fn channel(&mut self) -> Option<&'static str> {
        let given = self.raw("channel").trim().to_lowercase();
        let channel = match given.as_str() {
            "12345app" | "12345" | "热线" => "hotline_12345",
            "12369" => "platform_12369",
            "网站" | "网上" | "微信" | "qq" | "微博" => "web",
            "电话" | "来电" | "短信" => "phone",
            "邮件" | "来信" | "信件" => "letter",
            "来访" => "visit",
            app if app.ends_with("app") => "web",
            _ => {
                let expected =
                    "expected 网站, an app, 微信, qq, 微博, 电话, 短信, 邮件, 来信, 来访, 12345, 12345app or 12369";
                self.fault("channel", format!("unknown channel `{}`; {expected}", short(&given)));
                return None;
            }
        };
        Some(channel)
    }

    fn petitioner(&mut self) -> Option<bool> {
        match self.raw("petitioner").trim() {
            "实名" => Some(true),
            "匿名" => Some(false),
            other => {
                let other = short(other);
                self.fault("petitioner", format!("unknown kind of petitioner `{other}`; expected 实名 or 匿名"));
                None
            }
        }
    }

    fn text(&mut self, name: &'static str, least: usize, most: usize) -> Option<String> {
        let text = self.raw(name).trim().to_owned();
        let length = text.chars().count();
        if length < least {
            self.fault(name, "empty; expected a text".to_owned());
        } else if length > most {
            self.fault(name, format!("{length} characters; expected at most {most}"));
        } else if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\r')) {
            self.fault(name, "a control character stands in it; expected plain text".to_owned());
        } else {
            return Some(text);
        }
        None
    }

    /// A whole number, if the field holds anything.
    fn number(&mut self, name: &'static str, most: u32) -> Option<u32> {
        let given = self.raw(name).trim().to_owned();
        if given.is_empty() {
            return None;
        }
        let number = given.parse().ok().filter(|n| *n <= most);
        if number.is_none() {
            let negative = given.strip_prefix('-').is_some_and(|rest| rest.parse::<u32>().is_ok());
            let words = match (name, negative) {
                ("reply_days", true) => "the reply would be older than the petition",
                (_, true) => "negative",
                _ => "no such number",
            };
            self.fault(name, format!("`{}`: {words}; expected a whole number from 0 to {most}", short(&given)));
        }
        number
    }

    /// The reply, if one is recorded; the outer none: its fields are wrong.
    #[expect(clippy::option_option, reason = "wrong, absent, or there")]
    fn reply(&mut self) -> Option<Option<Reply>> {
        let text = self.text("reply", 0, MOST_TEXT)?;
        let before = self.faults.len();
        let days = self.number("reply_days", MOST_DAYS);
        if self.faults.len() > before {
            return None;
        }
        match (text.is_empty(), days) {
            (true, None) => Some(None),
            (false, Some(days)) => Some(Some(Reply { days, text })),
            (false, None) => {
                self.fault(
                    "reply_days",
                    "empty beside a reply; expected the days from receipt to the reply".to_owned(),
                );
                None
            }
            (true, Some(_)) => {
                self.fault("reply", "empty beside reply_days; expected the text of the reply".to_owned());
                None
            }
        }
    }
}

/// A day, or a day and a time, in the district's time.
fn moment(text: &str) -> Option<NaiveDateTime> {
    let text = text.replace('/', "-").replace('T', " ");
    if let Ok(day) = NaiveDate::parse_from_str(&text, "%Y-%m-%d") {
        return day.and_hms_opt(0, 0, 0);
    }
    ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"].iter().find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok())
}

/// The beginning of a given text, for a message: the rest may be long.
fn short(text: &str) -> String {
    let mut short: String = text.chars().take(20).collect();
    if text.chars().count() > 20 {
        short.push('…');
    }
    short
}

/// Does a line look like the beginning of a row: a day, then a comma? Rows behind a broken one are found by it.
pub(crate) fn begins(line: &str) -> bool {
    let Some((first, _)) = line.split_once(',') else { return false };
    moment(first.trim_matches('"').trim()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::csv::Reader;

    const HEADER: &str = "received,channel,nature,river,title,petitioner,content,reply,reply_days,sent_on\n";

    fn rows(text: &str) -> Vec<Row> {
        let mut reader = Reader::new(text.as_bytes(), begins);
        std::iter::from_fn(|| reader.row().expect("memory reads").map(|row| row.expect("well formed"))).collect()
    }

    fn read(row: &str) -> Result<Petition, Vec<(Option<&'static str>, String)>> {
        let rows = rows(&format!("{HEADER}{row}\n"));
        let columns = Columns::of(&rows[0]).expect("a header");
        let zone = huiyin_calendar::china();
        let now = DateTime::parse_from_rfc3339("2026-11-24T12:00:00+08:00").expect("a moment");
        let petition = columns.petition(&rows[1], zone, now);
        petition.map_err(|faults| faults.into_iter().map(|fault| (fault.field, fault.problem)).collect())
    }

    fn faults(row: &str) -> Vec<Option<&'static str>> {
        read(row).expect_err("refused").into_iter().map(|(field, _)| field).collect()
    }

    #[test]
    fn a_row_becomes_a_petition() {
        let petition = read("2016-03-02,e城app,投诉,清河,河水发黑,匿名,发黑两天,已处理,7,2").expect("good");
        assert_eq!((petition.channel, petition.named, petition.line), ("web", false, 2));
        assert_eq!(petition.received.to_rfc3339(), "2016-03-02T00:00:00+08:00");
        assert_eq!(petition.delivered_on(), NaiveDate::from_ymd_opt(2016, 3, 9));
        assert_eq!((petition.nature(), petition.record["river"].as_str()), ("投诉", "清河"));
        assert!(read("2016/3/2 09:30,12345app,,,x,实名,y,,,").expect("good").reply.is_none());
    }

    #[test]
    fn each_wrong_field_is_named() {
        assert_eq!(faults("2016-02-30,网站,,,x,匿名,y,z,1,0"), [Some("received")]);
        assert_eq!(faults("2027-01-01,网站,,,x,匿名,y,,,0"), [Some("received")]);
        assert_eq!(faults("2016-02-01,传真,,,x,匿名,y,z,1,0"), [Some("channel")]);
        assert_eq!(faults("2016-02-01,网站,,,x,某人,y,z,1,0"), [Some("petitioner")]);
        assert_eq!(faults("2016-02-01,网站,,,,匿名,,z,1,0"), [Some("title"), Some("content")]);
        assert_eq!(faults("2016-02-01,网站,,,x,匿名,y,z,,0"), [Some("reply_days")]);
        assert_eq!(faults("2016-02-01,网站,,,x,匿名,y,,3,0"), [Some("reply")]);
        assert_eq!(faults("2016-02-01,网站,,,x,匿名,y,z,1.5,0"), [Some("reply_days")]);
        assert_eq!(faults("2026-11-20,网站,,,x,匿名,y,z,30,0"), [Some("reply_days")]);
        assert_eq!(faults("2016-02-01,网站,,,x,匿名,y,z,1,many"), [Some("sent_on")]);
        assert_eq!(faults(&format!("2016-02-01,网站,,,{},匿名,y,z,1,0", "长".repeat(121))), [Some("title")]);
        assert_eq!(faults("2016-02-01,网站,,,x,匿名,y,z,1"), [None]);
    }

    #[test]
    fn negative_days_are_said_in_words() {
        let refused = read("2016-02-01,网站,,,x,匿名,y,z,-3,0").expect_err("refused");
        assert!(refused[0].1.contains("older than the petition"), "{refused:?}");
    }

    #[test]
    fn a_header_says_what_it_lacks() {
        let header = |text: &str| Columns::of(&rows(text)[0]).map(|columns| columns.unused);
        assert_eq!(header("received,channel,petitioner,title,content,extra\n"), Ok(vec!["extra".to_owned()]));
        assert_eq!(
            header("received,channel,title,content,reply\n"),
            Err(HeaderError::Missing { line: 1, missing: vec!["petitioner", "reply_days"] })
        );
        assert_eq!(header("2016-01-01,网站,x\n"), Err(HeaderError::NoHeader { line: 1 }));
        assert_eq!(header("received;channel\n"), Err(HeaderError::Separator { line: 1, by: "semicolons" }));
        assert_eq!(header("received,received\n"), Err(HeaderError::Twice { line: 1, name: "received" }));
    }
}
