//! What happened to a clock, in words: the facts of the journal as people read them.

use chrono::FixedOffset;
use huiyin_calendar::Instant;

use crate::definition::Text;
use crate::outcome::{ClockEnd, Fact};

/// A fact about a clock, in words without its title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told<'f> {
    /// Clock.
    pub clock: &'f str,
    /// Run, from 1.
    pub run: u32,
    /// What happened.
    pub what: Text,
}

impl Fact {
    /// What the fact says about a clock; none when it is about something else. Times are shown in `zone`.
    #[must_use]
    pub fn of_clock(&self, zone: FixedOffset) -> Option<Told<'_>> {
        let time = |at: &Instant| at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string();
        let (clock, run, zh, en) = match self {
            Self::ClockStarted { clock, run, due, provisional, .. } => {
                let (zh, en) = if *provisional { ("（暂定）", " (provisional)") } else { ("", "") };
                let due = time(due);
                (clock, run, format!("开始计时，{due} 到期{zh}"), format!("started, due {due}{en}"))
            }
            Self::ClockMet(ClockEnd { clock, run, .. }) => {
                (clock, run, "按期完成".to_owned(), "met in time".to_owned())
            }
            Self::ClockLate(ClockEnd { clock, run, due, .. }) => {
                let due = time(due);
                (clock, run, format!("逾期完成（应于 {due} 前）"), format!("met late (was due {due})"))
            }
            Self::ClockVoid(ClockEnd { clock, run, .. }) => {
                (clock, run, "不再适用".to_owned(), "no longer owed".to_owned())
            }
            Self::ClockPaused { clock, run, part } => {
                let (zh, en) = if part == "limit" { ("（法定期限）", " (the law's limit)") } else { ("", "") };
                (clock, run, format!("暂停计时{zh}"), format!("paused{en}"))
            }
            Self::ClockResumed { clock, run, due, .. } => {
                let due = time(due);
                (clock, run, format!("恢复计时，{due} 到期"), format!("runs again, due {due}"))
            }
            Self::ExtensionAsked { clock, run, .. } => {
                (clock, run, "申请延期".to_owned(), "more time was asked for".to_owned())
            }
            Self::ClockExtended { clock, run, by, due, approved_by, reason, .. } => {
                let due = time(due);
                let (zh, en) = reason.as_ref().map_or_else(Default::default, |reason| {
                    (format!("，理由：{reason}"), format!(", because: {reason}"))
                });
                let zh = format!("延长 {}，{due} 到期（{approved_by} 批准{zh}）", by.zh());
                (clock, run, zh, format!("extended by {by}, due {due} (approved by {approved_by}{en})"))
            }
            Self::ClockMoved { clock, run, due, .. } => {
                let due = time(due);
                (clock, run, format!("按公布的日历改为 {due} 到期"), format!("settled by the calendar: due {due}"))
            }
            Self::ClockMigrated { clock, run, rule, from, due, .. } => {
                let (from, due) = (time(from), time(due));
                let (zh, en) = match rule.as_str() {
                    "recompute" => ("按新版本重算", "worked out anew by the new version"),
                    "keep" => ("转入新版本，期限不变", "kept in the new version"),
                    _ => ("转入新版本，提醒按新版本", "goes on in the new version, with its reminders"),
                };
                (clock, run, format!("{zh}：{from} → {due}"), format!("{en}: {from} → {due}"))
            }
            Self::RungFired { clock, run, rung, raised, .. } => {
                let (zh, en) = raised.as_ref().map_or_else(Default::default, |event| {
                    (format!("，系统执行 {event}"), format!(", raised {event}"))
                });
                (clock, run, format!("到达提醒节点 {rung}{zh}"), format!("reached {rung}{en}"))
            }
            _ => return None,
        };
        Some(Told { clock, run: *run, what: Text { zh, en } })
    }
}
