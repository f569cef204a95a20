//! What a simulation found, for people and for programs. The same findings always give the same words: how long it took
//! is not among them.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike as _, FixedOffset, TimeDelta, TimeZone as _, Utc};
use huiyin_chart::rates::{Matter, Period, Rates, Share, rates};
use serde::Serialize;

use super::Conditions;
use super::measure::{Findings, Invariants, Lived, Mails, RefusedAct, Sent};
use crate::import::petition::Fault;

/// So many of the slowest are named.
const SLOWEST: usize = 10;
/// So many of anything refused are named.
const MOST_NAMED: usize = 20;

/// See the module.
#[derive(Serialize)]
pub(crate) struct Report {
    seed: u64,
    nobody_acts: bool,
    petitions: u64,
    acts: u64,
    timers: u64,
    until: Option<DateTime<FixedOffset>>,
    /// By the year in which the deadline fell.
    years: Vec<Year>,
    total: Rates,
    rungs: Vec<Rung>,
    notices: Vec<Notice>,
    mails: Mails,
    slowest: Vec<Slow>,
    invariants: Invariants,
    refused_acts: Vec<RefusedAct>,
    refused_rows: Vec<Fault>,
}

#[derive(Serialize)]
struct Year {
    year: i32,
    #[serde(flatten)]
    rates: Rates,
}

#[derive(Serialize)]
struct Rung {
    clock: String,
    rung: String,
    #[serde(flatten)]
    sent: Sent,
}

#[derive(Serialize)]
struct Notice {
    template: String,
    #[serde(flatten)]
    sent: Sent,
}

/// One that took long.
#[derive(Serialize)]
struct Slow {
    line: u64,
    number: String,
    /// None: no reply.
    days: Option<i64>,
    in_time: bool,
}

impl Report {
    pub(super) fn of(findings: Findings, refused_rows: Vec<Fault>, conditions: Conditions, zone: FixedOffset) -> Self {
        let matters: Vec<Matter> = findings.matters.iter().map(|lived| lived.matter).collect();
        let end = findings.until.unwrap_or_default();
        let rungs = findings.rungs.into_iter().map(|(id, sent)| Rung { clock: id.clock, rung: id.at, sent });
        let notices = findings.notices.into_iter().map(|(template, sent)| Notice { template, sent });
        Self {
            seed: conditions.seed,
            nobody_acts: conditions.nobody_acts,
            petitions: matters.len() as u64,
            acts: findings.acts,
            timers: findings.timers,
            until: findings.until.map(|at| at.with_timezone(&zone)),
            years: years(&matters, &findings.matters, zone, end),
            total: rates(&matters, Period { from: DateTime::<Utc>::MIN_UTC, to: end }),
            rungs: rungs.collect(),
            notices: notices.collect(),
            mails: findings.mails,
            slowest: slowest(&findings.matters),
            invariants: findings.invariants,
            refused_acts: findings.refused_acts,
            refused_rows,
        }
    }

    /// Everything that must hold holds.
    pub(crate) fn sound(&self) -> bool {
        self.invariants.hold()
    }
}

fn years(matters: &[Matter], lived: &[Lived], zone: FixedOffset, end: DateTime<Utc>) -> Vec<Year> {
    let local = |at: DateTime<Utc>| at.with_timezone(&zone).year();
    let begins = |year: i32| zone.with_ymd_and_hms(year, 1, 1, 0, 0, 0).single().map(|at| at.to_utc());
    let Some(first) = lived.iter().map(|lived| local(lived.received)).min() else { return Vec::new() };
    let moment = TimeDelta::microseconds(1);
    (first..=local(end))
        .filter_map(|year| {
            let period = Period { from: begins(year)? - moment, to: (begins(year + 1)? - moment).min(end) };
            Some(Year { year, rates: rates(matters, period) })
        })
        .collect()
}

fn slowest(lived: &[Lived]) -> Vec<Slow> {
    let mut all: Vec<&Lived> = lived.iter().filter(|lived| lived.matter.reply.is_some()).collect();
    // No reply at all is the slowest; then by days, then by line.
    all.sort_by_key(|lived| (std::cmp::Reverse(lived.days().unwrap_or(i64::MAX)), lived.line));
    let slow = |lived: &&Lived| Slow {
        line: lived.line,
        number: lived.number.clone(),
        days: lived.days(),
        in_time: lived.matter.reply.is_some_and(huiyin_chart::rates::Deadline::kept),
    };
    all.iter().take(SLOWEST).map(slow).collect()
}

fn percent(share: Share) -> String {
    share.rate().map_or_else(|| "–".to_owned(), |rate| format!("{:.2} %", rate * 100.0))
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let how = if self.nobody_acts { ", nobody acts" } else { "" };
        let until = self.until.map_or_else(String::new, |at| format!(", until {}", at.date_naive()));
        writeln!(f, "{} petitions{until}, seed {}{how}", self.petitions, self.seed)?;
        writeln!(f, "{} acts of the office, {} timers fired", self.acts, self.timers)?;
        self.rates(f)?;
        self.rungs(f)?;
        self.slow(f)?;
        self.refused(f)?;
        let verdict = if self.invariants.hold() { "hold" } else { "are BROKEN" };
        let i = &self.invariants;
        writeln!(
            f,
            "\ninvariants {verdict}: {} open cases without an owner, {} without a running clock, {} clocks without a timer, \
             {} timers left behind, {} rungs fired twice, {} petitions lost",
            i.without_owner, i.without_clock, i.clocks_without_timer, i.timers_left_behind, i.rungs_twice, i.lost
        )
    }
}

impl Report {
    fn rates(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "\n交办率 assigned within the limit, by the year in which the limit fell")?;
        writeln!(f, "year          rate   kept/due  duty desk  still there  same matter  ended first")?;
        for (year, rates) in self.by_year() {
            let Rates { assigned, fallback, fallback_open, duplicates, ended_first, .. } = rates;
            let share = format!("{}/{}", assigned.kept, assigned.of);
            let rate = percent(assigned);
            writeln!(
                f,
                "{year:<6} {rate:>11} {share:>10} {fallback:>10} {fallback_open:>12} {duplicates:>12} {ended_first:>12}"
            )?;
        }
        writeln!(f, "\n按时回复率 delivered by the due date, by the year in which it fell")?;
        writeln!(f, "year          rate   kept/due  without extensions  overdue, open  anonymous or unreachable")?;
        for (year, rates) in self.by_year() {
            let Rates { answered, answered_without_extensions, overdue_open, unreachable, .. } = rates;
            let share = format!("{}/{}", answered.kept, answered.of);
            let (rate, without) = (percent(answered), percent(answered_without_extensions));
            let apart = format!("{} ({}/{})", percent(unreachable), unreachable.kept, unreachable.of);
            writeln!(f, "{year:<6} {rate:>11} {share:>10} {without:>19} {overdue_open:>14} {apart:>25}")?;
        }
        Ok(())
    }

    fn by_year(&self) -> impl Iterator<Item = (String, Rates)> {
        let years = self.years.iter().map(|year| (year.year.to_string(), year.rates));
        years.chain(std::iter::once(("total".to_owned(), self.total)))
    }

    fn rungs(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "\nnotices by rung               fired  notices  × people   moot")?;
        let mut clock = "";
        for rung in &self.rungs {
            if rung.clock != clock {
                clock = &rung.clock;
                writeln!(f, "{clock}")?;
            }
            let Sent { fired, notices, addressed, moot } = rung.sent;
            writeln!(f, "  {:<25} {fired:>7} {notices:>8} {addressed:>9} {moot:>6}", rung.rung)?;
        }
        writeln!(f, "by what happened")?;
        for Notice { template, sent } in &self.notices {
            let Sent { notices, addressed, moot, .. } = sent;
            writeln!(f, "  {template:<25}         {notices:>8} {addressed:>9} {moot:>6}")?;
        }
        let Mails { digests, alone, in_digests, suppressed, waiting } = self.mails;
        writeln!(
            f,
            "mails: {} after coalescing: {digests} digests that carry {in_digests} notices, {alone} of their own; \
             {suppressed} never left, {waiting} wait",
            digests + alone
        )
    }

    fn slow(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "\nslowest")?;
        for slow in &self.slowest {
            let days = slow.days.map_or_else(|| "no reply".to_owned(), |days| format!("{days} days"));
            let verdict = if slow.in_time { "in time" } else { "late" };
            writeln!(f, "  line {:>5}  {}  {days:>9}  {verdict}", slow.line, slow.number)?;
        }
        Ok(())
    }

    fn refused(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = String::new();
        for RefusedAct { petition, event, problem } in self.refused_acts.iter().take(MOST_NAMED) {
            writeln!(out, "refused: {event} of petition {petition}: {problem}")?;
        }
        for Fault { line, column, field, problem } in self.refused_rows.iter().take(MOST_NAMED) {
            let field = field.map(|field| format!("{field}: ")).unwrap_or_default();
            writeln!(out, "row left out: {line}:{column}: {field}{problem}")?;
        }
        let (acts, rows) = (self.refused_acts.len(), self.refused_rows.len());
        if acts.max(rows) > MOST_NAMED {
            writeln!(out, "{acts} acts refused and {rows} mistakes in rows left out, in all")?;
        }
        if out.is_empty() { Ok(()) } else { write!(f, "\n{out}") }
    }
}
