//! Arrival of a pollutant in one reach, from published formulae. Every function says units, source and domain.
//!
//! Units are in the names: `_s` seconds, `_m` metres, `_m2` square metres, `_ms` metres a second, `_m2s` square metres a
//! second, `_m3s` cubic metres a second, `_g` grams, `_mgl` milligrams a litre (the same as grams a cubic metre), `_1s` one
//! a second. Symbols in the docs: `M` mass, `A` wetted cross-section, `u` mean velocity, `D` longitudinal dispersion, `k`
//! first-order decay, `x` distance downstream, `t` time since release.
//!
//! A value outside its domain is refused with its name ([`Refusals`]); whatever was admitted gives numbers, never NaN.
//! Everything here is one-dimensional: complete mixing over the cross-section, which needs some distance below an outfall.

mod answer;
mod channel;
mod continuous;
mod gate;
mod instantaneous;
mod jobson;
mod special;

pub use answer::{Answer, Given, Released, Remark, answer};
pub use channel::{Reach, fischer_dispersion_m2s, manning_velocity_ms, shear_velocity_ms, travel_time_s};
pub use continuous::Continuous;
pub(crate) use gate::Gate;
pub use gate::{GREATEST, LEAST, Refusals, Refused};
pub use instantaneous::{Above, Instantaneous};
pub use jobson::{Band, Basin, BasinFigures, Passage};
pub use special::erfcx;

/// Standard gravity [m/s²] (ISO 80000-3).
pub const GRAVITY: f64 = 9.806_65;
