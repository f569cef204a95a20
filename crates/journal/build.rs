//! Lists the files of `migrations/` for the crate, so that a migration is added by adding its two files.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("../../migrations");
    let mut out = String::new();
    for database in ["sqlite", "postgres"] {
        let folder = root.join(database);
        println!("cargo:rerun-if-changed={}", folder.display());
        let mut files: Vec<_> = fs::read_dir(&folder)?.collect::<Result<_, _>>()?;
        files.sort_by_key(fs::DirEntry::file_name);
        let _ = writeln!(out, "pub(super) const {}: &[(&str, &str)] = &[", database.to_uppercase());
        for file in files {
            let name = file.file_name().into_string().unwrap_or_default();
            if let Some(stem) = name.strip_suffix(".sql") {
                let _ = writeln!(out, "    ({stem:?}, include_str!({:?})),", file.path().canonicalize()?);
                println!("cargo:rerun-if-changed={}", file.path().display());
            }
        }
        out.push_str("];\n");
    }
    fs::write(Path::new(&env::var("OUT_DIR").map_err(io::Error::other)?).join("migrations.rs"), out)
}
