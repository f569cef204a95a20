//! A source that goes on without end into a uniform reach: Ogata and Banks, with first-order decay.

use super::gate::{Gate, Refusals};
use super::instantaneous::halve;
use super::special::erfcx;

/// A source of constant strength at x = 0 from t = 0 on. Without decay, the solution of Ogata and Banks:
/// C = C₀/2·[erfc((x−ut)/2√(Dt)) + e^(ux/D)·erfc((x+ut)/2√(Dt))] with C₀ = rate/(A·u).
///
/// With decay k and v = √(u²+4Dk): C = C₀/2·[e^((u−v)x/2D)·erfc((x−vt)/2√(Dt)) + e^((u+v)x/2D)·erfc((x+vt)/2√(Dt))].
/// Both are computed as C₀/2·e^(−2kx/(u+v))·[erfc(a) + e^(−a²)·erfcx(b)], a and b being the two arguments: no factor can
/// overflow, at any ux/D.
///
/// Sources: Ogata & Banks 1961, USGS Professional Paper 411-A, eq. 9; with decay: van Genuchten & Alves 1982, USDA Technical
/// Bulletin 1661, solution C5. Domain: uniform reach, constant flow, the concentration at the source held at C₀.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Continuous {
    at_source_mgl: f64,
    velocity_ms: f64,
    dispersion_m2s: f64,
    decay_1s: f64,
}

impl Continuous {
    /// Rate [g/s] into a reach of cross-section A [m²], velocity u [m/s], dispersion D [m²/s], decay k [1/s].
    ///
    /// # Errors
    /// Every number outside its domain, by its name: rate, A, u, D above zero, k zero or above.
    pub fn new(
        rate_gs: f64,
        area_m2: f64,
        velocity_ms: f64,
        dispersion_m2s: f64,
        decay_1s: f64,
    ) -> Result<Self, Refusals> {
        let mut gate = Gate::default();
        let rate = gate.positive("rate_gs", rate_gs);
        let area = gate.positive("area_m2", area_m2);
        let velocity_ms = gate.positive("velocity_ms", velocity_ms);
        let made = Self {
            at_source_mgl: rate / area / velocity_ms,
            velocity_ms,
            dispersion_m2s: gate.positive("dispersion_m2s", dispersion_m2s),
            decay_1s: gate.not_negative("decay_1s", decay_1s),
        };
        gate.admit(made)
    }

    /// A source whose concentration C₀ [mg/L] at x = 0 is known.
    ///
    /// # Errors
    /// As [`Continuous::new`]; `at_source_mgl` above zero.
    pub fn of_concentration(
        at_source_mgl: f64,
        velocity_ms: f64,
        dispersion_m2s: f64,
        decay_1s: f64,
    ) -> Result<Self, Refusals> {
        let mut gate = Gate::default();
        let made = Self {
            at_source_mgl: gate.positive("at_source_mgl", at_source_mgl),
            velocity_ms: gate.positive("velocity_ms", velocity_ms),
            dispersion_m2s: gate.positive("dispersion_m2s", dispersion_m2s),
            decay_1s: gate.not_negative("decay_1s", decay_1s),
        };
        gate.admit(made)
    }

    /// C₀ [mg/L], the concentration at the source.
    #[must_use]
    pub fn at_source_mgl(&self) -> f64 {
        self.at_source_mgl
    }

    /// v = √(u² + 4Dk) [m/s].
    fn pace(&self) -> f64 {
        self.velocity_ms.hypot(2.0 * self.dispersion_m2s.sqrt() * self.decay_1s.sqrt())
    }

    /// The concentration [mg/L] that is approached at x [m] and never passed: C₀·e^(−2kx/(u+v)).
    ///
    /// # Errors
    /// `distance_m` below zero.
    pub fn plateau_mgl(&self, distance_m: f64) -> Result<f64, Refusals> {
        let x = distance(distance_m)?;
        Ok(self.at_source_mgl * (-2.0 * self.decay_1s * x / (self.velocity_ms + self.pace())).exp())
    }

    /// Concentration [mg/L] at x [m] ≥ 0 and t [s] since the source began. Zero at or before that, and for a time that is
    /// not finite.
    ///
    /// # Errors
    /// `distance_m` below zero.
    pub fn concentration_mgl(&self, distance_m: f64, time_s: f64) -> Result<f64, Refusals> {
        let plateau = self.plateau_mgl(distance_m)?;
        if !(time_s.is_finite() && time_s > 0.0) {
            return Ok(0.0);
        }
        Ok(plateau * self.share(distance_m, time_s))
    }

    /// The share of the plateau that is reached: from 0 to 1, growing with time.
    fn share(&self, x: f64, time_s: f64) -> f64 {
        let spread = 2.0 * self.dispersion_m2s.sqrt() * time_s.sqrt();
        let gone = self.pace() * time_s;
        let (a, b) = ((x - gone) / spread, (x + gone) / spread);
        (0.5 * (libm::erfc(a) + (-a * a).exp() * erfcx(b))).min(1.0)
    }

    /// The moment [s] from which the concentration at x [m] is above `limit_mgl`, for ever after; nothing when the plateau
    /// does not pass the limit.
    ///
    /// # Errors
    /// `distance_m` or `limit_mgl` not above zero.
    pub fn first_above_s(&self, distance_m: f64, limit_mgl: f64) -> Result<Option<f64>, Refusals> {
        let mut gate = Gate::default();
        let x = gate.positive("distance_m", distance_m);
        let limit = gate.positive("limit_mgl", limit_mgl);
        gate.admit(())?;
        let plateau = self.plateau_mgl(x)?;
        let share = limit / plateau;
        Ok((share < 1.0).then(|| self.reaching(x, share)))
    }

    /// The moment [s] at which half of the plateau is reached at x [m].
    ///
    /// # Errors
    /// `distance_m` not above zero.
    pub fn half_time_s(&self, distance_m: f64) -> Result<f64, Refusals> {
        let mut gate = Gate::default();
        let x = gate.positive("distance_m", distance_m);
        gate.admit(())?;
        Ok(self.reaching(x, 0.5))
    }

    fn reaching(&self, x: f64, share: f64) -> f64 {
        let is_above = |time: f64| self.share(x, time) > share;
        // From the mean time by factors of two, so that the halving starts between neighbours of that size.
        let mut late = x / self.pace();
        while late > f64::MIN_POSITIVE && is_above(late / 2.0) {
            late /= 2.0;
        }
        while late < f64::MAX / 2.0 && !is_above(late) {
            late *= 2.0;
        }
        halve(late / 2.0, late, is_above)
    }
}

fn distance(distance_m: f64) -> Result<f64, Refusals> {
    let mut gate = Gate::default();
    let x = gate.not_negative("distance_m", distance_m);
    gate.admit(x)
}
