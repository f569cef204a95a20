//! The command line: names, options and their words. No behaviour.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// 回音 Huiyin: every matter answered, every case gets its echo.
#[derive(Debug, Parser)]
#[command(name = "huiyin", version, about, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the service: web, engine, notifications, in one process.
    Serve(ServeArgs),
    /// Prove workflow definitions before they are loaded; with no file, all that ship.
    Check(CheckArgs),
    /// Run a chart alone on virtual time from a script of events.
    Try(TryArgs),
    /// Work out a due date and say how it was counted.
    Due(DueArgs),
    /// Recompute every hash chain and derive every state again from the journal.
    Verify(StoreArgs),
    /// Take historic files into the journal.
    Import(ImportArgs),
    /// Live through petitions on virtual time and print both rates by their definitions. Touches no store.
    Simulate(SimulateArgs),
    /// When a pollutant arrives, how strong, for how long: in one reach by its numbers, or from a point of the district's
    /// network at every intake and section below.
    Arrival(ArrivalArgs),
    /// From an exceedance at a section up the river: the risk sources it may have come from, the most plausible first.
    Trace(TraceArgs),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Where cases are kept.
#[derive(Debug, Clone, Args)]
pub(crate) struct StoreArgs {
    /// Folder for the embedded database, attachments and keys.
    #[arg(long, env = "HUIYIN_DATA", default_value = "var")]
    pub(crate) data: PathBuf,
    /// `postgres://…` or `sqlite:FILE`; without it, an SQLite file in the data folder.
    #[arg(long, env = "HUIYIN_DATABASE", hide_env_values = true)]
    pub(crate) database: Option<String>,
    /// Folder of workflows, calendars and districts; without it, `./workflows` or the set built into the program.
    #[arg(long, env = "HUIYIN_WORKFLOWS")]
    pub(crate) workflows: Option<PathBuf>,
    /// District to serve: a folder below `districts/`.
    #[arg(long, env = "HUIYIN_DISTRICT", default_value = "qijiang")]
    pub(crate) district: String,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// Address to listen on.
    #[arg(long, env = "HUIYIN_LISTEN", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// Address people reach it at, for links in mails; default `http://LISTEN`.
    #[arg(long, env = "HUIYIN_PUBLIC_URL")]
    pub(crate) public_url: Option<String>,
    /// Mail settings (YAML: relays, sender); without it mails land in the local mailbox that the console shows.
    #[arg(long, env = "HUIYIN_MAIL")]
    pub(crate) mail: Option<PathBuf>,
    /// A demonstration: supervisors move the clock forward from the console, and there is an example account for each
    /// duty. A store is one or the other for ever.
    #[arg(long, env = "HUIYIN_DEMO_CLOCK")]
    pub(crate) demo_clock: bool,
    /// Print a one-time sign-in link for the first administrator also when there is a password already.
    #[arg(long)]
    pub(crate) sign_in_link: bool,
    /// Log as JSON lines.
    #[arg(long, env = "HUIYIN_LOG_JSON")]
    pub(crate) log_json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Workflow files.
    pub(crate) files: Vec<PathBuf>,
    /// Folder of workflows, calendars and districts.
    #[arg(long, env = "HUIYIN_WORKFLOWS")]
    pub(crate) workflows: Option<PathBuf>,
    /// District whose units and roles are known.
    #[arg(long, env = "HUIYIN_DISTRICT", default_value = "qijiang")]
    pub(crate) district: String,
    /// Output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct TryArgs {
    /// Workflow file.
    pub(crate) file: PathBuf,
    /// Script: `[{"event": "name", "data": {…}, "after": "1s"}, …]`; `after` is the wait before sending.
    #[arg(long)]
    pub(crate) script: PathBuf,
    /// Run it even if `huiyin check` would refuse it.
    #[arg(long)]
    pub(crate) no_check: bool,
    /// Folder of workflows, calendars and districts.
    #[arg(long, env = "HUIYIN_WORKFLOWS")]
    pub(crate) workflows: Option<PathBuf>,
    /// District whose units and roles are known.
    #[arg(long, env = "HUIYIN_DISTRICT", default_value = "qijiang")]
    pub(crate) district: String,
    /// Output; `json` prints one object a line.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct DueArgs {
    /// Start, `2026-02-10` or `2026-02-10T09:30` in the district's time, or with an offset.
    #[arg(long)]
    pub(crate) from: String,
    /// Time allowed, e.g. `15 working days`, `60 days`, `2 months`, `4 hours`.
    #[arg(long)]
    pub(crate) within: String,
    /// Time that does not count, `FROM/TO`; may be given more than once.
    #[arg(long, value_name = "FROM/TO")]
    pub(crate) pause: Vec<String>,
    /// A last day on a day off rolls forward to the next working day.
    #[arg(long)]
    pub(crate) rolls: bool,
    /// Folder of workflows and calendars.
    #[arg(long, env = "HUIYIN_WORKFLOWS")]
    pub(crate) workflows: Option<PathBuf>,
    /// Output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    #[command(subcommand)]
    pub(crate) what: ImportWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImportWhat {
    /// Petitions, one a row. Answered ones go on file with their answer; nobody is written to about them.
    Petitions {
        /// CSV in UTF-8: received, channel, petitioner, title, content; and nature, river, reply, reply_days, sent_on,
        /// category, place.
        file: PathBuf,
        /// Output.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        #[command(flatten)]
        store: StoreArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// Petitions as for `import petitions`; without it, a made-up district.
    pub(crate) file: Option<PathBuf>,
    /// Decides every delay; the same seed gives the same answer.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Nobody in the office ever does anything.
    #[arg(long)]
    pub(crate) nobody_acts: bool,
    /// Folder of workflows, calendars and districts.
    #[arg(long, env = "HUIYIN_WORKFLOWS")]
    pub(crate) workflows: Option<PathBuf>,
    /// District in which it happens.
    #[arg(long, env = "HUIYIN_DISTRICT", default_value = "qijiang")]
    pub(crate) district: String,
    /// Output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Numbers are refused field by field when they are outside their domain.
#[derive(Debug, Args)]
pub(crate) struct ArrivalArgs {
    /// Mass released at once [kg].
    #[arg(long, required_unless_present = "rate_kgs", conflicts_with = "rate_kgs", allow_negative_numbers = true)]
    pub(crate) mass_kg: Option<f64>,
    /// Rate of a source that goes on without end [kg/s].
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) rate_kgs: Option<f64>,
    /// Point of the network: a source, section, risk source, facility or node by its id, or REACH@METRES.
    #[arg(long, conflicts_with_all = ["area_m2", "velocity_ms", "dispersion_m2s", "distance_m", "rate_kgs"])]
    pub(crate) from: Option<String>,
    /// Wetted cross-section [m²].
    #[arg(long, required_unless_present = "from", allow_negative_numbers = true)]
    pub(crate) area_m2: Option<f64>,
    /// Mean velocity [m/s].
    #[arg(long, required_unless_present = "from", allow_negative_numbers = true)]
    pub(crate) velocity_ms: Option<f64>,
    /// Longitudinal dispersion [m²/s].
    #[arg(long, required_unless_present = "from", allow_negative_numbers = true)]
    pub(crate) dispersion_m2s: Option<f64>,
    /// First-order decay [1/day].
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    pub(crate) decay_per_day: f64,
    /// Distance downstream [m].
    #[arg(long, required_unless_present = "from", allow_negative_numbers = true)]
    pub(crate) distance_m: Option<f64>,
    /// Limit [mg/L]; without it nothing is said about times above.
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) limit_mgl: Option<f64>,
    #[command(flatten)]
    pub(crate) water: WaterArgs,
}

/// Which district's waters, and how to answer.
#[derive(Debug, Args)]
pub(crate) struct WaterArgs {
    /// Folder of workflows and districts.
    #[arg(long, env = "HUIYIN_WORKFLOWS")]
    pub(crate) workflows: Option<PathBuf>,
    /// District whose `water/` folder is read.
    #[arg(long, env = "HUIYIN_DISTRICT", default_value = "qijiang")]
    pub(crate) district: String,
    /// Output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct TraceArgs {
    /// Section (or intake) at which the exceedance was seen, by its id.
    #[arg(long)]
    pub(crate) section: String,
    /// Pollutant: name, chemical sign or factor code, e.g. `氨氮`, `NH3-N`, `w21003`.
    #[arg(long)]
    pub(crate) pollutant: String,
    /// When it was seen, with its offset, e.g. `2026-11-23T08:00:00+08:00`.
    #[arg(long)]
    pub(crate) at: chrono::DateTime<chrono::FixedOffset>,
    /// Concentration seen [mg/L]: then it is judged how much must have been released.
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) mgl: Option<f64>,
    /// A section at which nothing was found in that time; may be given more than once.
    #[arg(long)]
    pub(crate) clean: Vec<String>,
    #[command(flatten)]
    pub(crate) water: WaterArgs,
}
