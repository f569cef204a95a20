//! What came of it, read from the store at the end: what each matter says of itself for the rates, which rung sent how
//! many, which matters took longest, and whether the invariants held. Counts; decides nothing.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use huiyin_chart::rates::{Matter, Stand};
use huiyin_engine::{REAL, look_through};
use huiyin_journal::Journal;
use huiyin_journal::delivery::{DeliveryFilter, DeliveryState};
use huiyin_journal::read::CaseFilter;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::commands::Failure;
use crate::house::House;

const PAGE: u32 = 500;

/// Everything that was found.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) matters: Vec<Lived>,
    pub(super) rungs: BTreeMap<RungId, Sent>,
    /// Notices that the chart itself sends, by template.
    pub(super) notices: BTreeMap<String, Sent>,
    pub(super) mails: Mails,
    pub(super) invariants: Invariants,
    pub(super) refused_acts: Vec<RefusedAct>,
    pub(super) acts: u64,
    pub(super) timers: u64,
    pub(super) until: Option<DateTime<Utc>>,
}

/// One petition as it stands at the end.
pub(super) struct Lived {
    pub(super) matter: Matter,
    pub(super) line: u64,
    pub(super) number: String,
    pub(super) received: DateTime<Utc>,
}

impl Lived {
    /// Days from receipt to the reply, begun ones not counted; none: no reply.
    pub(super) fn days(&self) -> Option<i64> {
        match self.matter.reply?.stand {
            Stand::Done(at) => Some((at - self.received).num_days().max(0)),
            Stand::Open | Stand::Gone(_) => None,
        }
    }
}

/// A rung of a clock: clocks in the order of the workflow, rungs in the order of the ladder, the repetition last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RungId {
    place: usize,
    rung: u32,
    pub(super) clock: String,
    /// As written.
    pub(super) at: String,
}

/// How often and to how many.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Sent {
    /// The rung fired.
    pub(super) fired: u64,
    /// Notices it wrote: of several missed rungs of a clock only the highest speaks.
    pub(super) notices: u64,
    /// Notices × people they were addressed to.
    pub(super) addressed: u64,
    /// Of these, not sent because the matter was settled before they would have left.
    pub(super) moot: u64,
}

/// Mails after coalescing.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Mails {
    /// Digests: one for each person and working day.
    pub(super) digests: u64,
    /// Mails of their own: urgent ones.
    pub(super) alone: u64,
    /// Notices that the digests carried.
    pub(super) in_digests: u64,
    /// Never left: moot, or nobody to write to.
    pub(super) suppressed: u64,
    /// Still waiting at the end.
    pub(super) waiting: u64,
}

/// What must hold; everything here must be 0.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Invariants {
    /// Open cases without an owner.
    pub(super) without_owner: u64,
    /// Open cases in which no clock runs.
    pub(super) without_clock: u64,
    /// Clocks that run without a timer, looked at every 30 days.
    pub(super) clocks_without_timer: u64,
    /// Timers that were due and did not fire.
    pub(super) timers_left_behind: u64,
    /// Rungs that fired twice under one identity.
    pub(super) rungs_twice: u64,
    /// Petitions that never became a case.
    pub(super) lost: u64,
}

impl Invariants {
    pub(super) fn hold(&self) -> bool {
        let Self { without_owner, without_clock, clocks_without_timer, timers_left_behind, rungs_twice, lost } = *self;
        without_owner + without_clock + clocks_without_timer + timers_left_behind + rungs_twice + lost == 0
    }
}

/// Something the office tried and the engine refused.
#[derive(Clone, Debug, Serialize)]
pub(super) struct RefusedAct {
    /// Which petition, from 1.
    pub(super) petition: u64,
    pub(super) event: &'static str,
    pub(super) problem: String,
}

impl Findings {
    /// Takes the findings of another cohort in.
    pub(super) fn add(&mut self, other: Self) {
        self.matters.extend(other.matters);
        for (id, sent) in other.rungs {
            self.rungs.entry(id).or_default().add(sent);
        }
        for (template, sent) in other.notices {
            self.notices.entry(template).or_default().add(sent);
        }
        self.mails.digests += other.mails.digests;
        self.mails.alone += other.mails.alone;
        self.mails.in_digests += other.mails.in_digests;
        self.mails.suppressed += other.mails.suppressed;
        self.mails.waiting += other.mails.waiting;
        self.invariants.without_owner += other.invariants.without_owner;
        self.invariants.without_clock += other.invariants.without_clock;
        self.invariants.clocks_without_timer += other.invariants.clocks_without_timer;
        self.invariants.timers_left_behind += other.invariants.timers_left_behind;
        self.invariants.rungs_twice += other.invariants.rungs_twice;
        self.invariants.lost += other.invariants.lost;
        self.refused_acts.extend(other.refused_acts);
        self.acts += other.acts;
        self.timers += other.timers;
        self.until = self.until.max(other.until);
    }
}

impl Sent {
    fn add(&mut self, other: Self) {
        self.fired += other.fired;
        self.notices += other.notices;
        self.addressed += other.addressed;
        self.moot += other.moot;
    }
}

/// Reads the store. `lines`: case → line of the file.
pub(super) async fn look(
    journal: &Journal,
    house: &House,
    lines: &HashMap<Uuid, u64>,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let now = findings.until.unwrap_or_default();
    let calendar = house.registry.district(house.code()).ok_or("the district is not set up")?.calendar;
    let filter = CaseFilter { district: house.code().to_owned(), timeline: REAL.to_owned(), ..CaseFilter::default() };
    let mut cases = Vec::new();
    look_through(journal, &house.registry, &filter, now, &mut |case| {
        let open = case.state.closed_at.is_none();
        findings.invariants.without_owner += u64::from(open && case.record.owner.is_none());
        findings.invariants.without_clock += u64::from(open && case.record.running == 0);
        let clocks: Vec<String> = case.definition.clocks.iter().map(|clock| clock.name.clone()).collect();
        cases.push((case.record.id, clocks));
        let matter = Matter::of(case.definition, case.state, &calendar);
        if let (Some(matter), Some(line)) = (matter, lines.get(&case.record.id)) {
            let (number, received) = (case.record.number.clone(), case.record.received_at);
            findings.matters.push(Lived { matter, line: *line, number, received });
        }
    })
    .await?;
    findings.invariants.lost += (lines.len() as u64).saturating_sub(findings.matters.len() as u64);
    let mut digests = HashSet::new();
    for (case, clocks) in cases {
        entries(journal, case, &clocks, findings).await?;
        deliveries(journal, house.code(), case, &clocks, &mut digests, findings).await?;
    }
    findings.mails.digests += digests.len() as u64;
    Ok(())
}

/// Rungs and notices, from the journal of a case.
async fn entries(journal: &Journal, case: Uuid, clocks: &[String], findings: &mut Findings) -> Result<(), Failure> {
    let mut fired = HashSet::new();
    let mut after = 0;
    loop {
        let page = journal.timeline(case, after, PAGE, false).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.seq;
        for entry in &page {
            for fact in list(&entry.body["facts"]).filter(|fact| fact["kind"] == "rung_fired") {
                let key = text(&fact["key"]);
                findings.invariants.rungs_twice += u64::from(!fired.insert(key.to_owned()));
                if let Some(id) = RungId::of(key, text(&fact["rung"]), clocks) {
                    findings.rungs.entry(id).or_default().fired += 1;
                }
            }
            for effect in list(&entry.body["effects"]).filter(|effect| effect["kind"] == "notify") {
                match RungId::of(text(&effect["key"]), text(&effect["rung"]["at"]), clocks) {
                    Some(id) => findings.rungs.entry(id).or_default().notices += 1,
                    None => {
                        findings.notices.entry(text(&effect["template"]).to_owned()).or_default().notices += 1;
                    }
                }
            }
        }
    }
}

/// What became of the notices of a case.
async fn deliveries(
    journal: &Journal,
    district: &str,
    case: Uuid,
    clocks: &[String],
    digests: &mut HashSet<Uuid>,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let log = journal.deliveries();
    let mut filter = DeliveryFilter {
        district: Some(district.to_owned()),
        timeline: Some(REAL.to_owned()),
        case: Some(case),
        limit: PAGE,
        ..DeliveryFilter::default()
    };
    loop {
        let (_, page) = log.list(&filter).await?;
        let last = page.len() < PAGE as usize;
        for delivery in page {
            let moot = delivery.state == DeliveryState::Suppressed;
            let known = findings.rungs.keys().find(|id| id.is(&delivery.effect_key)).cloned();
            let sent = match known {
                Some(id) => findings.rungs.entry(id).or_default(),
                None => findings.notices.entry(delivery.template.clone()).or_default(),
            };
            sent.addressed += 1;
            sent.moot += u64::from(moot);
            let mails = &mut findings.mails;
            match (delivery.state, delivery.digest) {
                (DeliveryState::Suppressed, _) => mails.suppressed += 1,
                (_, Some(digest)) => {
                    digests.insert(digest);
                    mails.in_digests += 1;
                }
                (DeliveryState::Held | DeliveryState::Queued, None) => mails.waiting += 1,
                (_, None) => mails.alone += 1,
            }
        }
        if last {
            break;
        }
        filter.offset += PAGE;
    }
    let _ = clocks;
    Ok(())
}

impl RungId {
    /// From the key of a rung, `<clock>/<run>/<rung>/<due version>/<occurrence>`; none: not a rung's.
    fn of(key: &str, at: &str, clocks: &[String]) -> Option<Self> {
        let (clock, rung) = parts(key)?;
        let place = clocks.iter().position(|name| name == clock)?;
        Some(Self { place, rung, clock: clock.to_owned(), at: at.to_owned() })
    }

    fn is(&self, key: &str) -> bool {
        parts(key) == Some((self.clock.as_str(), self.rung))
    }
}

fn parts(key: &str) -> Option<(&str, u32)> {
    let mut parts = key.split('/');
    let (clock, _run, rung) = (parts.next()?, parts.next()?, parts.next()?);
    let rung = if rung == "repeat" { u32::MAX } else { rung.parse().ok()? };
    parts.next().map(|_| (clock, rung))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
