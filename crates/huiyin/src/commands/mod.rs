//! One file a subcommand; this one chooses.

mod check;
mod due;
mod import;
mod serve;
mod simulate;
mod try_chart;
mod verify;

use std::io::Write as _;
use std::process::ExitCode;

use crate::cli::{Cli, Command};

/// Anything a subcommand can fail with; its words are for the person at the terminal.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Writes to standard output; a closed pipe is no failure.
pub(crate) fn tell(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Runs the subcommand.
pub(crate) fn run(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command {
        Command::Serve(args) => serve::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Try(args) => try_chart::run(&args),
        Command::Due(args) => due::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Simulate(args) => simulate::run(&args),
    }
}
