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
