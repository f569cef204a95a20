//! The lamp of a case and the time left in words: colour is never the only sign.
//!
//! Pure: from the due date and now. Grey: nothing runs. Red: over. Yellow: three days or less. Green: more.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::views::Text;

/// Yellow begins this long before the due date.
pub(crate) const NEAR: TimeDelta = TimeDelta::days(3);

/// How urgent a case is at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Lamp {
    /// In time.
    Green,
    /// Soon due.
    Yellow,
    /// Over.
    Red,
    /// Closed, or no deadline runs.
    Grey,
}

impl Lamp {
    /// The lamp of a case.
    #[must_use]
    pub fn of(closed: bool, overdue: bool, due: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        match due {
            _ if closed => Self::Grey,
            _ if overdue => Self::Red,
            None => Self::Grey,
            Some(due) if due < now => Self::Red,
            Some(due) if due - now <= NEAR => Self::Yellow,
            Some(_) => Self::Green,
        }
    }
}

/// Time left until the due date, or how long it is over.
#[must_use]
pub fn due_text(closed: bool, due: Option<DateTime<Utc>>, provisional: bool, now: DateTime<Utc>) -> Text {
    if closed {
        return Text::new("已办结", "closed");
    }
    let Some(due) = due else {
        return Text::new("无在办时限", "no deadline running");
    };
    let over = due < now;
    let (zh, en) = span(if over { now - due } else { due - now });
    let mut text = if over {
        Text::new(format!("已超期{zh}"), format!("overdue by {en}"))
    } else {
        Text::new(format!("剩余{zh}"), format!("{en} left"))
    };
    if provisional {
        text.zh.push_str("（暂定）");
        text.en.push_str(" (provisional)");
    }
    text
}

fn span(length: TimeDelta) -> (String, String) {
    let (days, hours, minutes) = (length.num_days(), length.num_hours(), length.num_minutes());
    let many = |n: i64, one: &str| {
        if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
    };
    if days >= 1 {
        (format!("{days}天"), many(days, "day"))
    } else if hours >= 1 {
        (format!("{hours}小时"), many(hours, "hour"))
    } else {
        (format!("{minutes}分钟"), many(minutes, "minute"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_lamp_turns_yellow_three_days_before_and_red_after() {
        let now = at("2026-11-23T01:00:00Z");
        let lamp = |due: &str| Lamp::of(false, false, Some(at(due)), now);
        assert_eq!(lamp("2026-11-26T01:00:01Z"), Lamp::Green);
        assert_eq!(lamp("2026-11-26T01:00:00Z"), Lamp::Yellow);
        assert_eq!(lamp("2026-11-23T00:59:59Z"), Lamp::Red);
        assert_eq!(Lamp::of(false, false, None, now), Lamp::Grey);
        assert_eq!(Lamp::of(true, true, Some(now), now), Lamp::Grey);
        assert_eq!(Lamp::of(false, true, Some(at("2026-12-30T00:00:00Z")), now), Lamp::Red);
    }

    #[test]
    fn time_left_reads_in_both_languages() {
        let now = at("2026-11-23T01:00:00Z");
        assert_eq!(due_text(false, Some(at("2026-11-25T02:00:00Z")), false, now), Text::new("剩余2天", "2 days left"));
        assert_eq!(
            due_text(false, Some(at("2026-11-22T23:30:00Z")), true, now),
            Text::new("已超期1小时（暂定）", "overdue by 1 hour (provisional)")
        );
        assert_eq!(due_text(true, None, false, now).zh, "已办结");
    }
}
