//! The command line of stations, frames and series.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Format;

#[derive(Debug, Subcommand)]
pub(crate) enum Hj212What {
    /// Read frames; one JSON object a frame, errors named.
    Decode {
        /// File of frames as they went over the line; `-` reads standard input.
        file: PathBuf,
        /// Key of SM4 (32 hexadecimal digits) for encrypted data areas of 2025.
        #[arg(long)]
        key: Option<String>,
    },
    /// Write frames from the JSON that `decode` prints.
    Encode {
        /// File with one JSON object a line; `-` reads standard input.
        file: PathBuf,
        /// Key of SM4 (32 hexadecimal digits): data areas are encrypted.
        #[arg(long)]
        key: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DetectArgs {
    /// CSV with a time column and one column per parameter; `.gz` is read as it is.
    pub(crate) series: PathBuf,
    /// Rules (YAML); stations, pollutants and limits that they name lie beside them.
    #[arg(long)]
    pub(crate) rules: PathBuf,
    /// Output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}
