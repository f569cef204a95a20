//! Clocks as people read them: status, dates, time left, what comes next, and how the date came about.

use huiyin_calendar::{Calendar, Instant, Line, Rule};
use serde::Serialize;

use super::dates::Side;
use super::{ClockRun, Status, words};
use crate::case::CaseState;
use crate::definition::{ClockDecl, Definition, LimitStatus, RungActions, Text};

/// One run of one clock.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClockView {
    /// Name.
    pub clock: String,
    /// Title.
    pub title: Text,
    /// Run, from 1.
    pub run: u32,
    /// `running`, `paused`, `met`, `late`, `void`.
    pub status: &'static str,
    /// The legal start.
    pub started_at: Instant,
    /// The legal end.
    pub ended_at: Option<Instant>,
    /// Effective due date; while paused, as if it ran again now.
    pub due_at: Instant,
    /// The office's own.
    pub policy_due: Option<Instant>,
    /// The law's.
    pub limit_due: Option<Instant>,
    /// Given by somebody else.
    pub given_due: Option<Instant>,
    /// Reaches into a year without a calendar: the earliest possible date.
    pub provisional: bool,
    /// Version of the due date.
    pub due_version: u32,
    /// Law and article.
    pub basis: Option<String>,
    /// Whether the article was read.
    pub basis_status: Option<LimitStatus>,
    /// Counted in minutes or hours, not in days.
    pub hours: bool,
    /// Time left, or since when it is over.
    pub remaining_text: Text,
    /// Stands still.
    pub paused: bool,
    /// What happens next if nobody acts.
    pub next_rung: Option<NextRung>,
    /// How the due date came about.
    pub derivation: Vec<Line>,
}

/// The next rung.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NextRung {
    /// When.
    pub at: Instant,
    /// Which and what, parties and events by their names in the language.
    pub what: Text,
    /// Which: `到期前 3 个工作日`.
    #[serde(skip)]
    pub which: Text,
    /// What it does, for those who know the names that people use.
    #[serde(skip)]
    pub does: RungActions,
}

impl CaseState {
    /// The latest run of every clock that was ever started, in document order.
    #[must_use]
    pub fn clocks_view(&self, def: &Definition, calendar: &Calendar, now: Instant) -> Vec<ClockView> {
        let runs = def.clocks.iter().zip(&self.clocks);
        runs.filter_map(|(decl, run)| run.as_ref().map(|run| view(decl, run, calendar, now))).collect()
    }
}

fn view(decl: &ClockDecl, run: &ClockRun, calendar: &Calendar, now: Instant) -> ClockView {
    let asked = now;
    let now = run.ended_at.unwrap_or(now);
    let open = run.pauses.last().or(run.limit_pauses.last()).is_some_and(|pause| pause.to.is_none());
    let moved = (run.is_running() && open).then(|| {
        let mut moved = run.clone();
        moved.reckon(decl, calendar, now, false);
        moved
    });
    let dates = moved.as_ref().unwrap_or(run);
    let (unit, _, _) = dates.counting(decl);
    let law = run.basis(decl);
    ClockView {
        clock: decl.name.clone(),
        title: decl.title.clone(),
        run: run.run,
        status: match run.status {
            Status::Running if run.paused => "paused",
            Status::Running => "running",
            Status::Met => "met",
            Status::Late => "late",
            Status::Void => "void",
        },
        started_at: run.started_at,
        ended_at: run.ended_at,
        due_at: dates.due,
        policy_due: dates.policy_due,
        limit_due: dates.limit_due,
        given_due: dates.given_due,
        provisional: dates.provisional,
        due_version: run.due_version,
        basis: law.map(|(basis, _)| basis.to_owned()),
        basis_status: law.map(|(_, status)| status),
        hours: !unit.counts_days(),
        remaining_text: words::remaining(run, dates.due, unit, calendar, asked),
        paused: run.is_running() && run.paused,
        next_rung: run.next.and_then(|(at, rung)| next_rung(decl, at, rung)),
        derivation: derivation(decl, dates, calendar, now),
    }
}

fn next_rung(decl: &ClockDecl, at: Instant, rung: u16) -> Option<NextRung> {
    let (en, zh) = words::rung(decl, rung);
    let does = ClockRun::does(decl, rung)?.clone();
    let deed = words::deed(&does);
    let what = Text { zh: format!("{zh}：{}", deed.zh), en: format!("{en}: {}", deed.en) };
    Some(NextRung { at, what, which: Text { zh, en }, does })
}

/// Each date by its own law, span and pauses, the law's first; last, which of them counts.
fn derivation(decl: &ClockDecl, run: &ClockRun, calendar: &Calendar, now: Instant) -> Vec<Line> {
    let dates = [(run.limit_due, Side::Limit), (run.policy_due, Side::Policy), (run.given_due, Side::Given)];
    let mut lines = Vec::new();
    if run.terms.is_some() {
        lines.push(line(
            "迁移到新版本时保留原期限".into(),
            "the term it was started under was kept when the workflow changed".into(),
        ));
    }
    for (at, side) in dates {
        let Some(at) = at else { continue };
        lines.push(basis(decl, run, side));
        let (_, span, pauses) = run.counted(decl, side);
        if let Some(span) = span {
            let rule = Rule { rolls: run.rolls(decl) };
            lines.extend(calendar.explain(run.started_at, &run.spans(span), rule, &pauses, now).lines);
        } else {
            for span in &run.extensions {
                lines.push(line(format!("延长 {}", span.zh()), format!("extended by {span}")));
            }
            let at = shown(calendar, at);
            lines.push(line(format!("到期：{at}"), format!("due: {at}")));
        }
    }
    if dates.iter().filter(|(at, _)| at.is_some()).count() != 1 {
        let (at, side) = run.effective();
        let (zh, en) = named(side);
        let at = shown(calendar, at);
        lines.push(line(format!("取较早者：{zh}，{at}"), format!("the earlier counts: {en}, {at}")));
    }
    lines
}

fn named(side: Side) -> (&'static str, &'static str) {
    match side {
        Side::Limit => ("法定期限", "the law's limit"),
        Side::Policy => ("本局内部时限", "the office's own target"),
        Side::Given => ("来文规定的期限", "the date given by the sender"),
    }
}

/// Date and time as the history of a case writes them.
fn shown(calendar: &Calendar, at: Instant) -> String {
    at.with_timezone(&calendar.zone()).format("%Y-%m-%d %H:%M").to_string()
}

fn basis(decl: &ClockDecl, run: &ClockRun, side: Side) -> Line {
    let confirmed = decl.limit.as_ref().and_then(|limit| limit.confirmed_by.as_ref());
    match (side, run.basis(decl)) {
        (Side::Limit, Some((basis, status))) => {
            let (zh, en) = status_words(status);
            let by =
                confirmed.map(|who| (format!("，{who} 确认"), format!(", confirmed by {who}"))).unwrap_or_default();
            line(format!("依据：{basis}（{zh}{}）", by.0), format!("basis: {basis} ({en}{})", by.1))
        }
        _ => {
            let (zh, en) = named(side);
            line(zh.into(), en.into())
        }
    }
}

fn status_words(status: LimitStatus) -> (&'static str, &'static str) {
    match status {
        LimitStatus::Verified => ("已核", "verified"),
        LimitStatus::Secondary => ("转引，待核", "read second-hand"),
        LimitStatus::Unverified => ("待核", "unverified"),
    }
}

fn line(zh: String, en: String) -> Line {
    Line { zh, en }
}
