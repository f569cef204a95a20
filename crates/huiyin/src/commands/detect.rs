//! `huiyin detect`.

use std::process::ExitCode;

use super::Failure;
use crate::cli::sensing::DetectArgs;

pub(crate) fn run(_args: &DetectArgs) -> Result<ExitCode, Failure> {
    Err("not yet".into())
}
