//! The question a person asks about one reach, in the units people use, and its answer with the assumptions in words.

use serde::Serialize;

use super::continuous::Continuous;
use super::gate::{Gate, Refusals};
use super::instantaneous::{Above, Instantaneous};

/// Seconds of a day.
const DAY: f64 = 86_400.0;
/// Grams of a kilogram.
const GRAMS: f64 = 1000.0;

/// What was released.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Released {
    /// At once, `mass_kg` [kg].
    AtOnce(f64),
    /// Without end, `rate_kgs` [kg/s].
    WithoutEnd(f64),
}

/// The question: one uniform reach by its numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Given {
    /// Mass or rate.
    pub released: Released,
    /// Wetted cross-section [m²].
    pub area_m2: f64,
    /// Mean velocity [m/s].
    pub velocity_ms: f64,
    /// Longitudinal dispersion [m²/s].
    pub dispersion_m2s: f64,
    /// First-order decay [1/day].
    pub decay_per_day: f64,
    /// Distance downstream [m].
    pub distance_m: f64,
    /// Limit [mg/L]; without it nothing is said about times above.
    pub limit_mgl: Option<f64>,
}

/// A sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Remark {
    pub(crate) fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }
}

/// The answer. Times are since the release (or the beginning of the source).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// `instantaneous` or `continuous`.
    pub source: &'static str,
    /// Distance downstream [m], as asked.
    pub distance_m: f64,
    /// Greatest concentration [mg/L]; of a continuous source the plateau that is approached.
    pub peak_mgl: f64,
    /// Its time [s]; none for a continuous source, which only approaches it.
    pub peak_time_s: Option<f64>,
    /// The same [h].
    pub peak_time_h: Option<f64>,
    /// When a continuous source has reached half of its plateau [s].
    pub half_plateau_time_s: Option<f64>,
    /// Mean time of the water, x/u [s]; none in still water.
    pub mean_travel_time_s: Option<f64>,
    /// The limit [mg/L], as asked.
    pub limit_mgl: Option<f64>,
    /// First moment above the limit [s]; none when it is never above.
    pub first_above_s: Option<f64>,
    /// Last moment above the limit [s]; none when it is never above, or above for ever.
    pub last_above_s: Option<f64>,
    /// How long it is above the limit [s]; 0 when never, none when for ever.
    pub time_above_s: Option<f64>,
    /// ∫ C dt over all time [mg/L·s]; none when it has no bound.
    pub dose_mgls: Option<f64>,
    /// What was assumed.
    pub assumptions: Vec<Remark>,
}

/// Answers the question.
///
/// # Errors
/// Every number that is not in its domain, by its name in [`Given`] (`mass_kg`, `rate_kgs` for what was released).
pub fn answer(given: &Given) -> Result<Answer, Refusals> {
    admit(given)?;
    match given.released {
        Released::AtOnce(mass) => at_once(given, mass),
        Released::WithoutEnd(rate) => without_end(given, rate),
    }
}

/// All fields at once and under the names people gave them.
fn admit(given: &Given) -> Result<(), Refusals> {
    // A thousandth of the formulae's range, so that no change of unit leaves it.
    const LOW: f64 = 1e-24;
    const HIGH: f64 = 1e24;
    let mut gate = Gate::default();
    let mut positive = |field: &str, value: f64| {
        if value > 0.0 && !(LOW..=HIGH).contains(&value) {
            gate.within(field, value, LOW, HIGH);
        } else {
            gate.positive(field, value);
        }
    };
    match given.released {
        Released::AtOnce(mass) => positive("mass_kg", mass),
        Released::WithoutEnd(rate) => positive("rate_kgs", rate),
    }
    positive("area_m2", given.area_m2);
    if matches!(given.released, Released::WithoutEnd(_)) {
        positive("velocity_ms", given.velocity_ms);
    }
    positive("dispersion_m2s", given.dispersion_m2s);
    positive("distance_m", given.distance_m);
    if let Some(limit) = given.limit_mgl {
        positive("limit_mgl", limit);
    }
    if matches!(given.released, Released::AtOnce(_)) {
        gate.not_negative("velocity_ms", given.velocity_ms);
    }
    gate.not_negative("decay_per_day", given.decay_per_day);
    gate.admit(())
}

fn at_once(given: &Given, mass_kg: f64) -> Result<Answer, Refusals> {
    let (x, limit) = (given.distance_m, given.limit_mgl);
    let decay = given.decay_per_day / DAY;
    let cloud = Instantaneous::new(mass_kg * GRAMS, given.area_m2, given.velocity_ms, given.dispersion_m2s, decay)?;
    let above = limit.map(|limit| cloud.above(x, limit)).transpose()?;
    let peak_time = cloud.peak_time_s(x)?;
    let passed = above.flatten();
    Ok(Answer {
        source: "instantaneous",
        distance_m: x,
        peak_mgl: cloud.peak_mgl(x)?,
        peak_time_s: Some(peak_time),
        peak_time_h: Some(peak_time / 3600.0),
        half_plateau_time_s: None,
        mean_travel_time_s: mean(given),
        limit_mgl: limit,
        first_above_s: passed.map(|above| above.first_s),
        last_above_s: passed.map(|above| above.last_s),
        time_above_s: above.map(|above| above.map_or(0.0, |Above { first_s, last_s }| last_s - first_s)),
        dose_mgls: cloud.dose_mgls(x)?,
        assumptions: assumptions(
            given,
            Remark::new("污染物在零时刻一次性全部进入水体", "the whole mass enters the water at once, at time zero"),
        ),
    })
}

fn without_end(given: &Given, rate_kgs: f64) -> Result<Answer, Refusals> {
    let (x, limit) = (given.distance_m, given.limit_mgl);
    let decay = given.decay_per_day / DAY;
    let source = Continuous::new(rate_kgs * GRAMS, given.area_m2, given.velocity_ms, given.dispersion_m2s, decay)?;
    let first = limit.map(|limit| source.first_above_s(x, limit)).transpose()?;
    Ok(Answer {
        source: "continuous",
        distance_m: x,
        peak_mgl: source.plateau_mgl(x)?,
        peak_time_s: None,
        peak_time_h: None,
        half_plateau_time_s: Some(source.half_time_s(x)?),
        mean_travel_time_s: mean(given),
        limit_mgl: limit,
        first_above_s: first.flatten(),
        last_above_s: None,
        time_above_s: first.and_then(|first| first.is_none().then_some(0.0)),
        dose_mgls: None,
        assumptions: assumptions(
            given,
            Remark::new(
                "污染源自零时刻起以恒定强度持续排放，不停止；峰值为逐渐趋近的稳定浓度，源点浓度等于排放强度除以流量",
                "the source goes on from time zero at a constant rate and does not stop; the peak is the plateau that is \
                 approached; at the source the concentration is rate over flow",
            ),
        ),
    })
}

fn mean(given: &Given) -> Option<f64> {
    (given.velocity_ms > 0.0).then(|| given.distance_m / given.velocity_ms).filter(|time| time.is_finite())
}

fn assumptions(given: &Given, first: Remark) -> Vec<Remark> {
    let decay = if given.decay_per_day > 0.0 {
        Remark::new(
            format!("按一级衰减，每日 {}", given.decay_per_day),
            format!("first-order decay of {} a day", given.decay_per_day),
        )
    } else {
        Remark::new("不衰减、不沉降、不吸附：偏于安全", "no decay, settling or sorption: on the safe side")
    };
    vec![
        first,
        Remark::new(
            "河段均匀、流量恒定，断面内完全混合（一维对流—弥散方程）",
            "a uniform reach at constant flow, mixed over the whole cross-section (one-dimensional advection–dispersion)",
        ),
        decay,
        Remark::new(
            "峰前锋先于平均流速到达；流速与弥散系数若为估计值，结果误差可达数倍，须以实测校正",
            "the front arrives before the mean flow; with estimated velocity and dispersion the result may be wrong by a factor \
             of several: correct it with what is measured",
        ),
    ]
}
