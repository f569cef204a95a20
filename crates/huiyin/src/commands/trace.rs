//! `huiyin trace`: from an exceedance up the river to the risk sources it may have come from.

use std::fmt::Write as _;
use std::process::ExitCode;

use huiyin_water::network::{Exceedance, Traced};

use super::Failure;
use super::arrival::{remarks, waters};
use crate::cli::{Format, TraceArgs};

pub(crate) fn run(args: &TraceArgs) -> Result<ExitCode, Failure> {
    let network = waters(&args.water)?;
    let traced = network.trace(&Exceedance {
        section: &args.section,
        pollutant: &args.pollutant,
        at: args.at,
        mgl: args.mgl,
        clean: &args.clean,
    })?;
    match args.water.format {
        Format::Json => crate::say!("{}", serde_json::to_string_pretty(&traced)?),
        Format::Text => crate::say_part!("{}", in_words(&traced)),
    }
    Ok(ExitCode::SUCCESS)
}

fn in_words(traced: &Traced) -> String {
    let mut text = String::new();
    for (rank, candidate) in (1..).zip(&traced.candidates) {
        let _ = writeln!(
            text,
            "{rank}. {} {} {}  {:.1} km  score {:.2}",
            candidate.id,
            candidate.name.zh,
            candidate.name.en,
            candidate.distance_m / 1e3,
            candidate.plausibility
        );
        let minute = |at: chrono::DateTime<chrono::FixedOffset>| at.format("%Y-%m-%d %H:%M").to_string();
        let _ = writeln!(
            text,
            "   排放时段 released between {} 和 and {}",
            minute(candidate.released_from),
            minute(candidate.released_until)
        );
        for reason in &candidate.reasons {
            let _ = writeln!(text, "   · {}\n     {}", reason.zh, reason.en);
        }
    }
    if traced.candidates.is_empty() {
        text.push_str("上游没有登记的风险源 no risk source is known upstream\n");
    }
    remarks(&mut text, &traced.assumptions);
    text
}
