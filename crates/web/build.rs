//! Makes sure the folder of the built console exists, so that `cargo build` works without Node, and rebuilds when the
//! console was built again.

use std::path::Path;

fn main() {
    let dist = Path::new("ui/dist");
    if let Err(problem) = std::fs::create_dir_all(dist) {
        println!("cargo::warning=the folder for the console could not be made: {problem}");
    }
    println!("cargo::rerun-if-changed=ui/dist");
    println!("cargo::rerun-if-changed=build.rs");
}
