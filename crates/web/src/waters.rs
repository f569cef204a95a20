//! The waters of the district for people: the catalogue of drinking-water sources with the state of their plans, what lies
//! above a source, and everything as GeoJSON. Figures are `water`'s; it opens no case.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use huiyin_journal::Journal;
use huiyin_journal::read::{CaseFilter, CaseOrder};
use huiyin_water::network::{Detail, Group, Network, Place, Upstream, Zone};
use huiyin_water::plan::{Document, Task};
use huiyin_water::sheet::{Action, Language, Paper, Sheet};
use uuid::Uuid;

use crate::office::begun;
use crate::ports::OfficeError;
use crate::views::Text;
use crate::views::directory::UnitView;
use crate::views::waters::{
    DepotView, FacilityView, GapView, PlanStateView, SourceListView, SourceRowView, SourceView, TownView, UpstreamView,
    ZoneView,
};

/// The workflow of plans.
const PLAN: &str = "response-plan";
/// The workflow of the case that answers for sources without a plan.
const COVERAGE: &str = "plan-coverage";
/// Plans that are looked at, the newest first.
const MOST_PLANS: u32 = 500;
/// States in which a plan is in force.
const IN_FORCE: [&str; 2] = ["in_force", "revision_due"];
/// State of a plan that another one has replaced.
const SUPERSEDED: &str = "superseded";
const HOUR: f64 = 3600.0;
/// A sheet carries Beijing time.
const BEIJING: TimeDelta = TimeDelta::hours(8);

/// See the module.
pub struct WaterDesk {
    /// The waters.
    pub network: Arc<Network>,
    /// Where plans are kept.
    pub journal: Journal,
    /// District code.
    pub district: String,
    /// Timeline of the plans.
    pub timeline: String,
    /// Words for the state of a plan.
    pub state_title: Arc<dyn Fn(&str) -> Text + Send + Sync>,
    /// Name of an owner.
    pub owner_name: Arc<dyn Fn(&str) -> Text + Send + Sync>,
}

impl WaterDesk {
    /// All sources.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn sources(&self) -> Result<SourceListView, OfficeError> {
        let plans = self.plans().await?;
        let sources = self.network.places.iter().filter_map(|place| self.row(place, &plans));
        let rows: Vec<SourceRowView> = sources.collect();
        let count = |state: Option<&str>| {
            let plans = rows.iter().filter_map(|row| row.plan.as_ref()).filter(|plan| plan.in_force);
            plans.filter(|plan| state.is_none_or(|state| plan.state == state)).count()
        };
        let (covered, due) = (count(None), count(Some("revision_due")));
        let towns = self.network.towns().into_iter().map(|(name, at)| TownView { name: name.to_owned(), at }).collect();
        let few = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let gap = self.gap().await?;
        Ok(SourceListView { covered: few(covered), revision_due: few(due), gap, towns, tiles: None, rows })
    }

    /// The case that answers for sources without a plan, if one is open.
    async fn gap(&self) -> Result<Option<GapView>, OfficeError> {
        let filter = CaseFilter {
            district: self.district.clone(),
            timeline: self.timeline.clone(),
            workflow: Some(COVERAGE.to_owned()),
            open: Some(true),
            without_identity: true,
            limit: 1,
            ..CaseFilter::default()
        };
        let found = self.journal.list_cases(&filter, DateTime::<Utc>::UNIX_EPOCH).await.map_err(failed)?.pop();
        Ok(found.map(|row| GapView {
            owner: row.owner.as_deref().map(|owner| (self.owner_name)(owner)),
            number: Some(row.number),
            due_at: row.due_at,
            case: row.id,
        }))
    }

    /// One source with what lies above it.
    ///
    /// # Errors
    /// There is none of this id, or the store does not answer.
    pub async fn source(&self, id: &str) -> Result<SourceView, OfficeError> {
        let place = self.network.place(id).ok_or(OfficeError::NotFound)?;
        let row = self.row(place, &self.plans().await?).ok_or(OfficeError::NotFound)?;
        let upstream = self.network.upstream(place).map_err(|refusals| failed(&refusals))?;
        let facilities = self.network.facilities_above(place).into_iter().filter_map(|(facility, distance_m)| {
            let Detail::Facility { kind, volume_m3 } = &facility.detail else { return None };
            let (id, name) = (facility.id.clone(), text(&facility.name));
            Some(FacilityView { id, name, kind: kind.clone(), volume_m3: *volume_m3, distance_m })
        });
        let depots = self.network.places.iter().filter_map(|depot| {
            let Detail::Depot { materials, contact } = &depot.detail else { return None };
            let (id, name) = (depot.id.clone(), text(&depot.name));
            Some(DepotView { id, name, materials: materials.clone(), contact: contact.clone() })
        });
        Ok(SourceView {
            row,
            place: place.on.map(|on| text(&self.network.words(on))),
            zones: self.network.zones_of(place).map(|zone| self.zone(zone)).collect(),
            upstream: upstream.into_iter().map(upstream_view).collect(),
            facilities: facilities.collect(),
            depots: depots.collect(),
            assumptions: assumptions(place.on.is_some()),
        })
    }

    /// The plan in force of a source, which a new one is to replace; none: there is none yet. `opening`: the id of the
    /// command that opens it, so that asking again for the same is no second plan.
    ///
    /// # Errors
    /// There is no such source, another plan of it is being drawn up, or the store does not answer.
    pub async fn plan_to_revise(&self, source: &str, opening: Uuid) -> Result<Option<Uuid>, OfficeError> {
        let place = self.network.place(source).ok_or(OfficeError::NotFound)?;
        if place.group() != Group::Source {
            return Err(OfficeError::NotFound);
        }
        let Some(plan) = self.plans().await?.remove(source) else { return Ok(None) };
        let other = plan.next.as_ref().map(|next| &next.title).or_else(|| (!plan.in_force).then_some(&plan.title));
        match other {
            Some(title) if self.journal.answer(opening).await.map_err(failed)?.is_none() => Err(begun(title)),
            _ => Ok(plan.in_force.then_some(plan.case)),
        }
    }

    /// The map sheet of a source as SVG. `office`: who prints it; `units`: names of those
    /// that the plan gives tasks to; `now`: when.
    ///
    /// # Errors
    /// There is no source of this id, or the store does not answer.
    pub async fn sheet(
        &self,
        id: &str,
        small: bool,
        english: bool,
        office: &str,
        units: &[UnitView],
        now: DateTime<Utc>,
    ) -> Result<String, OfficeError> {
        let place = self.network.place(id).ok_or(OfficeError::NotFound)?;
        let row = self.row(place, &self.plans().await?).ok_or(OfficeError::NotFound)?;
        let none = || Text::new("没有预案", "there is none");
        let words = |text: Text| huiyin_water::network::Text { zh: text.zh, en: text.en };
        let sheet = Sheet {
            paper: if small { Paper::A4 } else { Paper::A3 },
            language: if english { Language::En } else { Language::Zh },
            office: words(Text::same(office)),
            plan: words(row.plan.as_ref().map_or_else(none, |plan| plan.title.clone())),
            printed: (now + BEIJING).format("%Y-%m-%d %H:%M").to_string(),
            ..self.says(row.plan.as_ref(), english, units).await?
        };
        sheet.svg(&self.network, place).map_err(|refusals| failed(&refusals))
    }

    fn zone(&self, zone: &Zone) -> ZoneView {
        let level = zone.level.word();
        ZoneView {
            level: level.to_owned(),
            name: text(&zone.level.name()),
            text: text(&zone.text),
            approval: zone.approval.clone(),
            approximate: self.network.is_zone_approximate(zone),
            provenance: zone.by.map(|by| text(&self.network.provenance[by].text)),
            drawn: zone.shape.is_some(),
        }
    }

    /// What a plan puts on the sheet of its source: key actions, the earliest first, contacts and material.
    async fn says(
        &self,
        plan: Option<&PlanStateView>,
        english: bool,
        units: &[UnitView],
    ) -> Result<Sheet, OfficeError> {
        let Some(plan) = plan else { return Ok(Sheet::default()) };
        let Some(record) = self.journal.case(plan.case).await.map_err(failed)? else { return Ok(Sheet::default()) };
        let state: serde_json::Value = serde_json::from_str(&record.state).map_err(failed)?;
        let mut document = Document::of(&state["data"]);
        document.tasks.0.sort_by_key(|task| std::cmp::Reverse(task.before_minutes));
        let name = |id: &str| {
            let unit = units.iter().find(|unit| unit.id == id);
            unit.map_or_else(
                || id.to_owned(),
                |unit| if english { unit.title.en.clone() } else { unit.title.zh.clone() },
            )
        };
        let action =
            |task: Task| Action { unit: name(&task.unit), task: task.task, before_minutes: task.before_minutes };
        Ok(Sheet {
            actions: document.tasks.0.into_iter().map(action).collect(),
            contacts: document.contacts.0,
            materials: document.materials.0,
            ..Sheet::default()
        })
    }

    /// Reaches and places as text of GeoJSON, WGS-84.
    #[must_use]
    pub fn geojson(&self) -> String {
        self.network.to_geojson().to_string()
    }

    fn row(&self, place: &Place, plans: &HashMap<String, PlanStateView>) -> Option<SourceRowView> {
        let Detail::Source { kind, state, population, backup } = &place.detail else { return None };
        Some(SourceRowView {
            id: place.id.clone(),
            name: text(&place.name),
            kind: kind.clone(),
            state: serde_json::to_value(state).ok()?.as_str()?.to_owned(),
            town: place.town.clone(),
            water: place.water.clone(),
            at: place.at,
            approximate: self.network.is_approximate(place),
            provenance: text(&self.network.provenance[place.placed_by].text),
            on_network: place.on.is_some(),
            remark: place.remark.as_ref().map(text),
            population: *population,
            backup: backup.as_ref().map(text),
            plan: plans.get(&place.id).cloned(),
        })
    }

    /// Source → its plan: the one in force, else the newest that was not replaced.
    async fn plans(&self) -> Result<HashMap<String, PlanStateView>, OfficeError> {
        let filter = CaseFilter {
            district: self.district.clone(),
            timeline: self.timeline.clone(),
            workflow: Some(PLAN.to_owned()),
            without_identity: true,
            order: CaseOrder::Received,
            limit: MOST_PLANS,
            ..CaseFilter::default()
        };
        // The state of a case carries no time that a list depends on.
        let rows = self.journal.list_cases(&filter, DateTime::<Utc>::UNIX_EPOCH).await.map_err(failed)?;
        let mut plans: HashMap<String, PlanStateView> = HashMap::new();
        for row in rows {
            let Some(record) = self.journal.case(row.id).await.map_err(failed)? else { continue };
            let state: serde_json::Value = serde_json::from_str(&record.state).map_err(failed)?;
            let Some(source) = state["data"]["source"].as_str() else { continue };
            let Some(active) = row.active.first().filter(|state| *state != SUPERSEDED) else { continue };
            let plan = PlanStateView {
                state: active.clone(),
                title: (self.state_title)(active),
                in_force: IN_FORCE.contains(&active.as_str()),
                number: Some(row.number),
                next: None,
                case: row.id,
            };
            // Newest first. The one in force counts; beside it the newest of those that are to replace it.
            match plans.get_mut(source) {
                None => drop(plans.insert(source.to_owned(), plan)),
                Some(known) if !known.in_force && plan.in_force => {
                    let next = std::mem::replace(known, plan);
                    known.next = Some(next.into());
                }
                Some(known) if known.in_force && !plan.in_force && known.next.is_none() => {
                    known.next = Some(plan.into());
                }
                Some(_) => {}
            }
        }
        Ok(plans)
    }
}

fn upstream_view(one: Upstream) -> UpstreamView {
    let (likely, worst) = (one.band.most_probable, one.band.worst_case);
    UpstreamView {
        id: one.id,
        name: text(&one.name),
        town: one.town,
        kind: one.kind,
        pollutants: one.pollutants.iter().map(text).collect(),
        stock_kg: one.stock_kg,
        approximate: one.approximate,
        distance_m: one.distance_m,
        first_worst_h: worst.leading_edge_s / HOUR,
        first_probable_h: likely.leading_edge_s / HOUR,
        peak_worst_h: worst.peak_s / HOUR,
        peak_probable_h: likely.peak_s / HOUR,
        // `upstream` asks for a release of 1000 g.
        peak_worst_mgl_per_kg: worst.peak_mgl,
    }
}

fn assumptions(on_network: bool) -> Vec<Text> {
    if !on_network {
        return vec![Text::new(
            "该水源不在河网登记的河段上，无法推算上游风险源的到达时间；须现场核定汇水范围。",
            "The source stands on no registered reach: arrival times from risk sources cannot be derived. Its catchment must \
             be confirmed on site.",
        )];
    }
    vec![
        Text::new(
            "到达时间按 Jobson（USGS WRIR 96-4013）回归推算，前锋均方根误差约 3.8 小时，只能作区间使用。",
            "Arrival by the regressions of Jobson (USGS WRIR 96-4013), with a root mean square error of about 3.8 h on the \
             leading edge: a band, not a time.",
        ),
        Text::new(
            "标“≈”的位置和多数河段参数为假定值，未经测量。",
            "Positions marked ≈ and most figures of the reaches are assumed and were not surveyed.",
        ),
    ]
}

fn text(words: &huiyin_water::network::Text) -> Text {
    Text::new(words.zh.clone(), words.en.clone())
}

fn failed(problem: impl std::fmt::Display) -> OfficeError {
    OfficeError::Failed(problem.to_string())
}
