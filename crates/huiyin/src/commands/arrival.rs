//! `huiyin arrival`: when a pollutant arrives and how strong. Reads the numbers or the district's network, and prints.

use std::fmt::Write as _;
use std::process::ExitCode;

use huiyin_water::arrival::{Answer, Given, Refusals, Released, Remark, answer};
use huiyin_water::network::{Downstream, FILES, Network, Spill};
use serde_json::json;

use super::Failure;
use crate::cli::{ArrivalArgs, Format, WaterArgs};
use crate::library::Library;

pub(crate) fn run(args: &ArrivalArgs) -> Result<ExitCode, Failure> {
    match &args.from {
        Some(from) => from_point(args, from),
        None => by_numbers(args),
    }
}

fn by_numbers(args: &ArrivalArgs) -> Result<ExitCode, Failure> {
    let given = |value: Option<f64>| value.ok_or("give --from POINT, or the numbers of the reach; see --help");
    let released = match args.rate_kgs {
        Some(rate) => Released::WithoutEnd(rate),
        None => Released::AtOnce(given(args.mass_kg)?),
    };
    let question = Given {
        released,
        area_m2: given(args.area_m2)?,
        velocity_ms: given(args.velocity_ms)?,
        dispersion_m2s: given(args.dispersion_m2s)?,
        decay_per_day: args.decay_per_day,
        distance_m: given(args.distance_m)?,
        limit_mgl: args.limit_mgl,
    };
    let answer = answer(&question).map_err(|refusals| refused(&refusals, args.water.format))?;
    match args.water.format {
        Format::Json => crate::say!("{}", serde_json::to_string_pretty(&answer)?),
        Format::Text => crate::say_part!("{}", in_words(&answer)),
    }
    Ok(ExitCode::SUCCESS)
}

fn from_point(args: &ArrivalArgs, from: &str) -> Result<ExitCode, Failure> {
    let network = waters(&args.water)?;
    let spill = Spill {
        from: network.point(from)?,
        mass_kg: args.mass_kg.ok_or("--mass-kg is missing: how much was released")?,
        decay_per_day: args.decay_per_day,
        limit_mgl: args.limit_mgl,
    };
    let below = network.downstream(&spill).map_err(|refusals| refused(&refusals, args.water.format))?;
    match args.water.format {
        Format::Json => crate::say!("{}", serde_json::to_string_pretty(&below)?),
        Format::Text => crate::say_part!("{}", table(&below)),
    }
    Ok(ExitCode::SUCCESS)
}

/// The district's waters, from its folder.
pub(crate) fn waters(args: &WaterArgs) -> Result<Network, Failure> {
    let library = Library::find(args.workflows.as_deref())?;
    let district = &args.district;
    let none = || format!("{library}: districts/{district}/water has none of {}", FILES.join(", ")).into();
    library.waters(district)?.ok_or_else(none)
}

/// What was refused, as options of the command line; with `--format json` also as JSON on standard output.
pub(crate) fn refused(refusals: &Refusals, format: Format) -> Failure {
    if format == Format::Json {
        crate::say!("{}", json!({"problems": refusals}));
    }
    let lines = refusals.0.iter().map(|refused| {
        let option = refused.field.replace('_', "-");
        format!("--{option} is {}; expected {}", refused.value, refused.expected)
    });
    lines.collect::<Vec<_>>().join("\n").into()
}

fn in_words(answer: &Answer) -> String {
    let mut text = String::new();
    let moment = |seconds: Option<f64>| seconds.map_or("—".to_owned(), span);
    let peak = if answer.source == "continuous" { "稳定浓度 plateau" } else { "峰值 peak" };
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name}: {value}");
    };
    line("下游距离 distance", format!("{} m", answer.distance_m));
    line(peak, format!("{:.6} mg/L", answer.peak_mgl));
    line("峰现时间 peak time", moment(answer.peak_time_s));
    if let Some(half) = answer.half_plateau_time_s {
        line("达半时间 half of it", span(half));
    }
    if let Some(limit) = answer.limit_mgl {
        line("限值 limit", format!("{limit} mg/L"));
        match answer.first_above_s {
            Some(first) => {
                line("首次超限 first above", span(first));
                let last = answer.last_above_s.map_or("持续 for ever".to_owned(), span);
                line("最后超限 last above", last);
            }
            None => line("超限 above", "从不 never".to_owned()),
        }
    }
    remarks(&mut text, &answer.assumptions);
    text
}

pub(crate) fn remarks(text: &mut String, remarks: &[Remark]) {
    for remark in remarks {
        let _ = writeln!(text, "· {}\n  {}", remark.zh, remark.en);
    }
}

/// A time since the release: hours for people, seconds for the record.
fn span(seconds: f64) -> String {
    format!("{:.2} h ({seconds:.0} s)", seconds / 3600.0)
}

fn table(below: &Downstream) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{} {}", below.from.zh, below.from.en);
    for arrival in &below.arrivals {
        let mark = if arrival.approximate { " ≈" } else { "" };
        let (likely, worst) = (arrival.band.most_probable, arrival.band.worst_case);
        let _ = writeln!(
            text,
            "{} {} {}{mark}  {:.1} km",
            arrival.id,
            arrival.name.zh,
            arrival.name.en,
            arrival.distance_m / 1e3
        );
        for (title, passage, above) in [
            ("最不利 worst case   ", worst, arrival.above_worst_case),
            ("最可能 most probable", likely, arrival.above_most_probable),
        ] {
            let hours = |seconds: f64| seconds / 3600.0;
            let _ = write!(
                text,
                "    {title}  前锋 edge {:.1} h  峰 peak {:.1} h  {:.4} mg/L",
                hours(passage.leading_edge_s),
                hours(passage.peak_s),
                passage.peak_mgl
            );
            if let Some(above) = above {
                let _ = write!(text, "  超限 above {:.1}–{:.1} h", hours(above.first_s), hours(above.last_s));
            }
            text.push('\n');
        }
    }
    if below.arrivals.is_empty() {
        text.push_str("下游没有取水口或断面 no intake and no section below\n");
    }
    remarks(&mut text, &below.assumptions);
    text
}
