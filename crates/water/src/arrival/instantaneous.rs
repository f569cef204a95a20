//! A mass released at once into a uniform reach: one-dimensional advection and dispersion with decay.

use std::f64::consts::PI;

use serde::Serialize;

use super::gate::{Gate, Refusals};

/// A mass released at once at x = 0, t = 0: C(x,t) = M/(A·√(4πDt))·exp(−(x−ut)²/(4Dt) − kt).
///
/// Source: Taylor 1954; Fischer et al. 1979, section 5.1. Domain: uniform reach, constant flow, mixed over the section.
/// Further upstream and downstream the river goes on for ever; what dissolves is conserved but for first-order decay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Instantaneous {
    mass_g: f64,
    area_m2: f64,
    velocity_ms: f64,
    dispersion_m2s: f64,
    decay_1s: f64,
}

/// When a limit is exceeded, in seconds since the release.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Above {
    /// The first moment above it.
    pub first_s: f64,
    /// The last moment above it.
    pub last_s: f64,
}

impl Instantaneous {
    /// Mass M [g], wetted cross-section A [m²], velocity u [m/s] (zero in a pond), dispersion D [m²/s], decay k [1/s].
    ///
    /// # Errors
    /// Every number outside its domain, by its name: M, A, D above zero, u and k zero or above.
    pub fn new(
        mass_g: f64,
        area_m2: f64,
        velocity_ms: f64,
        dispersion_m2s: f64,
        decay_1s: f64,
    ) -> Result<Self, Refusals> {
        let mut gate = Gate::default();
        let made = Self {
            mass_g: gate.positive("mass_g", mass_g),
            area_m2: gate.positive("area_m2", area_m2),
            velocity_ms: gate.not_negative("velocity_ms", velocity_ms),
            dispersion_m2s: gate.positive("dispersion_m2s", dispersion_m2s),
            decay_1s: gate.not_negative("decay_1s", decay_1s),
        };
        gate.admit(made)
    }

    /// Concentration [mg/L] at distance x [m] (negative: upstream) and time t [s] since the release. Zero at or before the
    /// release and for what is not finite.
    #[must_use]
    pub fn concentration_mgl(&self, distance_m: f64, time_s: f64) -> f64 {
        self.ln_concentration(distance_m, time_s).exp()
    }

    /// ln C; −∞ where there is nothing. Logarithms, because far from the cloud the factors leave the range of `f64` one by
    /// one although their product need not.
    fn ln_concentration(&self, distance_m: f64, time_s: f64) -> f64 {
        if !(distance_m.is_finite() && time_s.is_finite() && time_s > 0.0) {
            return f64::NEG_INFINITY;
        }
        let spread = 2.0 * self.dispersion_m2s.sqrt() * time_s.sqrt();
        let behind = (distance_m - self.velocity_ms * time_s) / spread;
        (self.mass_g / self.area_m2).ln()
            - 0.5 * ((4.0 * PI).ln() + self.dispersion_m2s.ln() + time_s.ln())
            - behind * behind
            - self.decay_1s * time_s
    }

    /// √(D² + (u² + 4Dk)·x²), common to peak time and peak.
    fn root(&self, x: f64) -> f64 {
        let d = self.dispersion_m2s;
        d.hypot((self.velocity_ms.powi(2) + 4.0 * d * self.decay_1s).sqrt() * x)
    }

    /// Time [s] of the greatest concentration at x [m]: t_p = (−D + √(D² + (u²+4Dk)x²))/(u²+4Dk), written as
    /// x²/(D + √(…)) so that nothing cancels and still water is no exception. It lies before x/u.
    ///
    /// # Errors
    /// `distance_m` not above zero.
    pub fn peak_time_s(&self, distance_m: f64) -> Result<f64, Refusals> {
        let x = distance(distance_m)?;
        Ok(x * x / (self.dispersion_m2s + self.root(x)))
    }

    /// The greatest concentration [mg/L] at x [m]. The exponent at t_p is (D + 4kx²)/(2(√(D² + (u²+4Dk)x²) + ux)).
    ///
    /// # Errors
    /// `distance_m` not above zero.
    pub fn peak_mgl(&self, distance_m: f64) -> Result<f64, Refusals> {
        let x = distance(distance_m)?;
        let (d, k) = (self.dispersion_m2s, self.decay_1s);
        let exponent = (d + 4.0 * k * x * x) / (2.0 * (self.root(x) + self.velocity_ms * x));
        let time = self.peak_time_s(x)?;
        Ok(self.mass_g / self.area_m2 / (4.0 * PI * d).sqrt() / time.sqrt() * (-exponent).exp())
    }

    /// First and last moment [s] at which the concentration at x [m] is above `limit_mgl`; nothing when it never is. Both
    /// are found by halving, to the last digits of `f64`.
    ///
    /// # Errors
    /// `distance_m` or `limit_mgl` not above zero.
    pub fn above(&self, distance_m: f64, limit_mgl: f64) -> Result<Option<Above>, Refusals> {
        let mut gate = Gate::default();
        let x = gate.positive("distance_m", distance_m);
        let limit = gate.positive("limit_mgl", limit_mgl);
        gate.admit(())?;
        if self.peak_mgl(x)? <= limit {
            return Ok(None);
        }
        let peak = self.peak_time_s(x)?;
        let is_above = |time: f64| self.ln_concentration(x, time) > limit.ln();
        // Outward from the peak by factors of two, so that the halving starts between neighbours of that size.
        let mut near = peak;
        while near > 0.0 && is_above(near / 2.0) {
            near /= 2.0;
        }
        let first_s = halve(near / 2.0, near, is_above);
        let mut far = peak;
        while far < f64::MAX / 2.0 && is_above(far * 2.0) {
            far *= 2.0;
        }
        let last_s = halve(far, far * 2.0, |time| !is_above(time));
        Ok(Some(Above { first_s, last_s }))
    }

    /// ∫ C dt at x [m] over all time [mg/L·s] = M/(A·√(u²+4Dk))·exp(−2kx/(u + √(u²+4Dk))): the dose that passes. In a river
    /// without decay it is M/Q. Nothing when it has no bound: still water without decay.
    ///
    /// # Errors
    /// `distance_m` not above zero.
    pub fn dose_mgls(&self, distance_m: f64) -> Result<Option<f64>, Refusals> {
        let x = distance(distance_m)?;
        let (u, k) = (self.velocity_ms, self.decay_1s);
        let pace = u.hypot(2.0 * self.dispersion_m2s.sqrt() * k.sqrt());
        if pace <= 0.0 {
            return Ok(None);
        }
        let dose = self.mass_g / self.area_m2 / pace * (-2.0 * k * x / (u + pace)).exp();
        Ok(dose.is_finite().then_some(dose))
    }
}

fn distance(distance_m: f64) -> Result<f64, Refusals> {
    let mut gate = Gate::default();
    let x = gate.positive("distance_m", distance_m);
    gate.admit(x)
}

/// The place between `low` and `high` at which `holds` becomes true, by halving until the two are neighbours.
pub(super) fn halve(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    // Two neighbours of f64 inside a factor of two are at most 53 halvings apart; the rest is margin.
    for _ in 0..120 {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if holds(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}
