//! `sample-image PATH`: writes a photo-like JPEG of 2 megapixels that the project made itself.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;

/// Writes a photo-like JPEG of 2 megapixels.
#[derive(Parser)]
struct Arguments {
    /// The file to write.
    path: PathBuf,
}

fn main() -> Result<()> {
    let path = Arguments::parse().path;
    std::fs::write(&path, testkit::images::sample())
        .with_context(|| format!("cannot write {}", path.display()))
}
