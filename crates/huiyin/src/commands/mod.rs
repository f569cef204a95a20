//! One file a subcommand; this one chooses.

mod adopt;
mod arrival;
mod backup;
mod check;
mod detect;
mod due;
mod explain;
mod hj212;
mod import;
mod migrate;
mod preview;
mod quarantine;
mod report;
mod retention;
pub(crate) mod serve;
mod simulate;
mod stations;
mod trace;
mod try_chart;
mod verify;
mod water;

use std::process::ExitCode;

use crate::cli::{Cli, Command};

/// Anything a subcommand can fail with; its words are for the person at the terminal.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs the subcommand.
pub(crate) fn run(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command {
        Command::Serve(args) => serve::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Try(args) => try_chart::run(&args),
        Command::Due(args) => due::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Preview(args) => preview::run(&args),
        Command::Adopt(args) => adopt::run(&args),
        Command::Migrate(args) => migrate::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Quarantine { what } => quarantine::run(&what),
        Command::Retention { what } => retention::run(&what),
        Command::Backup { folder, store } => backup::run(&folder, &store),
        Command::Simulate(args) => simulate::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Arrival(args) => arrival::run(&args),
        Command::Trace(args) => trace::run(&args),
        Command::Hj212 { what } => hj212::run(&what),
        Command::Detect(args) => detect::run(&args),
        Command::Stations { what } => stations::run(&what),
        Command::Water { what } => water::run(&what),
    }
}
