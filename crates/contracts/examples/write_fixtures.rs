//! Writes the golden messages of `proto/fixtures/v1` that do not exist yet:
//! `cargo run -p optimagio-contracts --example write_fixtures`.
//!
//! A golden file stands for messages that may wait in a queue somewhere; it is never rewritten. A new
//! field gets a new sample and a new file.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a tool for developers")]

#[path = "../tests/samples/mod.rs"]
mod samples;

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/fixtures/v1");
    std::fs::create_dir_all(&folder)?;
    let jobs = samples::jobs().into_iter().map(|(name, job)| (name, job.encode()));
    let endings = samples::endings().into_iter().map(|(name, ended)| (name, ended.encode()));
    for (name, bytes) in jobs.chain(endings) {
        let path = folder.join(name);
        if path.exists() {
            println!("{name}: kept");
        } else {
            std::fs::write(&path, bytes)?;
            println!("{name}: written");
        }
    }
    Ok(())
}
