//! How a promise came to be broken: the journal of the case in dated lines. Built of titles, names of units and dates
//! alone: nothing that a petitioner said or that identifies a person is ever read for it.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use huiyin_calendar::Instant;
use huiyin_chart::definition::CountsAs;
use huiyin_chart::{Definition, Fact};
use huiyin_engine::{EngineError, Registry};
use huiyin_journal::Journal;
use huiyin_journal::read::TimelineEntry;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::broken::Promise;
use crate::names::Names;
use crate::words::Text;

const PAGE: u32 = 500;
/// What a line about a rung says.
const REMINDS: &str = "”提醒：";
/// Most lines of one story; beyond it the middle is left out, and told to be.
const MOST: usize = 40;

/// A dated line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoryLine {
    /// When.
    pub at: Instant,
    /// What happened.
    pub what: Text,
}

/// What a story is told with.
#[derive(Clone, Copy)]
pub struct Teller<'a> {
    /// The record.
    pub journal: &'a Journal,
    /// Definitions.
    pub registry: &'a Registry,
    /// Names of units and roles.
    pub names: &'a Names,
    /// The district's offset.
    pub zone: FixedOffset,
}

impl Teller<'_> {
    /// The story of a case as far as one promise goes.
    ///
    /// # Errors
    /// When the store does not answer, or has lost the definition of the case.
    pub async fn story(&self, case: Uuid, promise: Promise) -> Result<Vec<StoryLine>, EngineError> {
        let mut lines = Vec::new();
        let mut definition = None;
        let mut after = 0;
        loop {
            // Confidential values stay masked.
            let page = self.journal.timeline(case, after, PAGE, false).await?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            for entry in &page {
                let known = match &definition {
                    Some(known) => known,
                    None => {
                        let hash = entry.body["context"]["definition"].as_str().unwrap_or_default();
                        definition.insert(self.registry.definition_of(self.journal, hash).await?)
                    }
                };
                self.entry(entry, known, promise, &mut lines);
            }
        }
        Ok(shortened(lines))
    }

    fn entry(&self, entry: &TimelineEntry, definition: &Definition, promise: Promise, lines: &mut Vec<StoryLine>) {
        let mut say = |what: Text| lines.push(StoryLine { at: entry.at, what });
        match entry.kind.as_str() {
            "opened" => say(self.opened(entry)),
            "event" => {
                let name = entry.body["input"]["event"].as_str().unwrap_or_default();
                let event = definition.events.iter().find(|event| event.name == name);
                say(event.map_or_else(|| Text::new(name, name), |event| Text::new(&event.title.zh, &event.title.en)));
            }
            _ => {}
        }
        let rungs = words_of_rungs(&entry.body["effects"]);
        for fact in entry.body["facts"].as_array().into_iter().flatten() {
            // A fact of a kind that this version does not know is no part of a story.
            if let Ok(fact) = serde_json::from_value::<Fact>(fact.clone())
                && let Some(what) = self.fact(&fact, definition, promise, &rungs)
            {
                say(what);
            }
        }
    }

    fn opened(&self, entry: &TimelineEntry) -> Text {
        let received = entry.body["input"]["data"]["received_at"].as_str();
        let received = received.and_then(|text| DateTime::parse_from_rfc3339(text).ok());
        match received {
            Some(at) => {
                let at = self.day(at.to_utc());
                Text::new(format!("登记（{at} 收到）"), format!("registered (received {at})"))
            }
            None => Text::new("登记", "registered"),
        }
    }

    fn fact(
        &self,
        fact: &Fact,
        definition: &Definition,
        promise: Promise,
        rungs: &BTreeMap<String, String>,
    ) -> Option<Text> {
        let clock = |name: &str| counting(definition, promise, name);
        Some(match fact {
            Fact::OwnerChanged { state: None, to, .. } => {
                let party = self.names.party(to);
                Text::new(format!("转由{}负责", party.zh), format!("now with {}", party.en))
            }
            Fact::ClockStarted { clock: name, due, .. } => {
                let (title, due) = (clock(name)?, self.day(*due));
                Text::new(format!("“{}”开始计时，期限 {due}", title.zh), format!("“{}” begins, due {due}", title.en))
            }
            Fact::ClockResumed { clock: name, due, .. } => {
                let (title, due) = (clock(name)?, self.day(*due));
                Text::new(format!("“{}”恢复计时，期限 {due}", title.zh), format!("“{}” goes on, due {due}", title.en))
            }
            Fact::ClockPaused { clock: name, .. } => {
                let title = clock(name)?;
                Text::new(format!("“{}”中止计时", title.zh), format!("“{}” stands still", title.en))
            }
            Fact::ClockExtended { clock: name, due, .. } => {
                let (title, due) = (clock(name)?, self.day(*due));
                Text::new(format!("“{}”延期至 {due}", title.zh), format!("“{}” extended to {due}", title.en))
            }
            Fact::ClockMoved { clock: name, due, .. } => {
                let (title, due) = (clock(name)?, self.day(*due));
                Text::new(
                    format!("“{}”按公布的日历改为 {due}", title.zh),
                    format!("“{}” moved to {due} by the published calendar", title.en),
                )
            }
            Fact::RungFired { clock: name, key, rung, .. } => {
                let title = clock(name)?;
                let words = rungs.get(key).map_or(rung.as_str(), String::as_str);
                Text::new(format!("“{}{REMINDS}{words}", title.zh), format!("“{}” reminds: {rung}", title.en))
            }
            Fact::ClockMet(end) => {
                let (title, at) = (clock(&end.clock)?, self.day(end.at));
                Text::new(format!("“{}”于 {at} 办到", title.zh), format!("“{}” done on {at}", title.en))
            }
            Fact::ClockLate(end) => {
                let (title, at, due) = (clock(&end.clock)?, self.day(end.at), self.day(end.due));
                Text::new(
                    format!("“{}”于 {at} 才办到，超过期限 {due}", title.zh),
                    format!("“{}” done only on {at}, after {due}", title.en),
                )
            }
            Fact::ClockVoid(end) => {
                let (title, at) = (clock(&end.clock)?, self.day(end.at));
                Text::new(
                    format!("“{}”自 {at} 起不再计时", title.zh),
                    format!("“{}” no longer counts from {at}", title.en),
                )
            }
            Fact::Ended => Text::new("案件终结", "the case ended"),
            _ => return None,
        })
    }

    fn day(&self, at: Instant) -> String {
        at.with_timezone(&self.zone).format("%Y-%m-%d %H:%M").to_string()
    }
}

/// The title of a clock, if it counts for this promise.
fn counting<'d>(
    definition: &'d Definition,
    promise: Promise,
    name: &str,
) -> Option<&'d huiyin_chart::definition::Text> {
    let counts = match promise {
        Promise::Assigned => CountsAs::Assignment,
        Promise::Answered => CountsAs::Answer,
    };
    let clock = definition.clocks.iter().find(|clock| clock.name == name)?;
    (clock.counts_as == Some(counts)).then_some(&clock.title)
}

/// Rung → its words, from the notices that it sent.
fn words_of_rungs(effects: &Value) -> BTreeMap<String, String> {
    let notices = effects.as_array().into_iter().flatten().filter(|effect| effect["kind"] == "notify");
    let words =
        |effect: &Value| Some((effect["key"].as_str()?.to_owned(), effect["rung"]["words"].as_str()?.to_owned()));
    notices.filter_map(words).collect()
}

/// What says the same again and again is told once with how often and until when; of what is still long the middle goes.
fn shortened(lines: Vec<StoryLine>) -> Vec<StoryLine> {
    let mut out: Vec<(StoryLine, u32, Instant)> = Vec::new();
    for line in lines {
        // Reminders of several clocks take turns; what somebody did is told each time.
        let reminder = line.what.zh.contains(REMINDS);
        match out.iter_mut().find(|(told, ..)| reminder && told.what == line.what) {
            Some((_, times, until)) => (*times, *until) = (*times + 1, line.at),
            None => {
                let at = line.at;
                out.push((line, 1, at));
            }
        }
    }
    let again = |(mut line, times, until): (StoryLine, u32, Instant)| {
        if times > 1 {
            let day = until.format("%Y-%m-%d");
            line.what.zh.push_str(&format!("（共 {times} 次，至 {day}）"));
            line.what.en.push_str(&format!(" ({times} times, until {day})"));
        }
        line
    };
    let mut lines: Vec<StoryLine> = out.into_iter().map(again).collect();
    if lines.len() > MOST {
        let left_out = lines.len() - MOST + 1;
        let tail = lines.split_off(lines.len() - MOST / 2);
        lines.truncate(MOST / 2 - 1);
        let at = lines.last().map_or(tail[0].at, |line| line.at);
        let what = Text::new(format!("（略去 {left_out} 行）"), format!("({left_out} lines left out)"));
        lines.push(StoryLine { at, what });
        lines.extend(tail);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(n: i64, words: &str) -> StoryLine {
        StoryLine { at: DateTime::UNIX_EPOCH + chrono::TimeDelta::days(n), what: Text::new(words, words) }
    }

    #[test]
    fn the_same_again_is_told_once_with_how_often() {
        let told = shortened(vec![
            line(0, "登记"),
            line(1, "“办理”提醒：到期"),
            line(2, "“办理”提醒：到期"),
            line(3, "签收"),
            line(4, "“办理”提醒：到期"),
            line(5, "签收"),
        ]);
        let words: Vec<&str> = told.iter().map(|line| line.what.zh.as_str()).collect();
        assert_eq!(words, ["登记", "“办理”提醒：到期（共 3 次，至 1970-01-05）", "签收", "签收"]);
    }

    #[test]
    fn a_long_story_keeps_beginning_and_end_and_says_what_is_left_out() {
        let told = shortened((0..100).map(|n| line(n, &format!("第 {n}"))).collect());
        assert_eq!(told.len(), MOST);
        assert_eq!((told[0].what.zh.as_str(), told[MOST - 1].what.zh.as_str()), ("第 0", "第 99"));
        assert_eq!(told[MOST / 2 - 1].what.zh, "（略去 61 行）");
    }
}
