//! What a clock may not do whatever the chart is: promise a later date than the law's, or have its date moved by being
//! given up and begun again. An extension, a pause and an adopted calendar are the only ways in which a date moves; the
//! engine knows no others. What was read of the law second-hand, or not at all, is said.

use chrono::{Datelike as _, TimeDelta, TimeZone as _};
use huiyin_calendar::{Calendar, Rule, Span};
use huiyin_chart::Definition;
use huiyin_chart::definition::{ClockDecl, LimitStatus};

use crate::Report;

/// So many of the latest published years are gone through day by day.
const YEARS: i32 = 3;

pub(crate) fn check(def: &Definition, calendar: Option<&Calendar>, report: &mut Report) {
    for clock in &def.clocks {
        let Some(limit) = &clock.limit else { continue };
        if let Some(within) = clock.within
            && let Some(when) = later(within, limit.within, clock.rolls, calendar)
        {
            report.problem(
                "later-than-law",
                &clock.place,
                format!("clock `{}`: the office's {within} can end after the law's {}{when}", clock.name, limit.within),
                format!("write `within:` no longer than `limit:` ({})", limit.basis),
            );
        }
        let status = match limit.status {
            LimitStatus::Verified => continue,
            LimitStatus::Secondary => "read second-hand only",
            LimitStatus::Unverified => "unverified",
        };
        report.assumptions.push(format!("clock `{}`: {} is {status}", clock.name, limit.basis));
    }
    if def.clocks.iter().any(|clock| spans(clock).any(|span| span.unit.is_working())) {
        let last = calendar.and_then(Calendar::last_year);
        report.assumptions.push(match last {
            Some(year) => format!("dates after {year} are provisional: its calendar is the last published one"),
            None => "working days are counted by a calendar that was not given".to_owned(),
        });
    }
}

fn spans(clock: &ClockDecl) -> impl Iterator<Item = Span> {
    clock.within.into_iter().chain(clock.limit.as_ref().map(|limit| limit.within))
}

/// Can the first end after the second? With an example, if it depends on the day.
fn later(policy: Span, law: Span, rolls: bool, calendar: Option<&Calendar>) -> Option<String> {
    if policy.unit == law.unit {
        return (policy.n > law.n).then(String::new);
    }
    let calendar = calendar?;
    let last = calendar.last_year()?;
    let first = calendar.zone().with_ymd_and_hms(last - YEARS + 1, 1, 1, 9, 0, 0).single()?.to_utc();
    let rule = Rule { rolls };
    (0..YEARS * 366)
        .map(|day| first + TimeDelta::days(i64::from(day)))
        .take_while(|start| start.year() <= last)
        .find_map(|start| {
            let ends = |span| calendar.due(start, span, rule, &[], start);
            let (policy, law) = (ends(policy), ends(law));
            let known = !policy.provisional && !law.provisional;
            (known && policy.at > law.at).then(|| {
                format!(
                    ", e.g. from {}: {} after {}",
                    calendar.date_of(start),
                    calendar.date_of(policy.at),
                    calendar.date_of(law.at)
                )
            })
        })
}
