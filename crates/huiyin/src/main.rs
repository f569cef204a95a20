//! The `huiyin` program: one binary, every role and tool a subcommand. Parses the command line and hands over.

#[macro_use]
mod say;

mod changes;
mod cli;
mod commands;
mod house;
mod import;
mod library;
mod lock;
mod plans;
mod report;
mod simulate;
mod store;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match commands::run(cli::Cli::parse()) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("huiyin: {failure}");
            ExitCode::from(2)
        }
    }
}
