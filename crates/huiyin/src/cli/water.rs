//! The command line of the district's waters: zones in, shapes out, map sheets.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::WaterArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum WaterWhat {
    /// Judge a GeoJSON file of protection zones; with --out, keep the sound ones.
    ///
    /// A feature is a Polygon or MultiPolygon with the properties `source` (id of a source, such as DW08) and `level` (first,
    /// second, quasi; 一级, 二级, 准), and may have `approval` (number of the document) and `by` (a provenance of network.yaml;
    /// without one it stays approximate). Refused, each with its name and the cure: rings that cross, latitude before
    /// longitude, places outside the district, an unknown datum. GCJ-02 is converted, and that is said.
    ///
    /// Exit status 0 when all features are sound, 1 when one was left out, 2 when the file cannot be read.
    Import {
        /// GeoJSON (RFC 7946).
        file: PathBuf,
        /// Where sound zones are kept beside those that are there, in place of the same source and level: as a rule
        /// `workflows/districts/qijiang/water/zones.geojson`. Without it nothing is written.
        #[arg(long)]
        out: Option<PathBuf>,
        /// Datum of the file, where it does not say it: WGS-84 (default), CGCS2000 or GCJ-02.
        #[arg(long)]
        datum: Option<String>,
        #[command(flatten)]
        water: WaterArgs,
    },
    /// Print reaches, places and zones as GeoJSON (WGS-84, RFC 7946); what nobody surveyed is marked `approximate`.
    Export {
        #[command(flatten)]
        water: WaterArgs,
    },
    /// Write the map sheet of a source as SVG or PDF, without what its plan says: that is in the console.
    Sheet {
        /// Id of the source, such as DW08.
        source: String,
        /// File; its ending, .svg or .pdf, says what is written.
        #[arg(long)]
        out: PathBuf,
        /// Size of the paper.
        #[arg(long, value_enum, default_value_t = PaperSize::A3)]
        paper: PaperSize,
        /// English instead of Chinese.
        #[arg(long)]
        english: bool,
        #[command(flatten)]
        water: WaterArgs,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PaperSize {
    /// 420 × 297 mm.
    A3,
    /// 297 × 210 mm.
    A4,
}
