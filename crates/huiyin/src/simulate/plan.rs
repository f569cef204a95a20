//! What the office does with one petition and when: assigned by the routing proposal, signed, drafted, approved,
//! delivered on the recorded day, closed. Delays are drawn from the seed; the day of delivery is the file's. A petition
//! without a recorded reply is assigned and signed for, and then nobody goes on.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_calendar::{Calendar, Span, Unit};
use huiyin_directory::Directory;
use huiyin_engine::{Actor, ActorKind};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use serde_json::{Value, json};

use super::Conditions;
use crate::import::petition::Petition;

type Instant = DateTime<Utc>;

/// A due date of the reply, in days from acceptance, before which an office that sees it coming asks for more time.
const ASKS_AFTER: i64 = 40;
/// The office's own limit of the ordinary procedure, in days.
const POLICY_DAYS: u32 = 45;
/// Longest text of a part of a reply.
const MOST_TEXT: usize = 6000;

/// One thing that somebody does.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub(crate) at: Instant,
    /// The event; `case.opened` opens the case.
    pub(crate) event: &'static str,
    pub(crate) data: Value,
    pub(crate) actor: Actor,
}

/// The acts on one petition, in order.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Which petition, from 0.
    pub(crate) n: u64,
    /// Line of the file.
    pub(crate) line: u64,
    pub(crate) acts: Vec<Act>,
}

impl Plan {
    pub(crate) fn begins(&self) -> Instant {
        self.acts.first().map_or(DateTime::UNIX_EPOCH, |act| act.at)
    }

    pub(crate) fn ends(&self) -> Instant {
        self.acts.last().map_or(DateTime::UNIX_EPOCH, |act| act.at)
    }
}

/// Who plans.
pub(crate) struct Office<'a> {
    pub(crate) directory: &'a Arc<Directory>,
    pub(crate) calendar: &'a Calendar,
    pub(crate) conditions: Conditions,
}

/// A plan being made.
struct Draft<'a> {
    office: &'a Office<'a>,
    rng: ChaCha20Rng,
    petition: Petition,
    acts: Vec<Act>,
    unit: String,
}

impl Office<'_> {
    /// Plans petition `n`.
    pub(crate) fn plan(&self, petition: Petition, n: u64) -> Plan {
        let mut rng = ChaCha20Rng::seed_from_u64(self.conditions.seed);
        rng.set_stream(n);
        let unit = self.directory.route(&petition.place, &petition.category);
        let unit = unit.unwrap_or_else(|| "petition-office".to_owned());
        let line = petition.line;
        let mut draft = Draft { office: self, rng, petition, acts: Vec::new(), unit };
        draft.all();
        Plan { n, line, acts: draft.acts }
    }
}

impl Draft<'_> {
    fn all(&mut self) {
        // A day without a time: somewhere in the morning.
        let day = self.office.calendar.start_of_day(self.petition.received.date_naive());
        let received = day + TimeDelta::minutes(9 * 60 + self.rng.random_range(0..150));
        self.open(received);
        if self.office.conditions.nobody_acts {
            return;
        }
        let answered = self.petition.delivered_on().map(|day| {
            let opens = self.office.calendar.start_of_day(day);
            (opens + TimeDelta::minutes(16 * 60 + self.rng.random_range(0..90))).max(received + TimeDelta::hours(2))
        });
        let delay = self.delay_of_assignment();
        let assigned = self.before(self.later(received, delay), answered, received, 0.5);
        let hours = self.rng.random_range(1..8);
        let signed = self.before(self.later(assigned, hours * 60), answered, assigned, 0.5);
        self.assign(assigned, signed);
        self.notice(assigned, answered);
        if let Some(answered) = answered {
            self.extension(assigned, answered);
            self.answer(signed, answered);
        }
        self.acts.sort_by_key(|act| act.at);
    }

    /// Working minutes until the dispatcher gets to it: mostly at once, at times too late.
    fn delay_of_assignment(&mut self) -> u32 {
        match self.rng.random_range(0..100) {
            0..60 => self.rng.random_range(1..15),
            60..90 => self.rng.random_range(60..300),
            _ => self.rng.random_range(300..1200),
        }
    }

    /// So many working minutes later, in whole hours where there are any.
    fn later(&self, at: Instant, minutes: u32) -> Instant {
        let hours = Span::new(minutes / 60, Unit::WorkingHour);
        let at = if minutes >= 60 { self.office.calendar.shift(at, hours, false).at } else { at };
        at + TimeDelta::minutes(i64::from(minutes % 60))
    }

    /// Not after this share of the time that is left until the reply: an office that answered in a day had assigned it.
    fn before(&self, at: Instant, answered: Option<Instant>, since: Instant, share: f64) -> Instant {
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "minutes of a few years")]
        let latest = |end: Instant| since + TimeDelta::minutes(((end - since).num_minutes() as f64 * share) as i64);
        answered.map_or(at, |end| at.min(latest(end)))
    }

    fn act(&mut self, at: Instant, event: &'static str, data: Value, actor: Actor) {
        self.acts.push(Act { at, event, data, actor });
    }

    fn open(&mut self, at: Instant) {
        let petition = &self.petition;
        let mut data = json!({
            "received_at": at.to_rfc3339(),
            "channel": petition.channel,
            "petitioner": if petition.named { "named" } else { "anonymous" },
            "title": petition.title,
            "content": petition.content,
            "category": petition.category,
        });
        if petition.named {
            data["petitioner_name"] = "实名".into();
        }
        if !petition.place.is_empty() {
            data["place"] = petition.place.as_str().into();
        }
        self.act(at, "case.opened", data, person("operator", &["operator"], &["petition-office"], &[]));
    }

    fn assign(&mut self, assigned: Instant, signed: Instant) {
        let unit = self.unit.clone();
        self.act(assigned, "assign", json!({ "unit": unit }), dispatcher());
        // 投诉 and 举报 ask the bureau to act; 咨询, 建议 and 求助 are looked into.
        let route = if matches!(self.petition.nature(), "咨询" | "建议" | "求助") { "six" } else { "five" };
        let data = json!({ "route": route, "procedure": "ordinary", "accepted_on": self.day(assigned) });
        self.act(assigned, "route.choose", data, dispatcher());
        let data = json!({ "handler": "承办人", "no_interest": true });
        self.act(signed, "sign", data, handler(&unit));
    }

    /// 书面告知, for those whose name is known, if the reply does not come first.
    fn notice(&mut self, assigned: Instant, answered: Option<Instant>) {
        let days = i64::from(self.rng.random_range(2u32..7));
        let at = assigned + TimeDelta::days(days);
        if self.petition.named && answered.is_none_or(|answered| at < answered) {
            let data = json!({ "served_on": self.day(at), "method": "phone_then_paper", "proof": "电话记录" });
            self.act(at, "notice.serve", data, dispatcher());
        }
    }

    /// 延期, where the law allows it and the reply will take longer than the office's own limit.
    fn extension(&mut self, assigned: Instant, answered: Instant) {
        let long = self.petition.reply.as_ref().is_some_and(|reply| reply.days > POLICY_DAYS);
        let six = matches!(self.petition.nature(), "咨询" | "建议" | "求助");
        let at = assigned + TimeDelta::days(ASKS_AFTER);
        if long && six && at < answered {
            let reason = json!({ "days": 30, "reason": "情况复杂，需要延期" });
            let unit = self.unit.clone();
            self.act(at, "extension.ask", reason.clone(), handler(&unit));
            let leader = person("leader", &["bureau-head"], &["bureau"], &["bureau"]);
            self.act(at + TimeDelta::hours(1), "extension.grant", reason, leader);
        }
    }

    fn answer(&mut self, signed: Instant, answered: Instant) {
        let share = f64::from(self.rng.random_range(60u32..90)) / 100.0;
        let drafted = self.before(answered, Some(answered), signed, share);
        let approved = self.before(answered, Some(answered), drafted, 0.5);
        let unit = self.unit.clone();
        let six = matches!(self.petition.nature(), "咨询" | "建议" | "求助");
        let text = self.petition.reply.as_ref().map_or("", |reply| reply.text.as_str());
        let text: String = text.chars().take(MOST_TEXT).collect();
        let conclusion = if six { "explained" } else { "answered" };
        let padded = format!("{text}。。");
        let data = json!({ "conclusion": conclusion, "facts": "已调查核实", "opinion": padded, "basis": "依法依规",
            "request": "见来件" });
        self.act(drafted, "reply.draft", data, handler(&unit));
        self.act(approved, "reply.approve", json!({}), person("head", &["unit-head"], &[&unit], &[&unit]));
        let sender = self.petition.channel == "hotline_12345";
        let data =
            json!({ "delivered_on": self.day(answered), "method": "web", "proof": "平台记录", "to_sender": sender });
        self.act(answered, "reply.delivered", data, handler(&unit));
        let hours = self.rng.random_range(2..16) * 60;
        let closed = self.later(answered, hours);
        let actor = person("petition", &[], &["petition-office"], &[]);
        self.act(closed, "close", json!({ "closing_code": "explained" }), actor);
    }

    fn day(&self, at: Instant) -> String {
        self.office.calendar.date_of(at).to_string()
    }
}

fn dispatcher() -> Actor {
    person("dispatcher", &["dispatcher"], &["petition-office"], &[])
}

fn handler(unit: &str) -> Actor {
    person("handler", &["handler"], &[unit], &[])
}

fn person(id: &str, roles: &[&str], units: &[&str], heads: &[&str]) -> Actor {
    let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let id = format!("simulated.{id}");
    Actor { id, kind: ActorKind::Person, roles: all(roles), units: all(units), heads: all(heads) }
}
