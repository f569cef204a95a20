//! Down the river: every intake and section below a release, with the passage of the cloud as a band, in order of arrival.
//!
//! Travel times are summed over the reaches with the velocities of Jobson's regressions (WRIR 96-4013), or the measured
//! velocity where there is one; concentrations are Jobson's with the flow at the place. Where the river divides, the
//! earliest way counts and the whole mass is taken along every branch: on the safe side.

use petgraph::visit::EdgeRef as _;
use serde::Serialize;

use super::model::{Detail, Group, Network, PlaceState, Position, Text};
use crate::arrival::{Above, Band, Passage, Refusals, Remark};

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// What was released, where.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spill {
    /// Where.
    pub from: Position,
    /// How much, at once [kg].
    pub mass_kg: f64,
    /// First-order decay [1/day].
    pub decay_per_day: f64,
    /// Limit [mg/L]; without it nothing is said about times above.
    pub limit_mgl: Option<f64>,
}

/// The cloud at one place; times in seconds since the release.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Arrival {
    /// Id of the place.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// Source or section.
    pub group: Group,
    /// State, if it is a source.
    pub state: Option<PlaceState>,
    /// Water body.
    pub water: Option<String>,
    /// Is its position approximate?
    pub approximate: bool,
    /// Along the river [m], on the earliest way.
    pub distance_m: f64,
    /// Flow at the place [m³/s].
    pub flow_m3s: f64,
    /// Most probable and worst case.
    #[serde(flatten)]
    pub band: Band,
    /// Above the limit, most probable; none: never, or no limit was given.
    pub above_most_probable: Option<Above>,
    /// The same, worst case.
    pub above_worst_case: Option<Above>,
}

/// What a release reaches.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Downstream {
    /// Where it was released, in words.
    pub from: Text,
    /// Mass [kg].
    pub mass_kg: f64,
    /// Limit [mg/L].
    pub limit_mgl: Option<f64>,
    /// Intakes and sections below, the earliest worst-case leading edge first.
    pub arrivals: Vec<Arrival>,
    /// What was assumed.
    pub assumptions: Vec<Remark>,
}

/// Distance [m] and travel times [s] from the release: most probable, worst case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub(super) distance_m: f64,
    pub(super) likely_s: f64,
    pub(super) worst_s: f64,
}

impl Way {
    pub(super) const START: Self = Self { distance_m: 0.0, likely_s: 0.0, worst_s: 0.0 };

    /// Onward through `metres` of a reach.
    pub(super) fn through(self, network: &Network, reach: usize, metres: f64) -> Self {
        let (likely, worst) = network.reaches[reach].peak_velocities_ms;
        Self {
            distance_m: self.distance_m + metres,
            likely_s: self.likely_s + metres / likely,
            worst_s: self.worst_s + metres / worst,
        }
    }

    /// The earlier of two ways, each figure for itself; the distance is that of the most probable one.
    pub(super) fn or(self, other: Self) -> Self {
        let shorter = if other.likely_s < self.likely_s { other } else { self };
        Self { worst_s: self.worst_s.min(other.worst_s), ..shorter }
    }
}

impl Network {
    /// Every intake and section that a spill reaches, in order of arrival.
    ///
    /// # Errors
    /// `mass_kg`, `decay_per_day` or `limit_mgl` outside their domains, by name.
    pub fn downstream(&self, spill: &Spill) -> Result<Downstream, Refusals> {
        admit(spill)?;
        let mut arrivals = Vec::new();
        for (index, way) in self.ways_down(spill.from) {
            let place = &self.places[index];
            let state = match &place.detail {
                Detail::Source { state, .. } => Some(*state),
                Detail::Section { .. } => None,
                Detail::Risk { .. } | Detail::Facility { .. } | Detail::Depot { .. } => continue,
            };
            let Some(on) = place.on else { continue };
            let band = self.band(on.reach, way, spill.mass_kg * 1000.0, spill.decay_per_day / DAY)?;
            let above = |passage: Passage| match spill.limit_mgl {
                Some(limit) => passage.above(limit),
                None => Ok(None),
            };
            arrivals.push(Arrival {
                id: place.id.clone(),
                name: place.name.clone(),
                group: place.group(),
                state,
                water: place.water.clone(),
                approximate: self.is_approximate(place),
                distance_m: way.distance_m,
                flow_m3s: self.reaches[on.reach].flow_m3s,
                band,
                above_most_probable: above(band.most_probable)?,
                above_worst_case: above(band.worst_case)?,
            });
        }
        arrivals.sort_by(|a, b| {
            let edge = |arrival: &Arrival| arrival.band.worst_case.leading_edge_s;
            edge(a).total_cmp(&edge(b)).then_with(|| a.id.cmp(&b.id))
        });
        let Spill { from, mass_kg, limit_mgl, .. } = *spill;
        let assumptions = self.assumptions(spill);
        Ok(Downstream { from: self.words(from), mass_kg, limit_mgl, arrivals, assumptions })
    }

    /// Places at or below a position with the way to each, in no order.
    pub(super) fn ways_down(&self, from: Position) -> Vec<(usize, Way)> {
        let mut found = Vec::new();
        let on = |index: &usize| self.places[*index].on.map(|on| on.at_m);
        for index in &self.on_reach[from.reach] {
            if let Some(at_m) = on(index).filter(|&at_m| at_m >= from.at_m) {
                found.push((*index, Way::START.through(self, from.reach, at_m - from.at_m)));
            }
        }
        let mut ways: Vec<Option<Way>> = vec![None; self.nodes.len()];
        let first = &self.reaches[from.reach];
        ways[first.ends.1] = Some(Way::START.through(self, from.reach, first.length_m - from.at_m));
        for &node in &self.order {
            let Some(way) = ways[node.index()] else { continue };
            for edge in self.graph.edges(node) {
                let reach = Self::reach_of(edge.id());
                for index in &self.on_reach[reach] {
                    if let Some(at_m) = on(index) {
                        found.push((*index, way.through(self, reach, at_m)));
                    }
                }
                let below = &mut ways[edge.target().index()];
                let next = way.through(self, reach, self.reaches[reach].length_m);
                *below = Some(below.map_or(next, |known| known.or(next)));
            }
        }
        found
    }

    /// The band at a place of `reach` at the end of a way.
    pub(super) fn band(&self, reach: usize, way: Way, mass_g: f64, decay_1s: f64) -> Result<Band, Refusals> {
        let basin = self.reaches[reach].basin;
        // The regressions cannot be asked at the outfall itself: there, a metre below.
        let (likely, worst) = self.reaches[reach].peak_velocities_ms;
        Ok(Band {
            most_probable: basin.passage(mass_g, way.likely_s.max(1.0 / likely), decay_1s)?,
            worst_case: basin.passage(mass_g, way.worst_s.max(1.0 / worst), decay_1s)?,
        })
    }

    fn assumptions(&self, spill: &Spill) -> Vec<Remark> {
        let mut said = vec![
            Remark::new(
                "到达时间按 Jobson（USGS WRIR 96-4013）回归：前锋均方根误差约 3.8 小时，峰值误差可达 127%，只能作区间使用",
                "arrival by the regressions of Jobson (USGS WRIR 96-4013): root mean square error about 3.8 h on the leading \
                 edge and 127 % on the peak, to be used as a band only",
            ),
            Remark::new(
                "流量按河段登记值，一次性排放，各分汊均按全部质量计（偏于安全）；闸坝、水库的滞蓄未计入",
                "flow as registered with the reach; released at once; the whole mass along every branch (on the safe side); \
                 storage behind gates and dams is not counted",
            ),
        ];
        if self.provenance.iter().any(|provenance| provenance.status.is_approximate()) {
            said.push(Remark::new(
                "标“≈”或 approximate 的位置和大部分河段参数为假定值，未经测量，须以实测替换",
                "places marked ≈ or approximate, and most figures of the reaches, are assumed and not surveyed: replace them \
                 with measured ones",
            ));
        }
        if spill.decay_per_day <= 0.0 {
            said.push(Remark::new("不衰减、不沉降、不吸附", "no decay, settling or sorption"));
        }
        said
    }
}

fn admit(spill: &Spill) -> Result<(), Refusals> {
    let mut gate = crate::arrival::Gate::default();
    gate.within("mass_kg", spill.mass_kg, 1e-9, 1e15);
    gate.within("decay_per_day", spill.decay_per_day, 0.0, 1e6);
    if let Some(limit) = spill.limit_mgl {
        gate.within("limit_mgl", limit, 1e-15, 1e9);
    }
    gate.admit(())
}
