//! Names the check by what it is made of: the sources of this crate and of the house's crates below it, and the versions of
//! all others. Two programs of one name reach the same verdicts, so what one of them proved need not be proved again by the
//! other. No seal: whoever can change these files can change the check.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Folders and files that the check is made of, seen from this crate. `tests/basis.rs` holds the list to the manifests.
const MADE_OF: [&str; 8] = [
    "src",
    "Cargo.toml",
    "../chart/src",
    "../chart/Cargo.toml",
    "../calendar/src",
    "../calendar/Cargo.toml",
    "../../Cargo.toml",
    "../../Cargo.lock",
];

fn main() -> io::Result<()> {
    let home = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?);
    let mut hasher = DefaultHasher::new();
    for part in MADE_OF {
        println!("cargo::rerun-if-changed={}", home.join(part).display());
        part.hash(&mut hasher);
        for file in files(&home.join(part))? {
            // Below its part, so that the place where the repository stands does not count.
            file.strip_prefix(&home).unwrap_or(&file).hash(&mut hasher);
            fs::read(&file)?.hash(&mut hasher);
        }
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=HUIYIN_CHECKER={:016x}", hasher.finish());
    Ok(())
}

/// A file, or all files below a folder, in order.
fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut entries = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    entries.sort();
    let mut found = Vec::new();
    for entry in entries {
        found.extend(files(&entry)?);
    }
    Ok(found)
}
