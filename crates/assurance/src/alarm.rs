//! Alarms on the system itself: what must not be, with its threshold. The one place of thresholds; who is told, and that
//! each occurrence is told once, is the scheduler's.

use chrono::{Datelike as _, NaiveDate};
use serde::Serialize;

use crate::health::Health;
use crate::words::Text;

/// A timer older than this says that timers do not fire, seconds.
pub const TIMER_SECONDS: f64 = 60.0;
/// A rung that fired later than this in the last 24 hours, seconds.
pub const RUNG_SECONDS: f64 = 60.0;
/// So many mails refused and tried again say that a relay is down.
pub const MAILS_RETRIED: u64 = 5;
/// From this month on the calendar of the next year must be there: it is published in November.
pub const CALENDAR_MONTH: u32 = 12;

/// One alarm, raised or not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alarm {
    /// Stable name.
    pub name: &'static str,
    /// It is raised.
    pub raised: bool,
    /// What is measured now.
    pub value: f64,
    /// Raised above this.
    pub above: f64,
    /// What it says and what to do.
    pub words: Text,
}

/// What alarms look at beside the figures.
#[derive(Clone, Copy, Debug)]
pub struct Around {
    /// Today, local.
    pub today: NaiveDate,
    /// Last year whose calendar is published; none: no calendar at all.
    pub last_year: Option<i32>,
    /// Commands and cases set aside now.
    pub set_aside: u64,
    /// The clock is moved by hand: after each move rungs fire late by as much, which says nothing about the house.
    pub clock_moves: bool,
}

/// Every alarm, raised or not, in a fixed order.
#[must_use]
pub fn alarms(health: &Health, around: Around) -> Vec<Alarm> {
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    let count = |n: u64| n as f64;
    let alarm = |name, value: f64, above: f64, zh: &str, en: &str| Alarm {
        name,
        raised: value > above,
        value,
        above,
        words: Text::new(zh, en),
    };
    let rung = if around.clock_moves { 0.0 } else { health.rung_latest_seconds };
    let next_year = around.last_year.is_none_or(|year| year <= around.today.year());
    let calendar = u64::from(next_year && around.today.month() >= CALENDAR_MONTH);
    vec![
        alarm(
            "timers",
            health.oldest_timer_seconds,
            TIMER_SECONDS,
            "最早的定时器迟未触发（秒）：检查引擎进程和数据库",
            "a timer has not fired for so many seconds: look at the engine and the database",
        ),
        alarm(
            "clocks_without_timer",
            count(health.clocks_without_timer),
            0.0,
            "有时限没有定时器：运行 huiyin verify 并报告",
            "clocks run without a timer: run huiyin verify and report it",
        ),
        alarm(
            "rungs_late",
            rung,
            RUNG_SECONDS,
            "近 24 小时有提醒迟发（秒）：服务曾停或过载，核对这段时间的提醒",
            "a rung fired late by so many seconds within 24 hours: the service was down or too slow; look at that time",
        ),
        alarm(
            "mails_failed",
            count(health.mails_failed_lately),
            0.0,
            "近 24 小时有邮件最终未被接受：见邮件页，改正地址或另行通知",
            "mails were given up within 24 hours: see the mails, correct the address or tell the person otherwise",
        ),
        alarm(
            "mails_retried",
            count(health.mails_retried),
            count(MAILS_RETRIED - 1),
            "多封邮件被拒收、等待重试：检查邮件服务器",
            "many mails are refused and wait for another attempt: look at the relay",
        ),
        alarm(
            "cases_unreadable",
            count(health.cases_unreadable),
            0.0,
            "有案件无法由日志重演：运行 huiyin verify 并报告",
            "cases cannot be lived through again from their journal: run huiyin verify and report it",
        ),
        alarm(
            "commands_quarantined",
            count(around.set_aside),
            0.0,
            "有指令或案件无法执行而被搁置：运行 huiyin quarantine list 并报告",
            "commands or cases could not be carried out and were set aside: run huiyin quarantine list and report it",
        ),
        alarm(
            "calendar",
            count(calendar),
            0.0,
            "下一年度工作日安排尚未载入：期限为暂定，请更新 calendars",
            "the calendar of the next year is not there: due dates are provisional; add it to calendars",
        ),
    ]
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn around(day: &str, last_year: i32) -> Around {
        Around { today: day.parse().unwrap(), last_year: Some(last_year), set_aside: 0, clock_moves: false }
    }

    fn raised(health: &Health, around: Around) -> Vec<&'static str> {
        alarms(health, around).into_iter().filter(|alarm| alarm.raised).map(|alarm| alarm.name).collect()
    }

    #[test]
    fn a_sound_house_raises_none_and_each_figure_its_own() {
        let sound = Health { oldest_timer_seconds: 60.0, mails_retried: 4, unassigned: 9, ..Health::default() };
        assert!(raised(&sound, around("2026-11-24", 2026)).is_empty());
        let ill = [
            (Health { oldest_timer_seconds: 60.1, ..Health::default() }, "timers"),
            (Health { clocks_without_timer: 1, ..Health::default() }, "clocks_without_timer"),
            (Health { rung_latest_seconds: 61.0, ..Health::default() }, "rungs_late"),
            (Health { mails_failed_lately: 1, ..Health::default() }, "mails_failed"),
            (Health { mails_retried: 5, ..Health::default() }, "mails_retried"),
            (Health { cases_unreadable: 1, ..Health::default() }, "cases_unreadable"),
        ];
        for (health, name) in ill {
            assert_eq!(raised(&health, around("2026-11-24", 2026)), [name]);
        }
    }

    #[test]
    fn the_next_calendar_is_missed_from_december_on() {
        assert_eq!(raised(&Health::default(), around("2026-12-01", 2026)), ["calendar"]);
        assert!(raised(&Health::default(), around("2026-12-01", 2027)).is_empty());
    }

    #[test]
    fn a_clock_moved_by_hand_raises_nothing_about_late_rungs() {
        let moved = Around { clock_moves: true, ..around("2026-11-24", 2026) };
        assert!(raised(&Health { rung_latest_seconds: 86_400.0, ..Health::default() }, moved).is_empty());
    }
}
