//! The file of one year: days off and make-up working days, as the notice of the State Council states them.
//! Reading and validating only; counting is in `days`.

use chrono::{Datelike, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

/// A name or remark in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// One calendar year. Weekends that the file does not mention are days off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct YearFile {
    /// The year.
    pub year: i32,
    /// Where the facts come from.
    pub source: Name,
    /// Days off, weekends among them included, in order.
    pub off: Vec<Off>,
    /// Weekend days that are worked 调休上班, in order.
    pub work: Vec<MakeUp>,
}

/// A run of days off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Off {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// The holiday.
    pub name: Name,
}

/// A weekend day that is worked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MakeUp {
    /// The day.
    pub day: NaiveDate,
    /// The holiday it makes up for.
    pub name: Name,
}

/// A calendar file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {problem}; {cure}", line.map(|l| format!(":{l}")).unwrap_or_default())]
pub struct YearError {
    /// File as given by the caller.
    pub file: String,
    /// 1-based line, when the text itself is malformed or the line is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: String,
    /// What was expected or to do.
    pub cure: &'static str,
}

impl YearFile {
    /// Reads one year from the text of its file (JSON); `file` is only for messages.
    ///
    /// # Errors
    /// When the text is malformed, the file is not called like its year, a day lies outside the year, no day is off, ranges overlap or are out of order, a make-up
    /// day is no weekend day or is also off, or so many days are off that hardly any working day is left.
    pub fn parse(file: &str, text: &str) -> Result<Self, YearError> {
        let year: Self = serde_json::from_str(text).map_err(|e| YearError {
            file: file.to_owned(),
            line: Some(e.line()),
            problem: e.to_string(),
            cure: "expected {year, source, off: [{from, to, name}], work: [{day, name}]} with dates like 2026-02-15",
        })?;
        let named = file.rsplit(['/', '\\']).next().unwrap_or_default();
        let named = named.strip_suffix(".json").unwrap_or(named);
        if named != year.year.to_string() {
            return Err(YearError {
                file: file.to_owned(),
                line: text.lines().position(|line| line.contains("\"year\"")).map(|ix| ix + 1),
                problem: format!("this is the calendar of {}, and the file is called {named}", year.year),
                cure: "call the file like its year, such as 2026.json: one file a year",
            });
        }
        year.validate().map_err(|(date, problem, cure)| YearError {
            file: file.to_owned(),
            line: date.and_then(|d| line_of(text, d)),
            problem,
            cure,
        })?;
        Ok(year)
    }

    fn validate(&self) -> Result<(), (Option<NaiveDate>, String, &'static str)> {
        let mut days_off = 0;
        let mut last: Option<NaiveDate> = None;
        for off in &self.off {
            self.own(off.from)?;
            self.own(off.to)?;
            if off.from > off.to || last.is_some_and(|l| l >= off.from) {
                let problem = format!("days off {} to {} overlap or are out of order", off.from, off.to);
                return Err((Some(off.from), problem, "list days off by date, `from` not after `to`"));
            }
            days_off += (off.to - off.from).num_days() + 1;
            last = Some(off.to);
        }
        if days_off > 60 {
            return Err((None, format!("{days_off} days off"), "a year has fewer than 60 holidays"));
        }
        let mut last: Option<NaiveDate> = None;
        for work in &self.work {
            self.own(work.day)?;
            if last.is_some_and(|l| l >= work.day) {
                return Err((
                    Some(work.day),
                    format!("make-up day {} is out of order", work.day),
                    "list them by date, each once",
                ));
            }
            if !matches!(work.day.weekday(), Weekday::Sat | Weekday::Sun) {
                return Err((
                    Some(work.day),
                    format!("make-up day {} is no weekend day", work.day),
                    "only a Saturday or Sunday can be made a working day",
                ));
            }
            if self.off.iter().any(|off| (off.from..=off.to).contains(&work.day)) {
                return Err((
                    Some(work.day),
                    format!("{} is both off and worked", work.day),
                    "compare it with the notice",
                ));
            }
            last = Some(work.day);
        }
        if self.off.is_empty() {
            return Err((None, "no day is off".into(), "write the holidays of the notice under `off`"));
        }
        Ok(())
    }

    fn own(&self, day: NaiveDate) -> Result<(), (Option<NaiveDate>, String, &'static str)> {
        if day.year() == self.year && (1990..=2200).contains(&self.year) {
            return Ok(());
        }
        Err((Some(day), format!("{day} is not in {}", self.year), "put every day into the file of its own year"))
    }
}

/// The line a date stands on, for messages.
fn line_of(text: &str, date: NaiveDate) -> Option<usize> {
    let date = date.to_string();
    text.lines().position(|line| line.contains(&date)).map(|ix| ix + 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn file(off: &str, work: &str) -> Result<YearFile, YearError> {
        YearFile::parse(
            "2026.json",
            &format!(
                "{{\"year\": 2026, \"source\": {{\"zh\": \"\", \"en\": \"\"}},\n\"off\": [{off}],\n\"work\": [{work}]}}"
            ),
        )
    }

    #[test]
    fn a_malformed_file_is_refused_with_file_and_line() {
        let off =
            |from, to| format!("{{\"from\": \"{from}\", \"to\": \"{to}\", \"name\": {{\"zh\": \"\", \"en\": \"\"}}}}");
        let work = |day| format!("{{\"day\": \"{day}\", \"name\": {{\"zh\": \"\", \"en\": \"\"}}}}");
        assert!(file(&off("2026-02-15", "2026-02-23"), &work("2026-02-14")).is_ok());
        for (result, said) in [
            (file(&off("2026-02-15", "2026-02-30"), ""), "2026.json:2: "),
            (file(&off("2026-02-23", "2026-02-15"), ""), "2026.json:2: days off"),
            (file(&off("2027-01-01", "2027-01-01"), ""), "2026.json:2: 2027-01-01 is not in 2026"),
            (file("", &work("2026-02-13")), "2026.json:3: make-up day 2026-02-13 is no weekend day"),
            (file(&off("2026-02-14", "2026-02-15"), &work("2026-02-14")), "both off and worked"),
            (file(&off("2026-01-01", "2026-12-31"), ""), "365 days off"),
            (file("", ""), "2026.json: no day is off"),
            (YearFile::parse("2026.json", "{"), "2026.json:1: "),
            (
                YearFile::parse(
                    "calendars/2027.json",
                    "{\"year\": 2026, \"source\": {\"zh\": \"\", \"en\": \"\"}, \"off\": [], \"work\": []}",
                ),
                "calendars/2027.json:1: this is the calendar of 2026",
            ),
        ] {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
