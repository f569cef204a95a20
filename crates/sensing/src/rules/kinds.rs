//! The five kinds of rules as they are written, checked one by one.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_saphyr::Spanned;

use super::anomaly::MOST_READINGS;
use super::build::Reader;
use super::model::{After, Agreement, Anomaly, AnomalyParameter, Lasting, Level, Missing, Rate, Slow, Threshold};
use super::source::{AgreementEntry, AnomalyEntry, AnomalyParameterEntry, MissingEntry, RateEntry, ThresholdEntry};
use crate::observation::Kind;
use crate::registry::Bound;

pub(super) fn threshold(
    reader: &mut Reader<'_>,
    id: &Spanned<String>,
    figures: &[Kind],
    block: ThresholdEntry,
) -> Threshold {
    let name = &id.value;
    let pollutants = reader.pollutants(&block.pollutants, &format!("{name}: pollutants"), id);
    let level = level(reader, id, figures, &pollutants, &block);
    let clear_margin = block
        .clear_margin
        .as_ref()
        .map_or(0.1, |share| reader.number_in(share, [0.0, 0.9], &format!("{name}: clear_margin")));
    let worse = reader.multiples(&block.worse, &format!("{name}: worse"));
    let lasting = lasting(reader, name, &block.during, &block.clear_for);
    Threshold { pollutants, level, clear_margin, worse, lasting }
}

fn level(
    reader: &mut Reader<'_>,
    id: &Spanned<String>,
    figures: &[Kind],
    pollutants: &[String],
    block: &ThresholdEntry,
) -> Level {
    let name = &id.value;
    let above = block.above.as_ref().map(|value| reader.number(value, &format!("{name}: above")));
    let below = block.below.as_ref().map(|value| reader.number(value, &format!("{name}: below")));
    match (above, below, &block.class) {
        (Some(most), None, None) => Level::Number(Bound::AtMost(most)),
        (None, Some(least), None) => Level::Number(Bound::AtLeast(least)),
        (Some(most), Some(least), None) if least < most => Level::Number(Bound::Between(least, most)),
        (Some(most), Some(least), None) => {
            let what = format!("{least} is not below {most}");
            reader.wrong(id, &format!("{name}: below"), what, "`below` less than `above`: the good span lies between");
            Level::Number(Bound::AtMost(most))
        }
        (None, None, Some(class)) => by_class(reader, name, figures, pollutants, class),
        _ => {
            let what = "does not say what the limit is";
            reader.wrong(id, &format!("{name}: threshold"), what, "`above`, `below`, both of them, or `class`");
            Level::Own
        }
    }
}

fn by_class(
    reader: &mut Reader<'_>,
    name: &str,
    figures: &[Kind],
    pollutants: &[String],
    class: &Spanned<String>,
) -> Level {
    let field = format!("{name}: class");
    let Some(registry) = reader.registry else {
        reader.wrong(
            class,
            &field,
            "needs limits",
            "`above` or `below` with a number, or limits.yaml beside the rules",
        );
        return Level::Own;
    };
    if class.value == "own" {
        return Level::Own;
    }
    let unlimited = pollutants.iter().find(|code| !registry.ever_limits(code, &class.value));
    if let Some(code) = unlimited {
        let what = format!("no table limits {code} for {}", class.value);
        reader.wrong(class, &field, what, "`own`, or a class of limits.yaml that has all pollutants of the rule");
    }
    // A limit for a mean of a day says nothing of a moment.
    let (mean, fits) = match class.value.rsplit_once('/').map(|(_, mean)| mean) {
        Some("1h") => ("[hour]", figures == [Kind::Hour]),
        Some("24h") => ("[day]", figures == [Kind::Day]),
        Some("8h" | "年") => ("", false),
        _ => return Level::Class(class.value.clone()),
    };
    if !fits {
        let what = format!("{} is a limit for means", class.value);
        let expected =
            if mean.is_empty() { "a class for hours or days" } else { &format!("`figures: {mean}` in the rule") };
        reader.wrong(class, &field, what, expected);
    }
    Level::Class(class.value.clone())
}

pub(super) fn rate(reader: &mut Reader<'_>, id: &Spanned<String>, block: RateEntry) -> Rate {
    let name = &id.value;
    let pollutants = reader.pollutants(&block.pollutants, &format!("{name}: pollutants"), id);
    let rise = block.rise.as_ref().map(|value| reader.positive(value, &format!("{name}: rise")));
    let fall = block.fall.as_ref().map(|value| reader.positive(value, &format!("{name}: fall")));
    if rise.is_none() && fall.is_none() {
        reader.wrong(id, &format!("{name}: rate"), "no change is named", "`rise`, `fall`, or both");
    }
    let within = reader.some_length(&block.within, &format!("{name}: within"));
    let lasting = lasting(reader, name, &block.during, &block.clear_for);
    Rate { pollutants, rise, fall, within, lasting }
}

pub(super) fn missing(reader: &mut Reader<'_>, id: &Spanned<String>, block: MissingEntry) -> Missing {
    let name = &id.value;
    let pollutants = block.pollutants.map(|list| reader.pollutants(&list, &format!("{name}: pollutants"), id));
    let field = format!("{name}: after");
    let after = match block.after.value.strip_suffix('x') {
        None => After::Length(reader.some_length(&block.after, &field)),
        Some(count) => {
            let count = count.parse().ok().filter(|count| (2..=1000).contains(count));
            if count.is_none() {
                let what = format!("`{}` is no number of intervals", block.after.value);
                reader.wrong(&block.after, &field, what, "2x to 1000x, or a length as 30m");
            }
            if reader.registry.is_none() {
                let expected = "a length as 30m, or stations.yaml beside the rules";
                reader.wrong(&block.after, &field, "needs the expected intervals of a registry", expected);
            }
            After::Intervals(count.unwrap_or(2))
        }
    };
    let clear = reader.length(&block.clear_for, &format!("{name}: clear_for"));
    Missing { pollutants, after, clear }
}

pub(super) fn anomaly(reader: &mut Reader<'_>, id: &Spanned<String>, block: AnomalyEntry) -> Anomaly {
    let name = &id.value;
    if block.parameters.is_empty() || block.parameters.len() > 64 {
        let what = format!("{} parameters", block.parameters.len());
        reader.wrong(id, &format!("{name}: parameters"), what, "1 to 64 parameters with the change that counts");
    }
    let least_readings = block.least_readings.value;
    if !(3..=MOST_READINGS / 2).contains(&least_readings) {
        let expected = format!("3 to {} readings", MOST_READINGS / 2);
        reader.wrong(
            &block.least_readings,
            &format!("{name}: least_readings"),
            format!("is {least_readings}"),
            &expected,
        );
    }
    let clear_below = block
        .clear_below
        .as_ref()
        .map_or(0.7, |share| reader.number_in(share, [0.01, 1.0], &format!("{name}: clear_below")));
    let mut parameters = BTreeMap::new();
    for (code, entry) in block.parameters {
        let at = &entry.change;
        let parameter = anomaly_parameter(reader, &format!("{name}: {code}"), &entry);
        let code = reader.pollutant(&Spanned::new(code, at.referenced, at.defined), &format!("{name}: parameters"));
        parameters.insert(code, parameter);
    }
    let gap = reader.length(&block.gap, &format!("{name}: gap"));
    let lasting = lasting(reader, name, &block.during, &block.clear_for);
    if lasting.during > gap {
        let expected = "a gap at least as long as `for`: else a change enters its own baseline before it is told";
        reader.wrong(
            &block.gap,
            &format!("{name}: gap"),
            format!("`{}` is shorter than `for`", block.gap.value),
            expected,
        );
    }
    Anomaly {
        recent: reader.some_length(&block.recent, &format!("{name}: recent")),
        least_recent: block.least_recent.as_ref().map_or(1, |least| least.value.clamp(1, least_readings)),
        gap,
        window: reader.some_length(&block.window, &format!("{name}: window")),
        least: least_readings,
        combine: reader.number_in(&block.combine, [1.0, 100.0], &format!("{name}: combine")),
        clear_below,
        worse: reader.multiples(&block.worse, &format!("{name}: worse")),
        lasting,
        hold: reader.some_length(&block.hold, &format!("{name}: hold")),
        parameters,
    }
}

fn anomaly_parameter(reader: &mut Reader<'_>, field: &str, entry: &AnomalyParameterEntry) -> AnomalyParameter {
    AnomalyParameter {
        change: reader.positive(&entry.change, &format!("{field}: change")),
        sigmas: entry
            .sigmas
            .as_ref()
            .map_or(0.0, |sigmas| reader.number_in(sigmas, [0.0, 100.0], &format!("{field}: sigmas"))),
        direction: entry.direction,
        slow: entry.slow.as_ref().map(|slow| Slow {
            change: reader.positive(&slow.change, &format!("{field}: slow.change")),
            over: reader.some_length(&slow.over, &format!("{field}: slow.over")),
        }),
    }
}

pub(super) fn agreement(reader: &mut Reader<'_>, id: &Spanned<String>, block: AgreementEntry) -> Agreement {
    let name = &id.value;
    let pollutant = reader.pollutant(&block.pollutant, &format!("{name}: pollutant"));
    let upstream = reader.station(&block.upstream, &format!("{name}: upstream"));
    let downstream = reader.station(&block.downstream, &format!("{name}: downstream"));
    if upstream == downstream {
        reader.wrong(&block.downstream, &format!("{name}: downstream"), "is the upstream station", "another station");
    }
    let earliest = reader.length(&block.earliest, &format!("{name}: earliest"));
    let latest = reader.some_length(&block.latest, &format!("{name}: latest"));
    if earliest >= latest || latest > TimeDelta::days(10) {
        let expected = "longer than `earliest`, at most 10d: the travel time lies between";
        reader.wrong(&block.latest, &format!("{name}: latest"), format!("`{}`", block.latest.value), expected);
    }
    let tolerance = reader.positive(&block.tolerance, &format!("{name}: tolerance"));
    let share =
        block.share.as_ref().map_or(0.0, |share| reader.number_in(share, [0.0, 10.0], &format!("{name}: share")));
    let lasting = lasting(reader, name, &block.during, &block.clear_for);
    Agreement { pollutant, upstream, downstream, earliest, latest, tolerance, share, lasting }
}

fn lasting(reader: &mut Reader<'_>, name: &str, during: &Spanned<String>, clear: &Spanned<String>) -> Lasting {
    Lasting {
        during: reader.length(during, &format!("{name}: for")),
        clear: reader.length(clear, &format!("{name}: clear_for")),
    }
}
