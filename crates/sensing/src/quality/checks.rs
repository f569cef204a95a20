//! Gross range, spike, rate of change and flat line over a series, with the definitions of QARTOD (IOOS, manuals for
//! real-time quality control). Streams use the same definitions, point by point.
//!
//! Where these agree with the Python package `ioos_qc` and where they differ on purpose is held by `tests/qc.rs`.

/// Flag of one point, with the numbers of QARTOD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Mark {
    /// Nothing against it.
    Good = 1,
    /// Not examined: no neighbours.
    Unknown = 2,
    /// Look at it.
    Suspect = 3,
    /// Wrong.
    Fail = 4,
    /// No value.
    Missing = 9,
}

/// Two thresholds, in the unit of the check; a value beyond `fail` fails, one beyond `suspect` is suspect.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Beyond it a point is suspect.
    pub suspect: f64,
    /// Beyond it a point fails.
    pub fail: f64,
}

impl Thresholds {
    fn mark(self, amount: f64) -> Mark {
        if amount > self.fail {
            Mark::Fail
        } else if amount > self.suspect {
            Mark::Suspect
        } else {
            Mark::Good
        }
    }
}

/// Outside `fail` fails, outside `suspect` is suspect; the ends belong to the span. NaN is missing.
#[must_use]
pub fn gross_range(values: &[f64], fail: [f64; 2], suspect: [f64; 2]) -> Vec<Mark> {
    let mark = |&value: &f64| match value {
        value if !value.is_finite() => Mark::Missing,
        value if !within(value, fail) => Mark::Fail,
        value if !within(value, suspect) => Mark::Suspect,
        _ => Mark::Good,
    };
    values.iter().map(mark).collect()
}

/// Distance of each point from the middle of its neighbours. The first, the last, and those beside a gap are unknown.
#[must_use]
pub fn spike(values: &[f64], thresholds: Thresholds) -> Vec<Mark> {
    let mark = |i: usize| {
        if !values[i].is_finite() {
            return Mark::Missing;
        }
        if i == 0 || i + 1 == values.len() {
            return Mark::Unknown;
        }
        match spike_height(values[i - 1], values[i], values[i + 1]) {
            height if height.is_finite() => thresholds.mark(height),
            _ => Mark::Unknown,
        }
    };
    (0..values.len()).map(mark).collect()
}

/// Change since the point before, per second; `times` in seconds, rising. After a gap nothing is said against a point.
#[must_use]
pub fn rate_of_change(values: &[f64], times: &[i64], thresholds: Thresholds) -> Vec<Mark> {
    let mark = |i: usize| {
        if !values[i].is_finite() {
            return Mark::Missing;
        }
        match i.checked_sub(1).map(|before| rate(values[before], values[i], times[i] - times[before])) {
            Some(rate) if rate.is_finite() => thresholds.mark(rate),
            _ => Mark::Good,
        }
    };
    (0..values.len()).map(mark).collect()
}

/// A point whose window of `suspect` (or `fail`) points and itself spans less than `tolerance`.
/// Windows with a gap are judged by what is there.
#[must_use]
pub fn flat_line(values: &[f64], suspect: usize, fail: usize, tolerance: f64) -> Vec<Mark> {
    let flat = |i: usize, count: usize| i >= count && spread(&values[i - count..=i]) < tolerance;
    let mark = |i: usize| match values[i] {
        value if !value.is_finite() => Mark::Missing,
        _ if flat(i, fail) => Mark::Fail,
        _ if flat(i, suspect) => Mark::Suspect,
        _ => Mark::Good,
    };
    (0..values.len()).map(mark).collect()
}

/// Whether a value lies in a span, the ends included.
pub(super) fn within(value: f64, [low, high]: [f64; 2]) -> bool {
    (low..=high).contains(&value)
}

/// Distance of the middle one from the middle of the others.
pub(super) fn spike_height(before: f64, here: f64, after: f64) -> f64 {
    (here - f64::midpoint(before, after)).abs()
}

/// Change per second.
pub(super) fn rate(before: f64, here: f64, seconds: i64) -> f64 {
    if seconds <= 0 {
        return f64::NAN;
    }
    ((here - before) / seconds as f64).abs()
}

/// Largest less smallest of the finite ones; NaN without any.
pub(super) fn spread(values: &[f64]) -> f64 {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    finite().fold(f64::NAN, f64::max) - finite().fold(f64::NAN, f64::min)
}
