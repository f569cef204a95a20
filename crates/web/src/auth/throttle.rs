//! A bucket of tokens per caller, in memory: slows down what is cheap to ask and dear to answer.
//!
//! Sign-in is not slowed down here but by failures counted in the store, shared by every process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

/// At most this many callers are remembered; beyond it the fullest buckets, which restrict nobody, are forgotten.
const MOST_CALLERS: usize = 10_000;

/// Buckets of one kind of request.
#[derive(Debug)]
pub struct Throttle {
    burst: f64,
    per_second: f64,
    buckets: Mutex<HashMap<String, Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: DateTime<Utc>,
}

impl Throttle {
    /// `burst` at once, then `per_second`.
    #[must_use]
    pub fn new(burst: u32, per_second: f64) -> Self {
        Self { burst: f64::from(burst), per_second, buckets: Mutex::default() }
    }

    /// Takes one token. `Err` says after how many seconds there will be one.
    pub fn take(&self, caller: &str, now: DateTime<Utc>) -> Result<(), u32> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST_CALLERS && !buckets.contains_key(caller) {
            buckets.retain(|_, bucket| self.filled(bucket, now) < self.burst);
            if buckets.len() >= MOST_CALLERS {
                return Err(1);
            }
        }
        let bucket = buckets.entry(caller.to_owned()).or_insert(Bucket { tokens: self.burst, at: now });
        bucket.tokens = self.filled(bucket, now);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            return Err(1);
        }
        bucket.tokens -= 1.0;
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "milliseconds between two requests are far below 2^52")]
    fn filled(&self, bucket: &Bucket, now: DateTime<Utc>) -> f64 {
        let seconds = (now - bucket.at).num_milliseconds().max(0) as f64 / 1000.0;
        (bucket.tokens + seconds * self.per_second).min(self.burst)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_burst_is_let_through_and_then_one_at_a_time() {
        let throttle = Throttle::new(3, 1.0);
        let now = DateTime::UNIX_EPOCH;
        assert!((0..3).all(|_| throttle.take("a", now).is_ok()));
        assert_eq!(throttle.take("a", now), Err(1));
        assert!(throttle.take("b", now).is_ok(), "others are not slowed down");
        assert!(throttle.take("a", now + TimeDelta::seconds(1)).is_ok());
        assert_eq!(throttle.take("a", now + TimeDelta::seconds(1)), Err(1));
    }
}
