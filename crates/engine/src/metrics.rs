//! What the engine counts. Plain numbers; `web` shows them.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

/// Counters since the start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) commits: AtomicU64,
    pub(crate) steps: AtomicU64,
    pub(crate) accepted: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) conflicts: AtomicU64,
    pub(crate) repeated: AtomicU64,
    pub(crate) busy: AtomicU64,
    pub(crate) quarantined: AtomicU64,
    pub(crate) rolled_back: AtomicU64,
    pub(crate) retried: AtomicU64,
    pub(crate) timers_fired: AtomicU64,
    pub(crate) stuck_timers: AtomicU64,
    pub(crate) clocks_without_timer: AtomicU64,
    pub(crate) relayed: AtomicU64,
    pub(crate) relay_failed: AtomicU64,
    pub(crate) effects_failed: AtomicU64,
    pub(crate) largest_batch: AtomicU64,
    pub(crate) lateness: Histogram,
    pub(crate) commit_time: Histogram,
}

pub(crate) fn add(counter: &AtomicU64, n: usize) {
    counter.fetch_add(n as u64, Ordering::Relaxed);
}

/// The state of the engine in numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Metrics {
    /// Commands that wait.
    pub queue_depth: u64,
    /// Timers that are overdue.
    pub timers_overdue: u64,
    /// Age of the oldest overdue timer, in seconds.
    pub oldest_overdue_timer_seconds: f64,
    /// Timers put off because their case cannot be stepped; they are overdue too.
    pub timers_put_off: u64,
    /// Commands and cases set aside now, up to 10,000.
    pub set_aside: u64,
    /// Effects that wait, up to 10,000 a district.
    pub effects_waiting: u64,
    /// Effects given up, up to 10,000 a district.
    pub effects_failed: u64,
    /// Transactions committed.
    pub commits: u64,
    /// Steps committed.
    pub steps: u64,
    /// Commands done.
    pub accepted: u64,
    /// Commands refused with a reason.
    pub refused: u64,
    /// Commands whose id came with another body.
    pub conflicts: u64,
    /// Commands that were done before.
    pub repeated: u64,
    /// Commands turned away because too many waited.
    pub busy: u64,
    /// Commands set aside.
    pub quarantined: u64,
    /// Transactions rolled back after an error.
    pub rolled_back: u64,
    /// Transactions tried again.
    pub retried: u64,
    /// Timers fired.
    pub timers_fired: u64,
    /// Timers that were still due after their case was stepped; pushed back and alarmed.
    pub stuck_timers: u64,
    /// Clocks found running without a timer at the last self-check.
    pub clocks_without_timer: u64,
    /// Effects handed on by the relay.
    pub relayed: u64,
    /// Effects that the relay will try again.
    pub relay_failed: u64,
    /// Effects given up since the start: another case refused them, or nobody can take them. Each is noted on the case
    /// that sent it.
    pub effects_given_up: u64,
    /// Most steps in one transaction so far.
    pub largest_batch: u64,
    /// Lateness of timers, in milliseconds: median, 99th percentile, worst.
    pub timer_lateness_ms: [f64; 3],
    /// Time of a transaction from begin to commit, in milliseconds: median, 99th percentile, worst.
    pub commit_ms: [f64; 3],
}

impl Counters {
    pub(crate) fn snapshot(&self) -> Metrics {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Metrics {
            commits: get(&self.commits),
            steps: get(&self.steps),
            accepted: get(&self.accepted),
            refused: get(&self.refused),
            conflicts: get(&self.conflicts),
            repeated: get(&self.repeated),
            busy: get(&self.busy),
            quarantined: get(&self.quarantined),
            rolled_back: get(&self.rolled_back),
            retried: get(&self.retried),
            timers_fired: get(&self.timers_fired),
            stuck_timers: get(&self.stuck_timers),
            clocks_without_timer: get(&self.clocks_without_timer),
            relayed: get(&self.relayed),
            relay_failed: get(&self.relay_failed),
            effects_given_up: get(&self.effects_failed),
            largest_batch: get(&self.largest_batch),
            timer_lateness_ms: self.lateness.summary_ms(),
            commit_ms: self.commit_time.summary_ms(),
            ..Metrics::default()
        }
    }
}

/// Microseconds in buckets that grow by an eighth of an octave: fixed size, error below 10 %.
pub(crate) struct Histogram {
    buckets: Vec<AtomicU64>,
    most: AtomicU64,
}

impl std::fmt::Debug for Histogram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Histogram({:?})", self.summary_ms())
    }
}

const STEPS: u32 = 8;

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: (0..64 * STEPS).map(|_| AtomicU64::new(0)).collect(), most: AtomicU64::new(0) }
    }
}

impl Histogram {
    pub(crate) fn record(&self, micros: i64) {
        let micros = micros.max(0).unsigned_abs();
        self.buckets[bucket(micros)].fetch_add(1, Ordering::Relaxed);
        self.most.fetch_max(micros, Ordering::Relaxed);
    }

    /// Median, 99th percentile and worst, in milliseconds.
    fn summary_ms(&self) -> [f64; 3] {
        let most = self.most.load(Ordering::Relaxed) as f64 / 1000.0;
        [self.quantile_ms(0.5).min(most), self.quantile_ms(0.99).min(most), most]
    }

    fn quantile_ms(&self, q: f64) -> f64 {
        let counts: Vec<u64> = self.buckets.iter().map(|b| b.load(Ordering::Relaxed)).collect();
        let total: u64 = counts.iter().sum();
        let mut left = (total as f64 * q).ceil() as u64;
        for (i, count) in counts.into_iter().enumerate() {
            if count >= left && count > 0 {
                return upper(i) / 1000.0;
            }
            left -= count.min(left);
        }
        0.0
    }
}

fn bucket(micros: u64) -> usize {
    let octave = u64::BITS - micros.max(1).leading_zeros() - 1;
    let within = if octave >= 3 { (micros >> (octave - 3)) & 7 } else { (micros << (3 - octave)) & 7 };
    (octave * STEPS) as usize + within as usize
}

/// Upper end of a bucket, in microseconds.
fn upper(bucket: usize) -> f64 {
    let (octave, within) = (bucket as u32 / STEPS, bucket as u32 % STEPS);
    2_f64.powi(octave as i32) * (1.0 + f64::from(within + 1) / f64::from(STEPS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_near() {
        let histogram = Histogram::default();
        for micros in 1..=100_000 {
            histogram.record(micros);
        }
        let [median, p99, most] = histogram.summary_ms();
        assert!((45.0..=56.0).contains(&median), "{median}");
        assert!((98.0..=112.0).contains(&p99), "{p99}");
        assert!((most - 100.0).abs() < 0.001, "{most}");
    }
}
