//! The command line of stations, frames and series.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Format;

#[derive(Debug, Subcommand)]
pub(crate) enum Hj212What {
    /// Read frames; one JSON object a frame, errors named.
    ///
    /// Frames stand one behind the other as they went over the line, or one a line. Each gives one line of JSON on standard
    /// output, in their order. Exit status 0 when all of them are good, 1 when one is not, 2 when the file cannot be read.
    ///
    /// A good frame: {"ok": true, "offset": bytes from the beginning of the input, "length": bytes of the data segment,
    /// "crc", "encrypted", "version": what Flag claims (2005, 2017, 2025) or null, "qn", "st", "cn", "pw", "mn", "flag":
    /// {"raw", "answer", "packets"} or null, "pnum", "pno", "rf": 1 when sent after the fact, "data_time", "pollutants":
    /// [{"code", "fields": {"Rtd": {"text": "8.30", "number": 8.3}}, "flag"}], "params": {"RtdInterval": {"text": "30",
    /// "number": 30}}, "remarks": [{"remark", "zh", "en"}]}. A value has "text" as written and "number" where it is a plain
    /// decimal; "bytes" (hexadecimal) instead where it is no UTF-8. A reading has "data_time" or "pol_id" where its group
    /// says another than the frame. "header" and "area" are there when the frame has another order or form than the usual
    /// one, and keep it as written.
    ///
    /// A bad frame: {"ok": false, "error": name, "message": {"zh", "en"}, "offset"}. Names: no_header, bad_length, oversized,
    /// truncated, wrong_crc, encrypted (no key, or another one), missing_field, bad_field, duplicate_field, bad_header.
    Decode {
        /// File of frames as they went over the line; `-` reads standard input.
        file: PathBuf,
        /// Key of SM4 (32 hexadecimal digits) for encrypted data areas of 2025.
        #[arg(long)]
        key: Option<String>,
        /// Show passwords and keys instead of ******.
        #[arg(long)]
        show_password: bool,
        /// Longest data segment that is admitted, bytes; at most 9999. The standard of 2017 has 1024.
        #[arg(long, default_value_t = 4096)]
        longest: usize,
    },
    /// Write frames from the JSON that `decode` prints.
    ///
    /// One JSON object a line; the bytes of the frames go to standard output, each with \r\n. Of an object "ok", "qn", "st",
    /// "cn" and "mn" are needed; "offset", "length", "crc", "version" and "remarks" are not read: length and checksum are
    /// worked out anew. What `decode --show-password` prints is written as the frame it was. After a change remove "header"
    /// and "area", which keep the old form. A line that cannot be written is named on standard error with its reason, the
    /// others are written. Exit status 0 when all lines were written, 1 when one was not, 2 when the file cannot be read.
    Encode {
        /// File with one JSON object a line; `-` reads standard input.
        file: PathBuf,
        /// Key of SM4 (32 hexadecimal digits): data areas are encrypted.
        #[arg(long)]
        key: Option<String>,
        /// Password for frames whose password is masked.
        #[arg(long)]
        password: Option<String>,
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

#[derive(Debug, Subcommand)]
pub(crate) enum StationsWhat {
    /// Let the stations of a file of doors speak over TCP, with made-up readings and a script of deeds.
    Simulate(SimulateStationsArgs),
}

#[derive(Debug, Args)]
pub(crate) struct SimulateStationsArgs {
    /// Address of the service's HJ 212 door; without it, the one in the file of doors.
    #[arg(long)]
    pub(crate) to: Option<std::net::SocketAddr>,
    /// File of doors, as the service has it: who speaks, with which password.
    #[arg(long, env = "HUIYIN_DOORS")]
    pub(crate) doors: PathBuf,
    /// `STATION:POLLUTANT=VALUE@SECONDS`: from then on the pollutant stands at that value. May be given more than once.
    #[arg(long)]
    pub(crate) spill: Vec<String>,
    /// `STATION@SECONDS`: from then on the station says nothing.
    #[arg(long)]
    pub(crate) silence: Vec<String>,
    /// `STATION@SECONDS`: from then on the station says that it is being worked on.
    #[arg(long)]
    pub(crate) maintenance: Vec<String>,
    /// File of a case of the past (YAML, as deploy/replay/): stations say what was observed then, at the file's pace.
    #[arg(long)]
    pub(crate) replay: Option<PathBuf>,
    /// Seconds of the replayed case in one second; without it, the file's own.
    #[arg(long, requires = "replay", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) pace: Option<u32>,
    /// Seconds between two frames of a station.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) every: u64,
    /// Ends after so many seconds; without it, with the replay or at Ctrl-C.
    #[arg(long = "for")]
    pub(crate) seconds: Option<u64>,
    /// The same seed says the same.
    #[arg(long, default_value_t = 20_261_124)]
    pub(crate) seed: u64,
    /// Folder of workflows and districts.
    #[arg(long, env = "HUIYIN_WORKFLOWS")]
    pub(crate) workflows: Option<PathBuf>,
    /// District whose stations speak.
    #[arg(long, env = "HUIYIN_DISTRICT", default_value = "qijiang")]
    pub(crate) district: String,
}
