//! `huiyin water`: protection zones from a GeoJSON file, everything out as GeoJSON, and map sheets without a browser.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use chrono::TimeDelta;
use huiyin_engine::{Clock as _, SystemClock};
use huiyin_water::network::{Datum, Flaw, Network, Text, ZoneFeature, ZoneImport, import_zones, zones_text};
use huiyin_water::sheet::{Language, Paper, Sheet, pdf};
use huiyin_web::print::machine_fonts;
use serde_json::json;

use super::Failure;
use super::arrival::waters;
use super::check::text_of;
use crate::cli::water::{PaperSize, WaterWhat};
use crate::cli::{Format, WaterArgs};

/// A sheet carries Beijing time.
const BEIJING: TimeDelta = TimeDelta::hours(8);

pub(crate) fn run(what: &WaterWhat) -> Result<ExitCode, Failure> {
    match what {
        WaterWhat::Import { file, out, datum, water } => import(file, out.as_deref(), datum.as_deref(), water),
        WaterWhat::Export { water } => {
            crate::say!("{}", waters(water)?.to_geojson().to_string());
            Ok(ExitCode::SUCCESS)
        }
        WaterWhat::Sheet { source, out, paper, english, water } => {
            sheet(&waters(water)?, source, out, *paper, *english)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn import(file: &Path, out: Option<&Path>, datum: Option<&str>, water: &WaterArgs) -> Result<ExitCode, Failure> {
    let network = waters(water)?;
    let datum = match datum {
        Some(name) => {
            Some(Datum::of(name).ok_or_else(|| format!("--datum {name}: expected WGS-84, CGCS2000 or GCJ-02"))?)
        }
        None => None,
    };
    let name = file.display().to_string();
    let import = import_zones(&name, &text_of(file)?, datum, &network).map_err(|flaw| in_words(&flaw))?;
    let refused = import.flaws.iter().filter(|flaw| flaw.refused).count();
    let kept = import.zones.len();
    told(&import, water.format)?;
    if let Some(out) = out {
        keep(out, import.zones, &network)?;
    }
    if water.format == Format::Text {
        let end = match out {
            Some(out) => format!("kept in {}", out.display()),
            None => "nothing was written: give --out FILE to keep them".to_owned(),
        };
        crate::say!("{kept} zones are sound, {refused} were left out; {end}");
    }
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn told(import: &ZoneImport, format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        let zones: Vec<_> = import
            .zones
            .iter()
            .map(|zone| json!({"source": zone.source, "level": zone.level, "approval": zone.approval, "by": zone.by}))
            .collect();
        let answer = json!({"datum": import.datum, "zones": zones, "flaws": import.flaws});
        crate::say!("{}", serde_json::to_string_pretty(&answer)?);
        return Ok(());
    }
    for zone in &import.zones {
        crate::say!("{} {}: sound", zone.source, zone.level.name().zh);
    }
    for flaw in &import.flaws {
        crate::say!("{}", in_words(flaw));
    }
    Ok(())
}

fn in_words(flaw: &Flaw) -> String {
    if flaw.refused {
        format!("{}: {}. expected: {}", flaw.place, flaw.what, flaw.expected)
    } else {
        format!("{}: note: {}", flaw.place, flaw.what)
    }
}

/// Puts zones beside those that a file has; the file is there whole, before or after.
fn keep(out: &Path, zones: Vec<ZoneFeature>, network: &Network) -> Result<(), Failure> {
    let before = match std::fs::read_to_string(out) {
        Ok(text) => import_zones(&out.display().to_string(), &text, None, network).map_err(|flaw| in_words(&flaw))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            ZoneImport { zones: Vec::new(), flaws: Vec::new(), datum: Datum::Wgs84 }
        }
        Err(error) => return Err(format!("{}: {error}", out.display()).into()),
    };
    if let Some(flaw) = before.flaws.iter().find(|flaw| flaw.refused) {
        return Err(
            format!("{}: {}. repair or remove it first: it would be lost", out.display(), in_words(flaw)).into()
        );
    }
    write(out, zones_text(before.zones, zones).as_bytes())
}

/// Writes a file beside its place and moves it there.
fn write(out: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut beside = out.as_os_str().to_owned();
    beside.push(".new");
    let failed = |error: std::io::Error| format!("{}: {error}", out.display());
    std::fs::write(&beside, bytes).map_err(failed)?;
    Ok(std::fs::rename(&beside, out).map_err(failed)?)
}

fn sheet(network: &Network, source: &str, out: &Path, paper: PaperSize, english: bool) -> Result<(), Failure> {
    let place = network.place(source).ok_or_else(|| format!("there is no source {source}"))?;
    let text = |zh: &str, en: &str| Text { zh: zh.to_owned(), en: en.to_owned() };
    let paper = match paper {
        PaperSize::A3 => Paper::A3,
        PaperSize::A4 => Paper::A4,
    };
    let sheet = Sheet {
        paper,
        language: if english { Language::En } else { Language::Zh },
        plan: text("见系统", "see the system"),
        printed: (SystemClock::default().now() + BEIJING).format("%Y-%m-%d %H:%M").to_string(),
        ..Sheet::default()
    };
    let svg = sheet.svg(network, place)?;
    match out.extension().and_then(|ending| ending.to_str()) {
        Some("svg") => write(out, svg.as_bytes()),
        Some("pdf") => write(out, &pdf(&svg, paper, &place.name.zh, &Arc::new(machine_fonts()))?),
        _ => Err(format!("{}: expected a name that ends in .svg or .pdf", out.display()).into()),
    }
}
