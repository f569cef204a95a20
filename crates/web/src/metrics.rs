//! Counters of requests, and the Prometheus text format (version 0.0.4) of them and of the office's gauges.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::ports::Gauge;

/// Upper bounds of the latency histogram, seconds.
const BOUNDS: [f64; 9] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// Requests so far. The labels are route patterns, never what people typed, so there are few.
#[derive(Debug, Default)]
pub struct Metrics {
    routes: Mutex<BTreeMap<(String, String, u16), Latency>>,
}

#[derive(Clone, Debug, Default)]
struct Latency {
    within: [u64; BOUNDS.len()],
    count: u64,
    seconds: f64,
}

impl Metrics {
    /// Counts one answer.
    pub fn record(&self, method: &str, route: &str, status: u16, took: Duration) {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let latency = routes.entry((method.to_owned(), route.to_owned(), status)).or_default();
        latency.count += 1;
        latency.seconds += took.as_secs_f64();
        for (within, bound) in latency.within.iter_mut().zip(BOUNDS) {
            *within += u64::from(took.as_secs_f64() <= bound);
        }
    }

    /// Everything in Prometheus text.
    #[must_use]
    pub fn text(&self, gauges: &[Gauge]) -> String {
        let mut out = String::new();
        for Gauge { name, help, value } in gauges {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
        }
        let routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let name = "huiyin_http_request_duration_seconds";
        let _ = writeln!(out, "# HELP {name} Time to answer HTTP requests.\n# TYPE {name} histogram");
        for ((method, route, status), latency) in routes.iter() {
            let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
            for (within, bound) in latency.within.iter().zip(BOUNDS) {
                let _ = writeln!(out, "{name}_bucket{{{labels},le=\"{bound}\"}} {within}");
            }
            let _ = writeln!(out, "{name}_bucket{{{labels},le=\"+Inf\"}} {}", latency.count);
            let _ = writeln!(out, "{name}_sum{{{labels}}} {}", latency.seconds);
            let _ = writeln!(out, "{name}_count{{{labels}}} {}", latency.count);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_gauges_are_written_as_prometheus_reads_them() {
        let metrics = Metrics::default();
        metrics.record("GET", "/api/cases", 200, Duration::from_millis(7));
        let text = metrics.text(&[Gauge { name: "huiyin_x", help: "X.", value: 3.5 }]);
        assert!(text.contains("huiyin_x 3.5\n"));
        let labels = "method=\"GET\",route=\"/api/cases\",status=\"200\"";
        assert!(text.contains(&format!("_bucket{{{labels},le=\"0.005\"}} 0\n")));
        assert!(text.contains(&format!("_bucket{{{labels},le=\"0.01\"}} 1\n")));
        assert!(text.contains(&format!("_count{{{labels}}} 1\n")));
    }
}
