//! A due date in words: start, what is counted, what is skipped and why, pauses, rolling, what is provisional.
//! Made only when somebody asks: it walks the days one by one, which counting never does.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate};
use serde::Serialize;

use crate::{
    Calendar, Due, Instant, Pause, Rule, Span, Unit,
    count::merged,
    days::{DayNo, Kind, date},
};

/// How a due date came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Derivation {
    /// The end.
    #[serde(skip)]
    pub due: Due,
    /// In order of reasoning; the last line names the end.
    pub lines: Vec<Line>,
}

/// One sentence in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Line {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Line {
    fn new(zh: String, en: String) -> Self {
        Self { zh, en }
    }
}

impl Calendar {
    /// Explains [`Calendar::due_after`]: `spans` is the term and then its extensions.
    #[must_use]
    pub fn explain(&self, start: Instant, spans: &[Span], rule: Rule, pauses: &[Pause], now: Instant) -> Derivation {
        let mut lines = Vec::new();
        let mut from = start;
        let mut provisional = false;
        for (ix, &span) in spans.iter().enumerate() {
            let last = ix + 1 == spans.len();
            let due = self.due(from, span, Rule { rolls: rule.rolls && last }, pauses, now);
            lines.push(if ix == 0 { self.opening(from, span) } else { self.extension(from, span) });
            self.between(&mut lines, from, span, pauses, now, due.at);
            if last {
                self.ending(&mut lines, from, span, rule, pauses, now, due.at);
            }
            provisional |= due.provisional;
            from = due.at;
        }
        let due = Due { at: from, provisional };
        if provisional {
            lines.push(self.reservation(start, due.at));
        }
        lines.push(self.closing(due.at));
        Derivation { due, lines }
    }

    fn opening(&self, from: Instant, span: Span) -> Line {
        let at = self.minute(from);
        match span.unit {
            Unit::WorkingHour => Line::new(
                format!("自 {at} 起算，期限 {}，只计工作日的办公时间（{}），当时起算", span.zh(), self.hours().text()),
                format!("from {at}, {span}, counted inside office hours ({}) of working days", self.hours().text()),
            ),
            unit if unit.counts_days() => {
                let (zh, en) = match unit {
                    Unit::WorkingDay => ("不计休息日和节假日", "days off do not count"),
                    _ => ("节假日计入", "days off count"),
                };
                Line::new(
                    format!("自 {at} 起算，期限 {}，从次日计起，{zh}（民法典第二百零一条）", span.zh()),
                    format!("from {at}, {span}, counted from the next day, {en} (Civil Code Art. 201)"),
                )
            }
            _ => Line::new(
                format!("自 {at} 起算，期限 {}，当时起算，昼夜连续，不推至次日", span.zh()),
                format!("from {at}, {span}, running day and night from that instant, not from the next day"),
            ),
        }
    }

    fn extension(&self, from: Instant, span: Span) -> Line {
        let until = self.date_of(from);
        Line::new(
            format!("原期限至 {until}，延长 {}", span.zh()),
            format!("the term ended {until}, extended by {span}"),
        )
    }

    /// What lies between start and end: make-up days, days off, pauses.
    fn between(&self, lines: &mut Vec<Line>, from: Instant, span: Span, pauses: &[Pause], now: Instant, due: Instant) {
        let (start, end) = (self.split(from).0, self.split(due).0);
        if span.unit.is_working() {
            let first = if span.unit == Unit::WorkingDay { start + 1 } else { start };
            let pauses = merged(pauses, from, now);
            let paused = if span.unit.counts_days() { self.paused_days(start, &pauses) } else { Vec::new() };
            self.days_off(lines, first, end, &paused);
        }
        let pauses = merged(pauses, from, now);
        for &(a, b) in pauses.iter().filter(|&&(a, _)| a <= due) {
            let (a_text, b_text) = (self.minute(a), self.minute(b));
            if !span.unit.counts_days() {
                lines.push(Line::new(
                    format!("{a_text} 至 {b_text} 中止，不计"),
                    format!("paused from {a_text} to {b_text}, not counted"),
                ));
                continue;
            }
            for (first, last) in self.paused_days(start, &[(a, b)]) {
                let n = if span.unit == Unit::WorkingDay {
                    self.rank(last + 1) - self.rank(first)
                } else {
                    last - first + 1
                };
                let (zh, en) =
                    if span.unit == Unit::WorkingDay { ("个工作日", "working days") } else { ("日", "days") };
                let (f, l) = (date(first), date(last));
                lines.push(Line::new(
                    format!("{a_text} 至 {b_text} 中止：{f} 至 {l} 全部或部分中止，均不计（{n} {zh}）"),
                    format!("paused from {a_text} to {b_text}: {f} to {l} were wholly or partly paused and do not count ({n} {en})"),
                ));
            }
        }
    }

    /// Named holidays one range a line, weekends summed up, make-up days named, those that are paused as such.
    fn days_off(&self, lines: &mut Vec<Line>, first: DayNo, last: DayNo, paused: &[(DayNo, DayNo)]) {
        let mut weekends = 0;
        let mut day = first;
        while day <= last {
            let kind = self.kind(day);
            let mut until = day;
            match kind {
                Kind::Weekend => weekends += 1,
                Kind::MakeUp(name) if paused.iter().any(|&(from, to)| (from..=to).contains(&day)) => {
                    lines.push(Line::new(
                        format!("{} 为{}调休上班日，但在中止期间，不计", self.day(day).0, name.zh),
                        format!(
                            "{} is a make-up working day for {}, but paused, not counted",
                            self.day(day).1,
                            name.en
                        ),
                    ));
                }
                Kind::MakeUp(name) => lines.push(Line::new(
                    format!("{} 为{}调休上班日，计入", self.day(day).0, name.zh),
                    format!("{} is a make-up working day for {}, counted", self.day(day).1, name.en),
                )),
                Kind::Holiday(name) => {
                    while until < last && self.kind(until + 1) == kind {
                        until += 1;
                    }
                    let (a, b, n) = (date(day), date(until), until - day + 1);
                    let (zh, en) = if n == 1 {
                        (format!("{a}"), format!("{a}"))
                    } else {
                        (format!("{a} 至 {b}"), format!("{a} to {b}"))
                    };
                    lines.push(Line::new(
                        format!("{zh} {}放假 {n} 日，不计", name.zh),
                        format!("{en}: {}, {n} day{} off, not counted", name.en, if n == 1 { "" } else { "s" }),
                    ));
                }
                Kind::Working | Kind::Assumed => {}
            }
            day = until + 1;
        }
        if weekends > 0 {
            lines.push(Line::new(
                format!("其余周末 {weekends} 日，不计"),
                format!("{weekends} other weekend day{}, not counted", if weekends == 1 { "" } else { "s" }),
            ));
        }
    }

    /// The last day: rolled, or a day off that is kept as the earlier date.
    #[allow(clippy::too_many_arguments, reason = "the arguments of the count it explains")]
    fn ending(
        &self,
        lines: &mut Vec<Line>,
        from: Instant,
        span: Span,
        rule: Rule,
        pauses: &[Pause],
        now: Instant,
        due: Instant,
    ) {
        if !span.unit.counts_days() {
            return;
        }
        let unrolled = self.split(self.due(from, span, Rule { rolls: false }, pauses, now).at).0;
        if self.kind(unrolled).worked() {
            return;
        }
        let ((zh, en), to) = (self.day(unrolled), self.split(due).0);
        lines.push(if rule.rolls {
            Line::new(
                format!("末日 {zh} 为休息日，顺延至 {}（民法典第二百零三条）", self.day(to).0),
                format!("the last day {en} is a day off and moves to {} (Civil Code Art. 203)", self.day(to).1),
            )
        } else {
            Line::new(
                format!("末日 {zh} 为休息日；未设顺延，按较早日期计"),
                format!("the last day {en} is a day off; nothing rolls forward here, the earlier date stands"),
            )
        });
    }

    fn reservation(&self, start: Instant, due: Instant) -> Line {
        let (from, to) = (self.split(start).0, self.split(due).0);
        let year = self.unpublished(from, to).unwrap_or_else(|| date(to).year());
        Line::new(
            format!(
                "{year} 年放假安排尚未收录：该年每日均按工作日计，不顺延，此为最早可能日期（暂定），收录后只会推后"
            ),
            format!(
                "the calendar of {year} is not published here: its every day counts as a working day and nothing rolls; this is the earliest possible date (provisional), it can only move later"
            ),
        )
    }

    fn closing(&self, due: Instant) -> Line {
        let local = due.with_timezone(&self.zone());
        let (zh, en) = self.day(self.split(due).0);
        let time = local.format("%H:%M:%S");
        Line::new(format!("到期：{zh} {time}"), format!("due: {en} {time}"))
    }

    fn minute(&self, at: Instant) -> String {
        at.with_timezone(&self.zone()).format("%Y-%m-%d %H:%M").to_string()
    }

    /// A day with its weekday, zh and en.
    fn day(&self, day: DayNo) -> (String, String) {
        let date: NaiveDate = date(day);
        let zh = ["一", "二", "三", "四", "五", "六", "日"][date.weekday().num_days_from_monday() as usize];
        (format!("{date}（周{zh}）"), format!("{date} ({})", date.weekday()))
    }

    /// RFC 3339 with the district's offset, whole seconds: how due dates are shown.
    #[must_use]
    pub fn shown(&self, at: Instant) -> String {
        let local: DateTime<FixedOffset> = at.with_timezone(&self.zone());
        local.to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
    }
}
