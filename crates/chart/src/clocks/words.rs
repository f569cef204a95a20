//! Rungs and remaining time in words, zh and en.

use huiyin_calendar::{Calendar, Instant, Unit};

use super::{ClockRun, Status};
use crate::definition::{Anchor, ClockDecl, RungActions, Text};

/// A rung as written and as said: (`due - 3 working days`, `到期前 3 个工作日`).
pub(crate) fn rung(decl: &ClockDecl, rung: u16) -> (String, String) {
    let Some(rung) = decl.ladder.get(usize::from(rung)) else {
        let every = decl.repeat.as_ref().map(|repeat| repeat.every);
        return every.map_or_else(
            || ("every".into(), "再次".into()),
            |every| (format!("every {every}"), format!("此后每 {}", every.zh())),
        );
    };
    match rung.at {
        Anchor::Percent(percent) => (format!("{percent}%"), format!("已用时限的 {percent}%")),
        Anchor::Start(span) => (format!("start + {span}"), format!("起算后 {}", span.zh())),
        Anchor::Due { offset: None, .. } => ("due".into(), "到期".into()),
        Anchor::Due { before: true, offset: Some(span) } => (format!("due - {span}"), format!("到期前 {}", span.zh())),
        Anchor::Due { before: false, offset: Some(span) } => (format!("due + {span}"), format!("逾期 {}", span.zh())),
    }
}

/// What a rung does.
pub(super) fn deed(does: &RungActions) -> Text {
    let to: Vec<String> = does.notify.iter().map(crate::desk::recipient).collect();
    let mut zh = Vec::new();
    let mut en = Vec::new();
    if !to.is_empty() {
        zh.push(format!("通知 {}", to.join("、")));
        en.push(format!("notifies {}", to.join(", ")));
    }
    if let Some(event) = &does.raise {
        zh.push(format!("系统执行 {event}"));
        en.push(format!("raises {event}"));
    }
    if let Some(party) = &does.reassign {
        zh.push(format!("改由 {party} 负责"));
        en.push(format!("hands over to {party}"));
    }
    if let Some(mark) = &does.mark {
        zh.push(format!("标记 {mark}"));
        en.push(format!("marks {mark}"));
    }
    Text { zh: zh.join("；"), en: en.join("; ") }
}

/// Time left, or since when it is over.
pub(super) fn remaining(run: &ClockRun, due: Instant, unit: Unit, calendar: &Calendar, now: Instant) -> Text {
    let text = |zh: String, en: String| Text { zh, en };
    match run.status {
        Status::Met => return text("已按期完成".into(), "met in time".into()),
        Status::Late => return text("已完成，逾期".into(), "met late".into()),
        Status::Void => return text("已终止，不再计时".into(), "void".into()),
        Status::Running => {}
    }
    let (zh, en) = amount(due.max(now), due.min(now), unit, calendar);
    if run.paused {
        return text(format!("中止中，剩余 {zh}"), format!("paused, {en} left"));
    }
    if now > due {
        return text(format!("已逾期 {zh}"), format!("{en} overdue"));
    }
    let today = unit.counts_days() && calendar.date_of(now) == calendar.date_of(due);
    if today {
        text("今日到期".into(), "due today".into())
    } else {
        text(format!("剩余 {zh}"), format!("{en} left"))
    }
}

fn amount(later: Instant, earlier: Instant, unit: Unit, calendar: &Calendar) -> (String, String) {
    let n = calendar.left(earlier, later, unit);
    let plural = if n == 1 { "" } else { "s" };
    match unit {
        Unit::WorkingDay => (format!("{n} 个工作日"), format!("{n} working day{plural}")),
        Unit::WorkingHour => (format!("{n} 个工作小时"), format!("{n} working hour{plural}")),
        Unit::Day | Unit::Week | Unit::Month | Unit::Year => (format!("{n} 日"), format!("{n} day{plural}")),
        Unit::Hour | Unit::Minute | Unit::Second | Unit::Millisecond => {
            let minutes = (later - earlier).num_minutes();
            match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
                (0, 0, m) => (format!("{m} 分钟"), format!("{m} min")),
                (0, h, m) => (format!("{h} 小时 {m} 分钟"), format!("{h} h {m} min")),
                (d, h, _) => (format!("{d} 日 {h} 小时"), format!("{d} d {h} h")),
            }
        }
    }
}
