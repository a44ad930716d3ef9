//! `sample-image PATH`: writes a photo-like JPEG that the project made itself, of 2 megapixels unless told
//! otherwise.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;

/// Writes a photo-like JPEG, of 2 megapixels unless told otherwise.
#[derive(Parser)]
struct Arguments {
    /// The file to write.
    path: PathBuf,
    /// Width and height in pixels, e.g. 320x240.
    #[arg(long, value_parser = size)]
    size: Option<(u32, u32)>,
}

fn size(text: &str) -> Result<(u32, u32)> {
    let (width, height) = text.split_once('x').context("expected WIDTHxHEIGHT")?;
    Ok((width.parse()?, height.parse()?))
}

fn main() -> Result<()> {
    let Arguments { path, size } = Arguments::parse();
    let image = match size {
        Some((width, height)) => testkit::images::photo_jpeg(width, height, 1),
        None => testkit::images::sample(),
    };
    std::fs::write(&path, image).with_context(|| format!("cannot write {}", path.display()))
}
