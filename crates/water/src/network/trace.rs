//! Up the river 溯源: from an exceedance at a section to the risk sources it may have come from, the most plausible first,
//! each with its reasons. A ranking for people who take samples next; it accuses nobody.

use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset, TimeDelta};
use petgraph::Direction::Incoming;
use petgraph::visit::EdgeRef as _;
use serde::Serialize;

use super::model::{Detail, Network, Place, Position, Text};
use super::release::Way;
use crate::arrival::{Refusals, Remark};

/// What was seen.
#[derive(Debug, Clone, Copy)]
pub struct Exceedance<'a> {
    /// Id of the section, or of an intake.
    pub section: &'a str,
    /// Pollutant by id, name or other name.
    pub pollutant: &'a str,
    /// When.
    pub at: DateTime<FixedOffset>,
    /// Concentration [mg/L], if it was measured.
    pub mgl: Option<f64>,
    /// Sections (or intakes) at which nothing was found in that time.
    pub clean: &'a [String],
}

/// A risk source upstream.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// Id.
    pub id: String,
    /// Name.
    pub name: Text,
    /// Town, if known.
    pub town: Option<String>,
    /// Is its position approximate?
    pub approximate: bool,
    /// Along the river to the section [m].
    pub distance_m: f64,
    /// Travel time of the peak to the section [h]: most probable.
    pub travel_most_probable_h: f64,
    /// The same, worst case.
    pub travel_worst_case_h: f64,
    /// If it was this one, it was released at or after this moment …
    pub released_from: DateTime<FixedOffset>,
    /// … and at or before this one.
    pub released_until: DateTime<FixedOffset>,
    /// Mass that a release at once would need for the concentration seen [kg], most probable.
    pub mass_needed_kg: Option<f64>,
    /// From 0 to 1; for the order only, not a probability.
    pub plausibility: f64,
    /// Why.
    pub reasons: Vec<Remark>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Traced {
    /// The section.
    pub section: Text,
    /// The pollutant.
    pub pollutant: Text,
    /// Candidates, the most plausible first.
    pub candidates: Vec<Candidate>,
    /// What was assumed.
    pub assumptions: Vec<Remark>,
}

/// The question could not be answered.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TraceRefused {
    /// No such section, or it stands on no reach.
    #[error("{field}: `{id}` is no section or intake on the network. expected: one of {known}")]
    Section {
        /// `section` or `clean`.
        field: &'static str,
        /// As asked.
        id: String,
        /// Ids that would do.
        known: String,
    },
    /// No such pollutant.
    #[error("pollutant: `{name}` is not known. expected: one of {known}")]
    Pollutant {
        /// As asked.
        name: String,
        /// Names that would do.
        known: String,
    },
    /// A number outside its domain.
    #[error(transparent)]
    Number(#[from] Refusals),
}

impl Network {
    /// Candidate risk sources upstream of an exceedance.
    ///
    /// Plausibility is a sum with fixed weights: half for the pollutant (known to be there: all of it, contents unknown: two
    /// fifths), three tenths for nearness (falling by e in a day of travel), a fifth for the amount (enough in stock: all of
    /// it, unknown: half). Below a clean section between, a fifth of it is left; without the pollutant, a quarter.
    ///
    /// # Errors
    /// An unknown section or pollutant, with those that are known; a concentration outside its domain.
    pub fn trace(&self, seen: &Exceedance<'_>) -> Result<Traced, TraceRefused> {
        let (section, on) = self.section("section", seen.section)?;
        let pollutant = self.pollutant(seen.pollutant).ok_or_else(|| TraceRefused::Pollutant {
            name: seen.pollutant.to_owned(),
            known: self.pollutants.iter().map(|p| format!("{} ({})", p.name.zh, p.id)).collect::<Vec<_>>().join(", "),
        })?;
        if let Some(mgl) = seen.mgl {
            let mut gate = crate::arrival::Gate::default();
            gate.within("mgl", mgl, 1e-12, 1e9);
            gate.admit(())?;
        }
        let ways = self.ways_up(on);
        let mut cleared = BTreeSet::new();
        for id in seen.clean {
            let (_, clean) = self.section("clean", id)?;
            // A clean section off the way, or below, says nothing about what is above the exceedance.
            if ways.iter().any(|&(index, _)| self.places[index].id == *id) && clean != on {
                cleared.extend(self.ways_up(clean).into_iter().map(|(index, _)| index));
            }
        }
        let mut candidates = Vec::new();
        for (index, way) in ways {
            let place = &self.places[index];
            if let Detail::Risk { pollutants, stock_kg, .. } = &place.detail {
                let holds = (!pollutants.is_empty()).then(|| pollutants.contains(&pollutant.id));
                let judged = Judged { place, way, holds, stock_kg: *stock_kg, cleared: cleared.contains(&index) };
                candidates.push(self.judge(&judged, on, seen)?);
            }
        }
        candidates.sort_by(|a: &Candidate, b: &Candidate| {
            b.plausibility.total_cmp(&a.plausibility).then_with(|| a.id.cmp(&b.id))
        });
        let (section, pollutant) = (section.name.clone(), pollutant.name.clone());
        Ok(Traced { section, pollutant, candidates, assumptions: assumptions() })
    }

    fn section(&self, field: &'static str, id: &str) -> Result<(&Place, Position), TraceRefused> {
        let eligible = |place: &&Place| {
            place.on.is_some() && matches!(place.detail, Detail::Section { .. } | Detail::Source { .. })
        };
        let found = self.place(id).filter(eligible).and_then(|place| Some((place, place.on?)));
        found.ok_or_else(|| {
            let ids: Vec<&str> = self.places.iter().filter(eligible).map(|place| place.id.as_str()).take(60).collect();
            TraceRefused::Section { field, id: id.to_owned(), known: ids.join(", ") }
        })
    }

    /// Places at or above a position with the way from each down to it, in no order.
    pub(super) fn ways_up(&self, to: Position) -> Vec<(usize, Way)> {
        let mut found = Vec::new();
        let on = |index: &usize| self.places[*index].on.map(|on| on.at_m);
        for index in &self.on_reach[to.reach] {
            if let Some(at_m) = on(index).filter(|&at_m| at_m <= to.at_m) {
                found.push((*index, Way::START.through(self, to.reach, to.at_m - at_m)));
            }
        }
        let mut ways: Vec<Option<Way>> = vec![None; self.nodes.len()];
        ways[self.reaches[to.reach].ends.0] = Some(Way::START.through(self, to.reach, to.at_m));
        for &node in self.order.iter().rev() {
            let Some(way) = ways[node.index()] else { continue };
            for edge in self.graph.edges_directed(node, Incoming) {
                let reach = Self::reach_of(edge.id());
                let length = self.reaches[reach].length_m;
                for index in &self.on_reach[reach] {
                    if let Some(at_m) = on(index) {
                        found.push((*index, way.through(self, reach, length - at_m)));
                    }
                }
                let above = &mut ways[edge.source().index()];
                let next = way.through(self, reach, length);
                *above = Some(above.map_or(next, |known| known.or(next)));
            }
        }
        found
    }

    fn judge(&self, judged: &Judged<'_>, on: Position, seen: &Exceedance<'_>) -> Result<Candidate, Refusals> {
        let Judged { place, way, .. } = *judged;
        // The passage of one gram: its shape gives the times, its peak the mass that was needed.
        let band = self.band(on.reach, way, 1.0, 0.0)?;
        let mass_needed_kg = seen.mgl.map(|mgl| mgl / band.most_probable.peak_mgl / 1000.0);
        let (plausibility, reasons) = judged.weigh(mass_needed_kg);
        let latest = band.most_probable.trailing_edge_s.max(band.worst_case.trailing_edge_s);
        Ok(Candidate {
            id: place.id.clone(),
            name: place.name.clone(),
            town: place.town.clone(),
            approximate: self.is_approximate(place),
            distance_m: way.distance_m,
            travel_most_probable_h: way.likely_s / 3600.0,
            travel_worst_case_h: way.worst_s / 3600.0,
            released_from: before(seen.at, latest),
            released_until: before(seen.at, band.worst_case.leading_edge_s),
            mass_needed_kg,
            plausibility,
            reasons,
        })
    }
}

/// A moment so many seconds earlier; the earliest moment there is when that is too far.
fn before(at: DateTime<FixedOffset>, seconds: f64) -> DateTime<FixedOffset> {
    // A travel time is at most some thousand years; far inside i64.
    let whole = TimeDelta::try_seconds(seconds.round() as i64).unwrap_or(TimeDelta::MAX);
    at.checked_sub_signed(whole).unwrap_or(DateTime::<chrono::Utc>::MIN_UTC.fixed_offset())
}

/// One risk source on its way to the section.
struct Judged<'a> {
    place: &'a Place,
    way: Way,
    /// Is the pollutant known to be there? None: nothing is known about its contents.
    holds: Option<bool>,
    stock_kg: Option<f64>,
    /// Does a section that was clean lie between?
    cleared: bool,
}

impl Judged<'_> {
    fn weigh(&self, mass_needed_kg: Option<f64>) -> (f64, Vec<Remark>) {
        let mut reasons = Vec::new();
        let mut say = |zh: String, en: String| reasons.push(Remark { zh, en });
        let contents = match self.holds {
            Some(true) => {
                say("登记的污染物中有该污染物".into(), "the pollutant is registered there".into());
                0.5
            }
            None => {
                say("未登记污染物，不能排除".into(), "its pollutants are not registered: it cannot be excluded".into());
                0.2
            }
            Some(false) => {
                say("登记的污染物中没有该污染物".into(), "the pollutant is not among those registered there".into());
                0.0
            }
        };
        let hours = self.way.likely_s / 3600.0;
        let nearness = 0.3 * (-hours / 24.0).exp();
        say(
            format!("沿河 {:.1} 公里，最可能 {hours:.1} 小时到达", self.way.distance_m / 1e3),
            format!("{:.1} km along the river, most probably {hours:.1} h", self.way.distance_m / 1e3),
        );
        let amount = match (mass_needed_kg, self.stock_kg) {
            (Some(needed), Some(stock)) => {
                let enough = stock >= needed;
                let (zh, en) = if enough { ("足够", "enough") } else { ("不足", "not enough") };
                say(
                    format!("达到该浓度约需 {needed:.1} 千克，登记最大存量 {stock:.1} 千克：{zh}"),
                    format!("about {needed:.1} kg would be needed, at most {stock:.1} kg are registered: {en}"),
                );
                if enough { 0.2 } else { 0.2 * (stock / needed) }
            }
            (Some(needed), None) => {
                say(
                    format!("达到该浓度约需 {needed:.1} 千克；存量未登记"),
                    format!("about {needed:.1} kg would be needed; its stock is not registered"),
                );
                0.1
            }
            (None, _) => 0.1,
        };
        let mut plausibility = contents + nearness + amount;
        if self.holds == Some(false) {
            plausibility *= 0.25;
        }
        if self.cleared {
            say("其下游断面同期未检出".into(), "a section below it was clean at that time".into());
            plausibility *= 0.2;
        }
        (plausibility, reasons)
    }
}

fn assumptions() -> Vec<Remark> {
    vec![
        Remark::new(
            "排序只供安排下一步采样，不是概率，也不是认定；未登记的来源（偷排、移动源）不在其中",
            "the order is for choosing where to sample next; it is no probability and no finding; sources that are not \
             registered (illegal discharge, vehicles) are not in it",
        ),
        Remark::new(
            "排放时段由到达前锋与尾部反推（Jobson，USGS WRIR 96-4013），误差以小时计",
            "the time of release is counted back from leading and trailing edge (Jobson, USGS WRIR 96-4013), with an error of \
             hours",
        ),
    ]
}
