//! Measured: a made-up network of 10,000 reaches with 1,000 sources; how long until every threatened source is known,
//! how long a trace takes, and how long a map sheet. Run by `tests/bench water`.
#![allow(clippy::print_stdout, missing_docs)]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use huiyin_water::network::{Exceedance, Network, Spill};
use huiyin_water::sheet::fontdb::Database;
use huiyin_water::sheet::{Paper, Sheet, pdf};

const REACHES: usize = 10_000;
const SOURCES: usize = 1_000;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let files = [network(), sources(), places()];
    let began = Instant::now();
    let network = Network::load("", &|path| {
        let index = ["network.yaml", "sources.yaml", "places.yaml"].iter().position(|name| *name == path)?;
        files.get(index).cloned()
    })?;
    println!("  loading {REACHES} reaches and {SOURCES} sources: {:.0} ms", milliseconds(began));
    // A long chain with side rivers: a release at its head passes all of it, the worst case there is.
    let spill = Spill { from: network.point("r0@0")?, mass_kg: 1e6, decay_per_day: 0.1, limit_mgl: Some(0.001) };
    let mut times = Vec::new();
    let mut found = 0;
    for _ in 0..51 {
        let began = Instant::now();
        found = network.downstream(&spill)?.arrivals.len();
        times.push(milliseconds(began));
    }
    told(
        &format!("threatened sources of {REACHES} reaches, {SOURCES} sources ({found} found)"),
        &mut times,
        "< 50 ms",
        50.0,
    );
    let at = chrono::DateTime::parse_from_rfc3339("2026-11-23T08:00:00+08:00")?;
    let mut times = Vec::new();
    for _ in 0..51 {
        let began = Instant::now();
        let seen = Exceedance { section: "section", pollutant: "p", at, mgl: Some(1.0), clean: &[] };
        found = network.trace(&seen)?.candidates.len();
        times.push(milliseconds(began));
    }
    told(&format!("candidates upstream of its outlet ({found} found)"), &mut times, "< 50 ms", 50.0);
    sheets(&network)
}

/// The sheet of the last intake of the chain, which everything lies above, as SVG and as PDF.
fn sheets(network: &Network) -> Result<(), Failure> {
    let place = network.place(&format!("s{}", SOURCES - 1)).ok_or("the last source")?;
    let mut fonts = Database::new();
    fonts.load_system_fonts();
    let fonts = Arc::new(fonts);
    let (mut drawn, mut written) = (Vec::new(), Vec::new());
    let (mut svg, mut bytes) = (String::new(), 0);
    for _ in 0..11 {
        let began = Instant::now();
        svg = Sheet::default().svg(network, place)?;
        drawn.push(milliseconds(began));
        let began = Instant::now();
        match pdf(&svg, Paper::A3, "sheet", &fonts) {
            Ok(page) => bytes = page.len(),
            Err(problem) => {
                println!("  no PDF: {problem}");
                break;
            }
        }
        written.push(milliseconds(began));
    }
    told(&format!("its map sheet as SVG ({} KB)", svg.len() / 1024), &mut drawn, "< 2000 ms", 2000.0);
    if !written.is_empty() {
        told(&format!("the same as PDF ({} KB)", bytes / 1024), &mut written, "< 2000 ms", 2000.0);
    }
    Ok(())
}

fn milliseconds(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1000.0
}

fn told(name: &str, times: &mut [f64], target: &str, most: f64) {
    times.sort_by(f64::total_cmp);
    let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
    let verdict = if worst < most { "holds" } else { "FALLS SHORT" };
    println!("{name:<66} median {median:>6.2} ms, worst {worst:>6.2} ms   target {target}: {verdict}");
}

/// Node `i` flows to node `i / 2 * 2 + 2`: every even node is on the main river, every odd one a side river's head.
fn network() -> String {
    let mut text = String::from(
        "bounds: {west: 106, south: 28, east: 108, north: 30}\n\
         provenance:\n  - {id: made, status: assumed, text: {zh: 虚构, en: made up}}\n\
         pollutants:\n  - {id: p, name: {zh: 某, en: some}}\nnodes:\n",
    );
    for i in 0..=REACHES + 1 {
        let at = 106.0 + 2.0 * (i as f64) / (REACHES as f64 + 2.0);
        let _ = writeln!(text, "  - {{id: n{i}, name: {{zh: 点, en: node}}, at: [{at}, 29.0], by: made}}");
    }
    text.push_str("reaches:\n");
    for i in 0..REACHES {
        let to = i / 2 * 2 + 2;
        let _ = writeln!(
            text,
            "  - {{id: r{i}, name: {{zh: 段, en: reach}}, water: 河, from: n{i}, to: n{to}, length_m: 500, slope: 0.001, \
             width_m: 40, depth_m: 1.5, velocity_ms: 0.6, drainage_km2: {}, mean_flow_m3s: 40, by: made}}",
            2000 + i
        );
    }
    // The last odd node has no reach of its own: it would be refused as a node without one.
    text.replace(&format!("  - {{id: n{}, name: {{zh: 点, en: node}}, at: [", REACHES + 1), "  # ")
}

fn sources() -> String {
    let mut text = String::from("sources:\n");
    for i in 0..SOURCES {
        let reach = i * (REACHES / SOURCES);
        let _ = writeln!(
            text,
            "  - {{id: s{i}, name: {{zh: 水源, en: source}}, kind: 河流, state: in-use, on: {{reach: r{reach}, at_m: 250}}, \
             by: made, placed_by: made}}"
        );
    }
    text
}

fn places() -> String {
    let mut text = format!(
        "facilities: []\ndepots: []\nsections:\n  - {{id: section, name: {{zh: 断面, en: section}}, level: national, target: Ⅲ, \
         on: {{reach: r{}, at_m: 499}}, by: made, placed_by: made}}\nrisks:\n",
        REACHES - 2
    );
    for i in 0..SOURCES {
        let reach = i * (REACHES / SOURCES) + 1;
        let _ = writeln!(
            text,
            "  - {{id: k{i}, name: {{zh: 风险源, en: risk}}, kind: made, pollutants: [p], on: {{reach: r{reach}, at_m: 100}}, \
             by: made, placed_by: made}}"
        );
    }
    text
}
