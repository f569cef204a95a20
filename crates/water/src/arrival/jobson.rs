//! Where nothing is measured: the regressions of Jobson over dye tests in about 980 subreaches of American rivers.
//!
//! Source of every formula: Jobson 1996, *Prediction of Traveltime and Longitudinal Dispersion in Rivers and Streams*,
//! USGS Water-Resources Investigations Report 96-4013. The error is large (root mean square 3.78 h on the leading edge,
//! 127 % on the peak), so there is always a [`Band`], never one number.

use serde::Serialize;

use super::GRAVITY;
use super::gate::{Gate, Refusals};
use super::instantaneous::Above;

/// The shortest distance below a release for which the regressions are asked [m]; nearer it is answered for this distance.
const NEAREST_M: f64 = 1.0;

/// Hour [s].
const HOUR: f64 = 3600.0;

/// What the regressions ask of a subreach, not yet admitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BasinFigures {
    /// Drainage area Da [m²] at the lower end, 1e3 to 1e14 (the greatest basin on earth has 7e12).
    pub drainage_area_m2: f64,
    /// Mean annual flow Qa [m³/s], 1e-4 to 1e7.
    pub mean_flow_m3s: f64,
    /// Flow at the time Q [m³/s], 1e-4 to 1e7.
    pub flow_m3s: f64,
    /// Slope S [m/m], 1e-7 to 1; without it the regression without slope is used.
    pub slope: Option<f64>,
}

/// A subreach whose figures were admitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Basin {
    figures: BasinFigures,
    velocities: (f64, f64),
}

/// The passage of a cloud at one place, in seconds since the release.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Passage {
    /// First traces arrive.
    pub leading_edge_s: f64,
    /// The greatest concentration.
    pub peak_s: f64,
    /// The concentration is down to a tenth of the peak.
    pub trailing_edge_s: f64,
    /// Greatest concentration [mg/L].
    pub peak_mgl: f64,
}

/// Most probable and worst case. The true passage may lie outside: these are regressions, not limits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Band {
    /// With the most probable velocity of the peak.
    pub most_probable: Passage,
    /// With the maximum probable velocity, the upper envelope of the tests.
    pub worst_case: Passage,
}

impl Basin {
    /// Admits the figures of a subreach.
    ///
    /// # Errors
    /// Every number outside its domain ([`BasinFigures`]), by its name.
    pub fn new(figures: BasinFigures) -> Result<Self, Refusals> {
        let mut gate = Gate::default();
        gate.within("drainage_area_m2", figures.drainage_area_m2, 1e3, 1e14);
        gate.within("mean_flow_m3s", figures.mean_flow_m3s, 1e-4, 1e7);
        gate.within("flow_m3s", figures.flow_m3s, 1e-4, 1e7);
        if let Some(slope) = figures.slope {
            gate.within("slope", slope, 1e-7, 1.0);
        }
        gate.admit(())?;
        Ok(Self { figures, velocities: velocities(&figures) })
    }

    /// Flow at the time Q [m³/s].
    #[must_use]
    pub fn flow_m3s(&self) -> f64 {
        self.figures.flow_m3s
    }

    /// Velocity of the peak [m/s], most probable: 0.094 + 0.0143·D'a^0.919·Q'a^−0.469·S^0.159·Q/Da, without slope
    /// 0.020 + 0.051·D'a^0.821·Q'a^−0.465·Q/Da; D'a = Da^1.25·√g/Qa, Q'a = Q/Qa.
    #[must_use]
    pub fn most_probable_velocity_ms(&self) -> f64 {
        self.velocities.0
    }

    /// Velocity of the peak [m/s], maximum probable: 0.25 + 0.02·(the same), without slope 0.2 + 0.093·(the same). Never
    /// below the most probable.
    #[must_use]
    pub fn maximum_probable_velocity_ms(&self) -> f64 {
        self.velocities.1
    }

    /// Unit-peak concentration Cup [1e-6/s] = 857·Tp^(−0.760·Q'a^−0.079), Tp the time of the peak in hours: the peak
    /// of one gram in a flow of one m³/s, in millionths.
    ///
    /// # Errors
    /// `peak_s` outside 1e-3 to 1e10.
    pub fn unit_peak(&self, peak_s: f64) -> Result<f64, Refusals> {
        let mut gate = Gate::default();
        let hours = gate.within("peak_s", peak_s, 1e-3, 1e10) / HOUR;
        let relative = self.figures.flow_m3s / self.figures.mean_flow_m3s;
        gate.admit(857.0 * hours.powf(-0.760 * relative.powf(-0.079)))
    }

    /// The passage of `mass_g` [g] whose peak arrives after `peak_s` [s], with decay [1/s] on the way.
    ///
    /// Leading edge 0.890·Tp; from the leading edge to a tenth of the peak 2e6/Cup seconds, but not before
    /// the peak; peak Cup·1e-6·M/Q·e^(−k·Tp).
    ///
    /// # Errors
    /// `mass_g`, `peak_s` or `decay_1s` outside their domains, by name.
    pub fn passage(&self, mass_g: f64, peak_s: f64, decay_1s: f64) -> Result<Passage, Refusals> {
        let mut gate = Gate::default();
        let mass = gate.positive("mass_g", mass_g);
        let decay = gate.not_negative("decay_1s", decay_1s);
        let unit = self.unit_peak(peak_s).map_err(|refused| gate.and(refused)).unwrap_or(1.0);
        let leading_edge_s = 0.890 * peak_s;
        gate.admit(Passage {
            leading_edge_s,
            peak_s,
            trailing_edge_s: (leading_edge_s + 2e6 / unit).max(peak_s),
            peak_mgl: unit * 1e-6 * mass / self.figures.flow_m3s * (-decay * peak_s).exp(),
        })
    }

    /// Both passages of `mass_g` [g] at `distance_m` [m] below the release, in this subreach alone.
    ///
    /// # Errors
    /// A number outside its domain, by its name; `distance_m` from 0 to 1e8.
    pub fn band(&self, mass_g: f64, distance_m: f64, decay_1s: f64) -> Result<Band, Refusals> {
        let mut gate = Gate::default();
        let x = gate.within("distance_m", distance_m, 0.0, 1e8).max(NEAREST_M);
        gate.admit(())?;
        Ok(Band {
            most_probable: self.passage(mass_g, x / self.velocities.0, decay_1s)?,
            worst_case: self.passage(mass_g, x / self.velocities.1, decay_1s)?,
        })
    }
}

fn velocities(figures: &BasinFigures) -> (f64, f64) {
    let BasinFigures { drainage_area_m2: area, mean_flow_m3s: mean, flow_m3s: flow, slope } = *figures;
    let relative_area = area.powf(1.25) * GRAVITY.sqrt() / mean;
    let relative_flow = flow / mean;
    match slope {
        Some(slope) => {
            let common = relative_area.powf(0.919) * relative_flow.powf(-0.469) * slope.powf(0.159) * flow / area;
            (0.094 + 0.0143 * common, 0.25 + 0.02 * common)
        }
        None => {
            let common = relative_area.powf(0.821) * relative_flow.powf(-0.465) * flow / area;
            (0.020 + 0.051 * common, 0.2 + 0.093 * common)
        }
    }
}

impl Passage {
    /// When the concentration is above `limit_mgl`, from the triangle through leading edge, peak and the point at which a
    /// tenth of the peak is left (the shape the report proposes for the cloud); nothing when it never is.
    ///
    /// # Errors
    /// `limit_mgl` not above zero.
    pub fn above(&self, limit_mgl: f64) -> Result<Option<Above>, Refusals> {
        let mut gate = Gate::default();
        let limit = gate.positive("limit_mgl", limit_mgl);
        gate.admit(())?;
        if self.peak_mgl <= limit {
            return Ok(None);
        }
        let share = limit / self.peak_mgl;
        let tail = (self.trailing_edge_s - self.peak_s) / 0.9;
        Ok(Some(Above {
            first_s: self.leading_edge_s + (self.peak_s - self.leading_edge_s) * share,
            last_s: self.peak_s + tail * (1.0 - share),
        }))
    }
}
