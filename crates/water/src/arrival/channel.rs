//! What a channel's shape says: velocity, dispersion, and the time through reaches in series.

use super::GRAVITY;
use super::gate::{Gate, Refusals};

/// Mean velocity [m/s] of uniform flow: u = (1/n)·R^(2/3)·S^(1/2).
///
/// `roughness` n [s/m^(1/3)], `hydraulic_radius_m` R (in a wide river nearly the depth), `slope` S [m/m] of the energy line.
/// Source: Manning 1891, in SI units. Domain: turbulent, rough, nearly uniform flow.
///
/// # Errors
/// A number that is not above zero, or a slope above 1, by its name.
pub fn manning_velocity_ms(roughness: f64, hydraulic_radius_m: f64, slope: f64) -> Result<f64, Refusals> {
    let mut gate = Gate::default();
    let n = gate.positive("roughness", roughness);
    let radius = gate.positive("hydraulic_radius_m", hydraulic_radius_m);
    let slope = gate.within("slope", slope, super::LEAST, 1.0);
    gate.admit(radius.powf(2.0 / 3.0) * slope.sqrt() / n)
}

/// Shear velocity [m/s] u* = √(g·h·S) of a wide channel of depth h [m] and slope S [m/m].
///
/// # Errors
/// A number outside its domain, by its name.
pub fn shear_velocity_ms(depth_m: f64, slope: f64) -> Result<f64, Refusals> {
    let mut gate = Gate::default();
    let depth = gate.positive("depth_m", depth_m);
    let slope = gate.within("slope", slope, super::LEAST, 1.0);
    gate.admit((GRAVITY * depth * slope).sqrt())
}

/// Longitudinal dispersion [m²/s] D = 0.011·u²W²/(h·u*), with velocity u [m/s], width W [m], depth h [m], slope S [m/m].
///
/// Source: Fischer et al. 1979, *Mixing in Inland and Coastal Waters*, eq. 5.19; right within a factor of about four in
/// natural rivers. Domain: wide natural streams, far below the outfall.
///
/// # Errors
/// A number outside its domain, by its name.
pub fn fischer_dispersion_m2s(velocity_ms: f64, width_m: f64, depth_m: f64, slope: f64) -> Result<f64, Refusals> {
    let mut gate = Gate::default();
    let u = gate.positive("velocity_ms", velocity_ms);
    let width = gate.positive("width_m", width_m);
    let shear = shear_velocity_ms(depth_m, slope).map_err(|refused| gate.and(refused)).unwrap_or(1.0);
    gate.admit(0.011 * (u * width).powi(2) / (depth_m * shear))
}

/// One of several reaches that water passes one after the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reach {
    /// Length L [m].
    pub length_m: f64,
    /// Mean velocity u [m/s].
    pub velocity_ms: f64,
}

/// Mean time [s] through reaches in series: t = Σ Lᵢ/uᵢ. The leading edge of a cloud arrives earlier than this.
///
/// # Errors
/// `reaches[i].length_m` below zero or `reaches[i].velocity_ms` not above zero, by that name.
pub fn travel_time_s(reaches: &[Reach]) -> Result<f64, Refusals> {
    let mut gate = Gate::default();
    let mut total = 0.0;
    for (i, reach) in reaches.iter().enumerate() {
        let length = gate.not_negative(&format!("reaches[{i}].length_m"), reach.length_m);
        let velocity = gate.positive(&format!("reaches[{i}].velocity_ms"), reach.velocity_ms);
        total += length / velocity;
    }
    gate.admit(total)
}
