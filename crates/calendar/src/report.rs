//! The answer of `huiyin due`: question in texts, answer ready for JSON. No printing, no files.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use serde::Serialize;

use crate::{Calendar, Instant, Line, Pause, Rule, Span, SpanError, Unpublished};

/// The question as typed.
#[derive(Clone, Copy, Debug)]
pub struct DueQuestion<'a> {
    /// `--from`: an instant or a date.
    pub from: &'a str,
    /// `--within`: a span.
    pub within: &'a str,
    /// `--pause FROM/TO`, any number; two dates mean both days and all between.
    pub pauses: &'a [String],
    /// `--rolls`
    pub rolls: bool,
}

/// The answer; serialises to `{"due": "2026-03-09T23:59:59+08:00", "derivation": [{"zh", "en"}, …]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DueReport {
    /// RFC 3339 with the district's offset.
    pub due: String,
    /// Why.
    pub derivation: Vec<Line>,
}

/// A question without an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// Not an instant.
    #[error(
        "{what} `{text}` is not a point in time; write 2026-02-10T09:30, 2026-02-10T09:30:00+08:00 or 2026-02-10 (without an offset: the district's time)"
    )]
    Instant {
        /// Which argument.
        what: &'static str,
        /// What was written.
        text: String,
    },
    /// Not a span.
    #[error("--within {0}")]
    Span(#[from] SpanError),
    /// Not FROM/TO.
    #[error(
        "--pause `{0}` is not FROM/TO with both ends, FROM before TO; write 2026-02-24/2026-02-26 or 2026-02-24T09:00/2026-02-26T12:00"
    )]
    Pause(String),
    /// The calendar does not reach.
    #[error(transparent)]
    Unpublished(#[from] Unpublished),
}

/// Computes and explains a due date.
///
/// # Errors
/// When a text cannot be read, or the answer would reach into a year that is not published.
pub fn due_report(calendar: &Calendar, question: DueQuestion<'_>) -> Result<DueReport, QuestionError> {
    let from = read_instant(question.from, calendar.zone())
        .ok_or_else(|| QuestionError::Instant { what: "--from", text: question.from.to_owned() })?;
    let span: Span = question.within.parse()?;
    let pauses = question.pauses.iter().map(|text| pause(text, calendar.zone())).collect::<Result<Vec<_>, _>>()?;
    let rule = Rule { rolls: question.rolls };
    let due = calendar.due_strict(from, span, rule, &pauses, from)?;
    let derivation = calendar.explain(from, &[span], rule, &pauses, from);
    Ok(DueReport { due: calendar.shown(due.at), derivation: derivation.lines })
}

fn pause(text: &str, zone: FixedOffset) -> Result<Pause, QuestionError> {
    let wrong = || QuestionError::Pause(text.to_owned());
    let (from, to) = text.split_once('/').ok_or_else(wrong)?;
    if from.trim().is_empty() || to.trim().is_empty() {
        return Err(wrong());
    }
    let read =
        |text: &str| read_instant(text, zone).ok_or(QuestionError::Instant { what: "--pause", text: text.to_owned() });
    let (from, mut until) = (read(from)?, read(to)?);
    if to.trim().parse::<NaiveDate>().is_ok() {
        until += TimeDelta::days(1);
    }
    if from >= until {
        return Err(wrong());
    }
    Ok(Pause { from, to: Some(until) })
}

/// Reads a point in time: RFC 3339, or local date and time (`T` or a space between, seconds optional), or a
/// date (its first instant); without an offset it is in `zone`. Truncated to microseconds. None when it is none.
#[must_use]
pub fn read_instant(text: &str, zone: FixedOffset) -> Option<Instant> {
    let text = text.trim();
    let at = if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        at.with_timezone(&Utc)
    } else {
        let local = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"]
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
            .or_else(|| text.parse::<NaiveDate>().ok().map(|day| day.and_time(NaiveTime::MIN)))
            .or_else(|| offset_without_seconds(text))?;
        match DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M%:z") {
            Ok(at) => at.with_timezone(&Utc),
            Err(_) => zone.from_local_datetime(&local).single()?.with_timezone(&Utc),
        }
    };
    DateTime::from_timestamp_micros(at.timestamp_micros())
}

/// `2026-02-10T09:30+08:00`
fn offset_without_seconds(text: &str) -> Option<NaiveDateTime> {
    DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M%:z").ok().map(|at| at.naive_local())
}
