//! What would move, as the terminal shows it: one line a clock, refused cases with their reason, and the sum.

use chrono::FixedOffset;
use huiyin_engine::{CaseChange, ClockChange};
use huiyin_journal::Instant;

use crate::cli::Lang;

/// Writes it down for people.
pub(crate) fn written(changes: &[CaseChange], all: bool, zone: FixedOffset, lang: Lang) -> String {
    let words = Words { zone, lang };
    let mut out = String::new();
    for change in changes.iter().filter(|change| all || change.moves() || change.refused.is_some()) {
        out.push_str(&words.case(change));
    }
    out.push_str(&words.sum(changes));
    out
}

struct Words {
    zone: FixedOffset,
    lang: Lang,
}

impl Words {
    fn say<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        match self.lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }

    fn case(&self, change: &CaseChange) -> String {
        let (from, to) = (change.active.join(", "), change.becomes.join(", "));
        let states = if change.refused.is_some() || from == to { from } else { format!("{from} → {to}") };
        let mut out = format!("{}  v{}  [{states}]\n", change.number, change.version);
        if let Some(refused) = &change.refused {
            let reason = self.say(&refused.message.zh, &refused.message.en);
            out.push_str(&format!("    {}{reason}\n", self.say("不能变动：", "stays as it is: ")));
            for detail in &refused.details {
                out.push_str(&format!("      {}: {}\n", detail.path, self.say(&detail.message.zh, &detail.message.en)));
            }
            return out;
        }
        for clock in &change.clocks {
            out.push_str(&self.clock(clock));
        }
        for timer in &change.timers {
            let at = self.time(timer.at);
            out.push_str(&format!("    {} {}  {at}\n", self.say("定时", "timer"), timer.key));
        }
        if !change.fields.is_empty() {
            let fields = change.fields.join(", ");
            out.push_str(&format!("    {}{fields}\n", self.say("新字段取默认值：", "new fields get their defaults: ")));
        }
        out
    }

    fn clock(&self, clock: &ClockChange) -> String {
        let date = |at: Option<Instant>, provisional: bool, none: &str| match at {
            Some(at) if provisional => format!("{}{}", self.time(at), self.say("（暂定）", " (provisional)")),
            Some(at) => self.time(at),
            None => none.to_owned(),
        };
        let before = date(clock.due_before, clock.provisional_before, self.say("新开始计时", "begins"));
        let after = date(clock.due_after, clock.provisional_after, self.say("不再计时", "no longer runs"));
        let title = self.say(&clock.title.zh, &clock.title.en);
        let rule = clock.rule.as_ref().map(|rule| format!("  {rule}")).unwrap_or_default();
        let by = clock.difference_seconds.map(|by| format!("  {}", self.difference(by))).unwrap_or_default();
        format!("    {} {title}: {before} → {after}{by}{rule}\n", clock.clock)
    }

    fn difference(&self, seconds: i64) -> String {
        let sign = if seconds < 0 { "-" } else { "+" };
        match (seconds.abs() / 86_400, seconds.abs() / 3600 % 24, seconds.abs() / 60 % 60) {
            _ if seconds == 0 => self.say("不变", "the same").to_owned(),
            (days, 0, 0) => format!("{sign}{days} {}", self.say("日", "d")),
            (days, hours, 0) => format!("{sign}{days} {} {hours} {}", self.say("日", "d"), self.say("小时", "h")),
            (days, hours, minutes) => format!(
                "{sign}{days} {} {hours} {} {minutes} {}",
                self.say("日", "d"),
                self.say("小时", "h"),
                self.say("分", "min")
            ),
        }
    }

    fn sum(&self, changes: &[CaseChange]) -> String {
        let refused = changes.iter().filter(|change| change.refused.is_some()).count();
        let moving = changes.iter().filter(|change| change.refused.is_none() && change.moves()).count();
        let (all, go) = (changes.len(), changes.len() - refused);
        match self.lang {
            Lang::Zh => {
                format!("{all} 件在办案件：{go} 件可以变动（其中 {moving} 件期限有变），{refused} 件不能变动\n")
            }
            Lang::En => {
                format!("{all} open cases: {go} can go ({moving} of them with dates that move), {refused} stay\n")
            }
        }
    }

    fn time(&self, at: Instant) -> String {
        at.with_timezone(&self.zone).format("%Y-%m-%d %H:%M").to_string()
    }
}
