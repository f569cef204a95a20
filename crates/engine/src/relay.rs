//! The relay: takes effects from the outbox and hands them on. Messages go to the bus; openings and events for other
//! cases become commands, whose ids are derived from the effect, so that repeating one changes nothing.
//!
//! What was just committed is told by [`crate::tell`] where there are many processes; what that leaves over comes here.
//! Notices and papers are not its business: `notify` takes those from the outbox itself.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use huiyin_bus::Message;
use huiyin_chart::Effect;
use huiyin_journal::{CaseRecord, Instant, OutboxItem};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::command::{Actor, ActorKind, Answer, Command, EngineError, Parent, Target};
use crate::core::Core;
use crate::ids;
use crate::metrics::add;

/// What the relay takes.
pub(crate) const KINDS: [&str; 4] = ["emit", "open", "send", "committed"];
/// What goes to the bus, which may be away.
pub(crate) const TOLD: [&str; 2] = ["emit", "committed"];
/// What becomes a command.
pub(crate) const DONE: [&str; 2] = ["open", "send"];
/// How long a taken effect is kept from others.
pub(crate) const LEASE: chrono::Duration = chrono::Duration::seconds(30);
/// How long more is gathered before the bus of many processes is told: what is told together is forgotten in one step.
pub(crate) const GATHER: Duration = Duration::from_millis(25);
/// How often it is looked for effects of which nobody told.
const LOOK: Duration = Duration::from_secs(1);
/// The same for what is told from memory: each look passes over what was told since the last one.
const LOOK_FOR_LEFT: Duration = Duration::from_secs(5);
/// Longest wait between two tries.
const LONGEST_RETRY: i64 = 300;

/// Hands effects of these kinds on until it is told to stop. Two of them run, so that a bus that is away keeps no opening
/// waiting.
pub(crate) async fn relay(core: Arc<Core>, kinds: &'static [&'static str], stop: CancellationToken) {
    let (wakes, gather, look) = match *kinds == TOLD {
        // What was committed is told from memory: only what was left over is looked for.
        true if core.bus.durable() => (&core.told, true, LOOK_FOR_LEFT),
        true => (&core.told, false, LOOK),
        false => (&core.done, false, LOOK),
    };
    while !stop.is_cancelled() {
        let woken = wakes.notified();
        tokio::pin!(woken);
        woken.as_mut().enable();
        core.relayed.now();
        match core.relay_once(kinds).await {
            Ok(0) => {
                tokio::select! {
                    () = &mut woken => if gather { tokio::time::sleep(GATHER).await },
                    () = tokio::time::sleep(look) => {}
                    () = stop.cancelled() => {}
                }
            }
            Ok(_) => tokio::task::yield_now().await,
            Err(e) => {
                tracing::warn!(%e, "effects could not be handed on; trying again");
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        }
    }
}

/// What becomes of an effect.
enum Handed {
    /// Handed on; what came of it.
    Done(String),
    /// To be tried again.
    Again(String),
    /// Can never be handed on, or the other case refused it: somebody has to look.
    Never(String),
}

fn no_case() -> Handed {
    Handed::Never("its case does not exist".into())
}

impl Core {
    /// Hands on one bounded batch of effects. Returns how many were taken.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(crate) async fn relay_once(&self, kinds: &[&str]) -> Result<usize, EngineError> {
        let now = self.clock.now();
        let districts = self.registry.districts();
        let items = self.claim(kinds, &districts, now).await?;
        let (told, done): (Vec<_>, Vec<_>) = items.iter().partition(|item| TOLD.contains(&item.kind.as_str()));
        self.tell_all(&told).await?;
        for item in done {
            let handed = self.hand_on(item).await.unwrap_or_else(|e| Handed::Again(e.to_string()));
            self.remember(item, handed).await?;
        }
        add(&self.counters.relayed, items.len());
        Ok(items.len())
    }

    /// Puts messages on the bus in their order, all of them under way at once: each waits for the disk of the bus, and a bus
    /// that is away is waited for once.
    async fn tell_all(&self, items: &[&OutboxItem]) -> Result<(), EngineError> {
        let mut messages = Vec::with_capacity(items.len());
        for item in items {
            messages.push(self.message_of(item).await.unwrap_or_else(|e| Err(Handed::Again(e.to_string()))));
        }
        let told = messages
            .into_iter()
            .map(|message| async move { self.bus.publish(&message?).await.map_err(|e| Handed::Again(e.to_string())) });
        let mut forgotten = Vec::with_capacity(items.len());
        for (item, told) in items.iter().zip(join_all(told).await) {
            match told {
                Ok(()) if item.kind == "committed" => forgotten.push(item.key.as_str()),
                Ok(()) => self.remember(item, Handed::Done("published".into())).await?,
                Err(handed) => self.remember(item, handed).await?,
            }
        }
        Ok(self.journal.effects_forgotten(&forgotten).await?)
    }

    /// What the bus is told of an effect.
    async fn message_of(&self, item: &OutboxItem) -> Result<Result<Message, Handed>, EngineError> {
        if item.kind == "committed" {
            let read = serde_json::from_str(&item.payload);
            return Ok(read.map_err(|e| Handed::Never(format!("the payload does not read: {e}"))));
        }
        let Some(record) = self.journal.case(item.case).await? else { return Ok(Err(no_case())) };
        Ok(match self.effect(item).await? {
            Ok(Effect::Emit { event, data, .. }) => Ok(message(&record, &item.key, &event, item.created_at, data)),
            Ok(_) => Err(Handed::Never("not a message".into())),
            Err(problem) => Err(Handed::Never(problem)),
        })
    }

    /// Remembers what became of an effect.
    async fn remember(&self, item: &OutboxItem, handed: Handed) -> Result<(), EngineError> {
        match handed {
            Handed::Done(result) => drop(self.journal.effect_done(item, &result).await?),
            Handed::Again(why) => {
                add(&self.counters.relay_failed, 1);
                let wait = chrono::Duration::seconds((1_i64 << item.attempts.min(9)).min(LONGEST_RETRY));
                self.journal.effect_retry_at(item, self.clock.now() + wait, &why).await?;
            }
            Handed::Never(why) => self.give_up(item, &why).await?,
        }
        Ok(())
    }

    /// Effects of the timelines that this engine lives by: one exercise's time is not another's.
    async fn claim(&self, kinds: &[&str], districts: &[String], now: Instant) -> Result<Vec<OutboxItem>, EngineError> {
        let (timelines, most) = (&self.config.timelines, self.config.relay_batch);
        Ok(self.journal.claim_effects(kinds, districts, timelines, most, now, now + LEASE).await?)
    }

    /// What cannot be handed on stays as a failed effect, is counted, and is noted in the journal of the case that sent
    /// it: a matter that another case refused to take is never lost in silence.
    async fn give_up(&self, item: &OutboxItem, why: &str) -> Result<(), EngineError> {
        tracing::error!(key = %item.key, %why, "an effect can never be handed on");
        add(&self.counters.effects_failed, 1);
        let payload: Value = serde_json::from_str(&item.payload).unwrap_or_default();
        let what = ["workflow", "event"].iter().find_map(|field| payload.get(*field).and_then(Value::as_str));
        let body = json!({ "effect": item.kind, "what": what, "why": why });
        let target = Target::Note { case: item.case, kind: "effect_failed".into(), body };
        let (district, timeline) = (item.district.clone(), item.timeline.clone());
        let id = ids::effect_command(&format!("{}/failed", item.key));
        let note = Command { id, district, timeline, target, actor: Actor::system() };
        if let Some(Err(e)) = self.execute(vec![note]).await.pop() {
            tracing::warn!(%e, key = %item.key, "the failure could not be noted on its case");
        }
        self.journal.effect_failed(item, why).await?;
        Ok(())
    }

    /// Carries out what an effect asks of other cases.
    async fn hand_on(&self, item: &OutboxItem) -> Result<Handed, EngineError> {
        if self.journal.case(item.case).await?.is_none() {
            return Ok(no_case());
        }
        let effect = match self.effect(item).await? {
            Ok(effect) => effect,
            Err(problem) => return Ok(Handed::Never(problem)),
        };
        match effect {
            // Refused now it would be refused for ever: the id of the command is used up with the answer.
            Effect::Open { workflow, .. } if self.registry.current(&workflow).is_none() => {
                Ok(Handed::Again(format!("no workflow `{workflow}` is in force here")))
            }
            Effect::Open { workflow, link, data, .. } => {
                let parent = Some(Parent { case: item.case, link });
                let target = Target::Open { workflow, data, parent };
                self.command(item, ids::effect_command(&item.key), target).await
            }
            Effect::Send { to, event, data, .. } => self.send(item, &to, &event, &data).await,
            Effect::Emit { .. } | Effect::Notify { .. } | Effect::Document { .. } => {
                Ok(Handed::Never("not an effect of the relay".into()))
            }
        }
    }

    /// The effect with its confidential values open.
    async fn effect(&self, item: &OutboxItem) -> Result<Result<Effect, String>, EngineError> {
        let mut payload: Value = match serde_json::from_str(&item.payload) {
            Ok(payload) => payload,
            Err(e) => return Ok(Err(format!("the payload does not read: {e}"))),
        };
        let key = self.journal.case_key(item.case).await?;
        if self.journal.vault().unseal(key.as_ref(), &mut payload).is_err() {
            return Ok(Err("a sealed value does not open".into()));
        }
        Ok(serde_json::from_value(payload).map_err(|e| format!("the payload does not read: {e}")))
    }

    async fn send(&self, item: &OutboxItem, to: &str, event: &str, data: &Value) -> Result<Handed, EngineError> {
        let links = self.journal.links(item.case).await?;
        let mut receivers: Vec<Uuid> = match to {
            "parent" => links.iter().filter(|l| l.child == item.case).map(|l| l.parent).collect(),
            to => links.iter().filter(|l| l.parent == item.case && l.link == to).map(|l| l.child).collect(),
        };
        receivers.extend(to.parse::<Uuid>().ok());
        if receivers.is_empty() && to != "parent" {
            let named = self.journal.case_by_number(&item.district, &item.timeline, to).await?;
            receivers.extend(named.map(|record| record.id));
        }
        if receivers.is_empty() {
            // A link whose case is still to be opened is found once it is: as long as that opening waits, this waits.
            let opens = self.journal.opening_waits(item.case, item.id).await?;
            let waits = to != "parent" && (item.attempts < 6 || opens);
            let nobody = format!("no case `{to}` belongs to this one");
            return Ok(if waits { Handed::Again(nobody) } else { Handed::Never(nobody) });
        }
        let (mut results, mut refused) = (Vec::new(), Vec::new());
        for case in receivers {
            let id = ids::effect_command(&format!("{}>{case}", item.key));
            let target = Target::Event { case, event: event.to_owned(), data: data.clone() };
            match self.command(item, id, target).await? {
                Handed::Done(result) => results.push(format!("{case}: {result}")),
                // A case that is over needs to be told nothing any more.
                Handed::Never(why) if self.is_over(case).await? => results.push(format!("{case}: over: {why}")),
                Handed::Never(why) => refused.push(format!("{case}: {why}")),
                again @ Handed::Again(_) => return Ok(again),
            }
        }
        if refused.is_empty() { Ok(Handed::Done(results.join("; "))) } else { Ok(Handed::Never(refused.join("; "))) }
    }

    async fn is_over(&self, case: Uuid) -> Result<bool, EngineError> {
        Ok(self.journal.case(case).await?.is_some_and(|record| record.closed_at.is_some()))
    }

    async fn command(&self, item: &OutboxItem, id: Uuid, target: Target) -> Result<Handed, EngineError> {
        let actor = Actor {
            id: item.case.to_string(),
            kind: ActorKind::Case,
            roles: Vec::new(),
            units: Vec::new(),
            heads: Vec::new(),
        };
        let (district, timeline) = (item.district.clone(), item.timeline.clone());
        let answer = self.execute(vec![Command { id, district, timeline, target, actor }]).await.pop();
        Ok(match answer {
            Some(Ok(Answer::Accepted(accepted))) => {
                Handed::Done(format!("accepted: {} {}", accepted.number, accepted.seq))
            }
            Some(Ok(Answer::Refused(refused))) => {
                let fields = refused.details.iter().map(|d| format!("; {}: {}", d.path, d.message.en));
                let fields = fields.collect::<Vec<_>>().concat();
                Handed::Never(format!("refused: {}: {}{fields}", refused.code, refused.message.en))
            }
            Some(Ok(Answer::Conflict)) => Handed::Never("another command has the id of this effect".into()),
            Some(Err(EngineError::Quarantined { problem, .. })) => Handed::Never(problem),
            Some(Err(e)) => Handed::Again(e.to_string()),
            None => Handed::Again("no answer".into()),
        })
    }
}

/// A message about a case.
pub(crate) fn message(record: &CaseRecord, id: &str, kind: &str, at: huiyin_journal::Instant, data: Value) -> Message {
    Message {
        specversion: "1.0".into(),
        id: id.to_owned(),
        source: format!("/huiyin/{}/{}/{}", record.district, record.timeline, record.workflow),
        kind: kind.to_owned(),
        subject: record.id.to_string(),
        time: at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
        datacontenttype: "application/json".into(),
        district: record.district.clone(),
        timeline: record.timeline.clone(),
        data,
    }
}
