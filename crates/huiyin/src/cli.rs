//! The command line: names, options and their words. No behaviour.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) mod net;
pub(crate) mod sensing;
pub(crate) mod water;

/// 回音 Huiyin: every matter answered, every case gets its echo.
#[derive(Debug, Parser)]
#[command(name = "huiyin", version, about, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the service: all its roles in one process, or some of them beside other processes.
    Serve(ServeArgs),
    /// Prove workflow definitions before they are loaded; with no file, all that ship.
    Check(CheckArgs),
    /// Run a chart alone on virtual time from a script of events.
    Try(TryArgs),
    /// Work out a due date and say how it was counted.
    Due(DueArgs),
    /// Recompute every hash chain and derive every state again from the journal.
    Verify(StoreArgs),
    /// Say why a case is due when it is: every clock with its derivation, articles, pauses, extensions, and what comes next.
    Explain(ExplainArgs),
    /// Show which open cases would move, and by how much, before a new calendar or workflow is applied. Changes nothing.
    Preview(PreviewArgs),
    /// Put a new calendar in force for the open cases: provisional dates are worked out anew and only move later.
    Adopt(AdoptArgs),
    /// Take the open cases of a workflow over to another version. Without --apply, only shows what would happen.
    Migrate(MigrateArgs),
    /// Take historic files into the journal.
    Import(ImportArgs),
    /// What was set aside because it could not be carried out.
    Quarantine {
        #[command(subcommand)]
        what: QuarantineWhat,
    },
    /// End of retention.
    Retention {
        #[command(subcommand)]
        what: RetentionWhat,
    },
    /// Copy an embedded store into a new folder while it is in use: database, master key, attachments, daily roots.
    Backup {
        /// Folder to be made.
        folder: PathBuf,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Live through petitions on virtual time and print both rates by their definitions. Touches no store.
    Simulate(SimulateArgs),
    /// Both rates of a period by unit, channel and category, and every promise that was broken, from the journal alone.
    Report(ReportArgs),
    /// When a pollutant arrives, how strong, for how long: in one reach by its numbers, or from a point of the district's
    /// network at every intake and section below.
    Arrival(ArrivalArgs),
    /// From an exceedance at a section up the river: the risk sources it may have come from, the most plausible first.
    Trace(TraceArgs),
    /// Read or write the frames in which monitoring stations speak (HJ 212-2017 and -2025).
    Hj212 {
        #[command(subcommand)]
        what: sensing::Hj212What,
    },
    /// Run alarm rules over a series outside the system and print the alarms with start, end and reason.
    Detect(sensing::DetectArgs),
    /// Monitoring stations.
    Stations {
        #[command(subcommand)]
        what: sensing::StationsWhat,
    },
    /// Waters of the district: protection zones in, everything out as GeoJSON, map sheets.
    Water {
        #[command(subcommand)]
        what: water::WaterWhat,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// In which language a command answers people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    /// Chinese.
    Zh,
    /// English.
    En,
}

/// How a command answers.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct AnswerArgs {
    /// Output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Language of the text.
    #[arg(long, value_enum, default_value_t = Lang::Zh)]
    pub(crate) lang: Lang,
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
    /// File with the master key (64 hexadecimal digits); without it, `master.key` in the data folder.
    #[arg(long, env = "HUIYIN_MASTER_KEY_FILE")]
    pub(crate) master_key_file: Option<PathBuf>,
    /// A second folder for the signed daily roots, best on another machine's disk.
    #[arg(long, env = "HUIYIN_ROOTS")]
    pub(crate) roots: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineWhat {
    /// Show what was set aside, newest first.
    List {
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Take a row out: timers are due again at once; a command may be sent again with the same id.
    Retry {
        /// Id of the row, as `list` shows it.
        id: uuid::Uuid,
        #[command(flatten)]
        store: StoreArgs,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RetentionWhat {
    /// End the retention of a closed case: its key, search pieces and attachments are destroyed for ever.
    End {
        /// Case number or id.
        case: String,
        /// By which rule or order, for the journal.
        #[arg(long)]
        basis: String,
        /// Who does it, for the journal.
        #[arg(long)]
        by: String,
        #[command(flatten)]
        store: StoreArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// File of doors (YAML): which stations may speak, from where, with which password. Without it no station is heard. Belongs to the
    /// role `ingest`.
    #[arg(long, env = "HUIYIN_DOORS")]
    pub(crate) doors: Option<PathBuf>,
    /// Let the stations of the file of doors speak by themselves, over real lines, with made-up readings; spills are started
    /// in the console. For a demonstration only.
    #[arg(long, env = "HUIYIN_DEMO_STATIONS", requires = "doors", requires = "demo_clock")]
    pub(crate) demo_stations: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// What this process does. What it leaves out, other processes do: they share PostgreSQL and find each other over NATS.
    #[arg(long, env = "HUIYIN_ROLES", value_enum, value_delimiter = ',', default_values_t = Role::ALL)]
    pub(crate) roles: Vec<Role>,
    #[command(flatten)]
    pub(crate) nats: net::NatsArgs,
    /// Address to listen on; `127.0.0.1:8080` for the console. Without the role `web` only /api/health and /api/ready answer
    /// there, with /metrics where there are doors of stations, and nothing listens unless an address is given.
    #[arg(long, env = "HUIYIN_LISTEN")]
    pub(crate) listen: Option<SocketAddr>,
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
    /// A reverse proxy of one's own stands before it: the caller's address is the last of `X-Forwarded-For`. Never
    /// without one, as callers could then name any address.
    #[arg(long, env = "HUIYIN_BEHIND_PROXY")]
    pub(crate) behind_proxy: bool,
    /// Readings of stations are kept for so many days after they came in; older ones are forgotten at night. How long the
    /// law wants them is not confirmed: three years unless it is said otherwise.
    #[arg(long, env = "HUIYIN_KEEP_READINGS", value_name = "DAYS", default_value_t = 1096, value_parser = clap::value_parser!(u32).range(1..=36_600))]
    pub(crate) keep_readings: u32,
    /// File with the bearer token by which a collector may read `/metrics`.
    #[arg(long, env = "HUIYIN_METRICS_TOKEN_FILE")]
    pub(crate) metrics_token_file: Option<PathBuf>,
    /// Tiles below maps, as an address with {z}, {x} and {y}; without it maps ask for nothing outside.
    #[arg(long, env = "HUIYIN_MAP_TILES")]
    pub(crate) map_tiles: Option<String>,
    /// Whose map the tiles are, shown on it.
    #[arg(long, env = "HUIYIN_MAP_ATTRIBUTION", requires = "map_tiles", default_value = "")]
    pub(crate) map_attribution: String,
    /// Log as JSON lines.
    #[arg(long, env = "HUIYIN_LOG_JSON")]
    pub(crate) log_json: bool,
}

/// What a process of the service does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Role {
    /// Console and HTTP API.
    Web,
    /// Commands, timers, and what follows from them.
    Engine,
    /// Mails and webhooks.
    Notify,
    /// Reports and alarms by the calendar of the office.
    Scheduler,
    /// Doors of stations, and what follows from their readings; only with a file of doors.
    Ingest,
}

impl Role {
    /// Every role.
    pub(crate) const ALL: [Self; 5] = [Self::Web, Self::Engine, Self::Notify, Self::Scheduler, Self::Ingest];
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Web => "web",
            Self::Engine => "engine",
            Self::Notify => "notify",
            Self::Scheduler => "scheduler",
            Self::Ingest => "ingest",
        })
    }
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
    /// Output; `sarif` is the form that editors and code hosts read (SARIF 2.1.0).
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub(crate) format: CheckFormat,
    /// Also draw the workflow of the one file named, as SVG.
    #[arg(long, value_name = "SVG")]
    pub(crate) diagram: Option<PathBuf>,
    /// Language of the diagram.
    #[arg(long, value_enum, default_value_t = Language::Zh)]
    pub(crate) language: Language,
}

/// In which form `check` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// For people.
    Text,
    /// For programs, one object a workflow.
    Json,
    /// One SARIF 2.1.0 log for all of them.
    Sarif,
}

/// Language of what people see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// 中文
    Zh,
    /// English
    En,
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
    #[arg(long, allow_hyphen_values = true)]
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
    /// Keep the store in this new folder, for `huiyin report --data FOLDER` and `huiyin verify`.
    #[arg(long, value_name = "FOLDER", conflicts_with = "nobody_acts")]
    pub(crate) keep: Option<PathBuf>,
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

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Number of the case, e.g. XF-20261123-000017.
    pub(crate) number: String,
    #[command(flatten)]
    pub(crate) answer: AnswerArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PreviewArgs {
    #[command(subcommand)]
    pub(crate) what: PreviewWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PreviewWhat {
    /// A year of the calendar.
    Calendar(CalendarArgs),
    /// Another version of a workflow.
    Workflow {
        /// Workflow file; it must pass the check.
        file: PathBuf,
        /// What happens to a running clock whose time is another, `CLOCK=keep`, `CLOCK=recompute` or `CLOCK=drop`.
        #[arg(long, value_name = "CLOCK=RULE")]
        rule: Vec<String>,
        /// Which old state becomes which new one.
        #[arg(long, value_name = "OLD=NEW")]
        map: Vec<String>,
        #[command(flatten)]
        answer: AnswerArgs,
        #[command(flatten)]
        store: StoreArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AdoptArgs {
    #[command(subcommand)]
    pub(crate) what: AdoptWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AdoptWhat {
    /// A year of the calendar. It is kept in the store and journalled in every open case.
    Calendar(CalendarArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CalendarArgs {
    /// File of one year, like those in workflows/calendars.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) answer: AnswerArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    /// Workflow, e.g. petition.
    pub(crate) workflow: String,
    /// Version to go to: a number or content address the store has, or a workflow file, which must pass the check.
    #[arg(long, required_unless_present = "undo", conflicts_with = "undo")]
    pub(crate) to: Option<String>,
    /// Which old state becomes which new one; states of the same name need no entry.
    #[arg(long, value_name = "OLD=NEW")]
    pub(crate) map: Vec<String>,
    /// What happens to a running clock whose time is another, `CLOCK=keep`, `CLOCK=recompute` or `CLOCK=drop`.
    #[arg(long, value_name = "CLOCK=RULE")]
    pub(crate) clock: Vec<String>,
    /// Take back the migration of every case to which nothing happened since.
    #[arg(long)]
    pub(crate) undo: bool,
    /// Do it. Cases that are refused stay as they are.
    #[arg(long)]
    pub(crate) apply: bool,
    /// Who ordered it, for the journal.
    #[arg(long, default_value = "huiyin migrate")]
    pub(crate) by: String,
    #[command(flatten)]
    pub(crate) answer: AnswerArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people.
    Text,
    /// One table; UTF-8.
    Csv,
    /// A workbook.
    Xlsx,
    /// For programs.
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// First day, `2026-01-01`.
    #[arg(long, requires = "to", value_name = "DAY")]
    pub(crate) from: Option<String>,
    /// Last day; it belongs to the period.
    #[arg(long, requires = "from", value_name = "DAY")]
    pub(crate) to: Option<String>,
    /// A month, `2026-03`. A month, quarter or year that has begun is counted up to now.
    #[arg(long, value_name = "YYYY-MM", conflicts_with_all = ["from", "quarter", "year"])]
    pub(crate) month: Option<String>,
    /// A quarter, `2026-Q1`.
    #[arg(long, value_name = "YYYY-Qn", conflicts_with_all = ["from", "year"])]
    pub(crate) quarter: Option<String>,
    /// A year, `2026`.
    #[arg(long, value_name = "YYYY", conflicts_with = "from")]
    pub(crate) year: Option<String>,
    /// Output.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
    /// Write it to this file instead of the terminal.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
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
