//! Makes sure the folder of the built console exists, so that `cargo build` works without Node. An optimised program carries
//! the console in itself and is built again with it; others read the folder while they run.

use std::path::Path;

fn main() {
    let dist = Path::new("ui/dist");
    if let Err(problem) = std::fs::create_dir_all(dist) {
        println!("cargo::warning=the folder for the console could not be made: {problem}");
    }
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed=ui/dist");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
