//! `huiyin hj212`.

use std::process::ExitCode;

use super::Failure;
use crate::cli::sensing::Hj212What;

pub(crate) fn run(_args: &Hj212What) -> Result<ExitCode, Failure> {
    Err("not yet".into())
}
