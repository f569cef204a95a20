//! Tells the engine what alarms have to say: one after another, each until it is answered.
//!
//! An alarm first asks the incident that the last alarm of the same rule and place belongs to; only if that one is closed
//! (or there is none) it opens its own. Asked again after a crash, the engine gives the same answers, so the way is the same.

use std::sync::Arc;
use std::time::Duration;

use huiyin_engine::{Actor, ActorKind, Answer, Command, EngineError, Target};
use huiyin_journal::JournalError;
use huiyin_journal::sensing::WaitingCommand;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Parts;
use super::lease::Turn;
use crate::registry::StationKind;
use crate::rules::{Alarm, Evidence};

/// Commands that are taken at once.
const MOST: u32 = 64;
/// How often is looked when nobody says that there is something.
const LOOK: Duration = Duration::from_secs(1);
/// The workflow that alarms open.
const WORKFLOW: &str = "incident";

/// Sends what waits.
#[derive(Debug)]
pub struct Teller {
    parts: Parts,
}

/// What became of a command.
enum Told {
    /// It belongs to this incident now.
    Done(Uuid, String),
    /// It changed nothing, and why.
    Refused(String),
}

/// It could not be told now.
#[derive(Debug, thiserror::Error)]
pub enum TellError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] JournalError),
    /// The engine does not answer.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

pub(super) async fn run(parts: Parts, decided: Arc<Notify>, turn: Arc<Turn>, stop: CancellationToken) {
    let teller = Teller::new(parts);
    while !stop.is_cancelled() {
        // Two may tell the same, which the engine recognises; one is enough.
        let told = if turn.was_ours() { teller.round().await } else { Ok(0) };
        match told {
            Ok(MOST) => continue,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "what alarms say cannot be told now; it is told again"),
        }
        let waits = async {
            let _ = tokio::time::timeout(LOOK, decided.notified()).await;
        };
        stop.run_until_cancelled(waits).await;
    }
}

impl Teller {
    /// Tells the engine of these parts.
    #[must_use]
    pub const fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// Tells what waits, in order; gives how many.
    ///
    /// # Errors
    /// When the store or the engine does not answer; what was told by then is settled.
    pub async fn round(&self) -> Result<u32, TellError> {
        let (scope, journal) = (&self.parts.scope, self.parts.engine.journal());
        let waiting = journal.waiting_alarm_commands(&scope.district, &scope.timeline, MOST).await?;
        let mut told = 0;
        for one in waiting {
            let (case, refused, words) = match self.tell(&one).await? {
                Told::Done(case, number) => (Some(case), false, number),
                Told::Refused(why) => (None, true, why),
            };
            if refused {
                tracing::warn!(alarm = %one.alarm.written.rule, place = %one.alarm.written.place, why = %words, "an alarm changed nothing");
            }
            journal.settle_alarm_command(&one.command, case, refused, &words, self.parts.clock.now()).await?;
            told += 1;
        }
        Ok(told)
    }

    async fn tell(&self, one: &WaitingCommand) -> Result<Told, TellError> {
        let Ok(alarm) = serde_json::from_str::<Alarm>(&one.command.body) else {
            return Ok(Told::Refused("the alarm does not read".to_owned()));
        };
        match one.command.what.as_str() {
            "raised" => self.raised(one, &alarm).await,
            what => match one.alarm.case {
                Some(case) => self.event(one, case, &alarm, what).await,
                None => Ok(Told::Refused("the alarm has no incident".to_owned())),
            },
        }
    }

    async fn raised(&self, one: &WaitingCommand, alarm: &Alarm) -> Result<Told, TellError> {
        let (scope, journal) = (&self.parts.scope, self.parts.engine.journal());
        let before = journal.alarm_before(&scope.district, &scope.timeline, &one.alarm.written).await?;
        if let Some(case) = before.and_then(|alarm| alarm.case)
            && let Told::Done(case, number) = self.event(one, case, alarm, "worse").await?
        {
            return Ok(Told::Done(case, number));
        }
        let target = Target::Open { workflow: WORKFLOW.to_owned(), data: self.opening(alarm), parent: None };
        self.send(Uuid::new_v5(&one.command.id, b"open"), alarm, target).await
    }

    async fn event(&self, one: &WaitingCommand, case: Uuid, alarm: &Alarm, what: &str) -> Result<Told, TellError> {
        let event = if what == "cleared" { "readings.clear" } else { "readings.worse" };
        let last = alarm.evidence.last();
        let mut data = json!({
            "rule": alarm.rule,
            "value": last.and_then(|reading| reading.value).unwrap_or_default(),
            "observed_at": last.map_or(alarm.at, |reading| reading.observed_at).to_rfc3339(),
        });
        if let Some(limit) = last.and_then(limit) {
            data["limit"] = json!(limit);
        }
        let target = Target::Event { case, event: event.to_owned(), data };
        self.send(Uuid::new_v5(&one.command.id, case.as_bytes()), alarm, target).await
    }

    async fn send(&self, id: Uuid, alarm: &Alarm, target: Target) -> Result<Told, TellError> {
        let actor = Actor {
            id: format!("rule:{}", alarm.rule),
            kind: ActorKind::Machine,
            roles: Vec::new(),
            units: Vec::new(),
            heads: Vec::new(),
        };
        let scope = &self.parts.scope;
        let command = Command { id, district: scope.district.clone(), timeline: scope.timeline.clone(), target, actor };
        Ok(match self.parts.engine.submit(command).await {
            Ok(Answer::Accepted(accepted)) => Told::Done(accepted.case, accepted.number),
            Ok(Answer::Refused(refused)) => {
                let details: Vec<String> =
                    refused.details.iter().map(|one| format!("{}: {}", one.path, one.message.en)).collect();
                Told::Refused(format!("{} {}", refused.message.en, details.join("; ")).trim().to_owned())
            }
            Ok(Answer::Conflict) => Told::Refused(format!("another command has the id {id}")),
            Err(EngineError::Quarantined { problem, .. }) => Told::Refused(problem),
            Err(error) => return Err(error.into()),
        })
    }

    /// What an incident is opened with. It was learned of when the rule said so.
    fn opening(&self, alarm: &Alarm) -> Value {
        let station = self.parts.registry.station(&alarm.place);
        let rule = self.parts.rules.rules().iter().find(|rule| rule.id == alarm.rule);
        let rule_name = rule.map_or(alarm.rule.as_str(), |rule| rule.name.zh.as_str());
        let place = station.map_or(alarm.place.as_str(), |station| station.name.zh.as_str());
        let category = match station.map(|station| station.kind) {
            Some(StationKind::RiverSection | StationKind::WasteWaterOutlet) => "water",
            Some(StationKind::Air | StationKind::Gas) => "air",
            Some(StationKind::Noise) | None => "other",
        };
        let last = alarm.evidence.last();
        let pollutant = last.map_or("", |reading| reading.pollutant.as_str());
        let mut data = json!({
            "title": shorter(&format!("{place}：{rule_name}"), 120),
            "content": shorter(&alarm.reason.zh, 4000),
            "source": "rule",
            "learned_at": alarm.at.to_rfc3339(),
            "category": category,
            "site": shorter(station.map_or("", |station| station.place.zh.as_str()), 200),
            "rule": alarm.rule,
            "station": alarm.place,
            "pollutant": if pollutant.is_empty() { "-" } else { pollutant },
            "value": last.and_then(|reading| reading.value).unwrap_or_default(),
            "since": alarm.start.to_rfc3339(),
        });
        if let Some(limit) = last.and_then(limit) {
            data["limit"] = json!(limit);
        }
        data
    }
}

/// The limit that a reading was held against, where it was one; a change or a window has none.
fn limit(reading: &Evidence) -> Option<f64> {
    let figure = reading.against.strip_prefix(['≤', '≥'])?.trim_start();
    let end = figure.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(figure.len());
    figure[..end].parse().ok()
}

fn shorter(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
