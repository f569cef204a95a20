//! Datums: WGS-84, in which everything is kept, and GCJ-02, in which maps sold in China are drawn.
//!
//! GCJ-02 shifts WGS-84 by some hundred metres. The forward formula is the one in public use since 2013 (EvilTransform,
//! Krassovsky 1940 ellipsoid); it is no published standard. The way back is found by iteration and is exact to well below a
//! metre. Outside China's bounding box GCJ-02 is WGS-84.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// A datum that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Datum {
    /// WGS-84 (RFC 7946: what GeoJSON means); CGCS2000 differs by centimetres and is read as the same.
    #[serde(rename = "WGS-84")]
    Wgs84,
    /// GCJ-02: converted on the way in.
    #[serde(rename = "GCJ-02")]
    Gcj02,
}

impl Datum {
    /// By the names people and programs write: `WGS-84`, `EPSG:4326`, `CGCS2000`, `GCJ-02`, and the URNs of OGC.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let plain: String = name.to_ascii_uppercase().chars().filter(char::is_ascii_alphanumeric).collect();
        match plain.as_str() {
            "WGS84"
            | "EPSG4326"
            | "CRS84"
            | "CGCS2000"
            | "EPSG4490"
            | "URNOGCDEFCRSOGC13CRS84"
            | "URNOGCDEFCRSEPSG4326"
            | "URNOGCDEFCRSEPSG4490" => Some(Self::Wgs84),
            "GCJ02" => Some(Self::Gcj02),
            _ => None,
        }
    }
}

/// Semi-major axis of Krassovsky 1940 [m], and its first eccentricity squared.
const AXIS: f64 = 6_378_245.0;
const ECCENTRICITY: f64 = 0.006_693_421_622_965_943;

/// WGS-84 to GCJ-02: `[longitude, latitude]` in degrees.
#[must_use]
pub fn gcj02_from_wgs84([longitude, latitude]: [f64; 2]) -> [f64; 2] {
    if !(72.004..=137.8347).contains(&longitude) || !(0.8293..=55.8271).contains(&latitude) {
        return [longitude, latitude];
    }
    let (x, y) = (longitude - 105.0, latitude - 35.0);
    let wave = |a: f64, fa: f64, b: f64, fb: f64| a * (fa * PI).sin() + b * (fb * PI).sin();
    let common = wave(20.0, 6.0 * x, 20.0, 2.0 * x);
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + (common + wave(20.0, y, 40.0, y / 3.0) + wave(160.0, y / 12.0, 320.0, y / 30.0)) * 2.0 / 3.0;
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + (common + wave(20.0, x, 40.0, x / 3.0) + wave(150.0, x / 12.0, 300.0, x / 30.0)) * 2.0 / 3.0;
    let radians = latitude.to_radians();
    let magic = 1.0 - ECCENTRICITY * radians.sin().powi(2);
    let meridian = AXIS * (1.0 - ECCENTRICITY) / (magic * magic.sqrt());
    let parallel = AXIS / magic.sqrt() * radians.cos();
    [longitude + (east / parallel).to_degrees(), latitude + (north / meridian).to_degrees()]
}

/// GCJ-02 to WGS-84: `[longitude, latitude]` in degrees, to better than a centimetre inside China.
#[must_use]
pub fn wgs84_from_gcj02(shifted: [f64; 2]) -> [f64; 2] {
    let mut guess = shifted;
    // Each round divides the error by some hundreds; three reach a millimetre, the rest is margin.
    for _ in 0..6 {
        let there = gcj02_from_wgs84(guess);
        guess = [guess[0] + shifted[0] - there[0], guess[1] + shifted[1] - there[1]];
    }
    guess
}
