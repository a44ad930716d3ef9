use std::path::PathBuf;

use clap::Args;
use domain::{Compression, Edge, OptimizeParams, RequestedFormat, SourceFormat};

const AFTER_HELP: &str = "\
Results are written beside their sources as NAME-optimized.EXT, or below --out with the folders kept. A
source is never touched, and an existing file is overwritten only with --overwrite. Where two results of one
run would have the same name, the later ones get -2, -3 and so on.

Exit status:
  0    every image was optimized
  1    some images failed; the others were written
  2    wrong usage, or no image was optimized
  130  interrupted; what was finished stays";

/// What `optimagio optimize` is asked to do.
#[derive(Debug, Clone, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct OptimizeArgs {
    /// Images, and folders that are searched for images.
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Format of the results: jpeg, png, webp, gif, avif or auto; the source's own if not given.
    #[arg(long)]
    format: Option<RequestedFormat>,
    /// How hard to compress: low, medium, max or auto.
    #[arg(long, default_value_t)]
    compression: Compression,
    /// Greatest width of the results in pixels; nothing is enlarged.
    #[arg(long)]
    width: Option<Edge>,
    /// Greatest height of the results in pixels; nothing is enlarged.
    #[arg(long)]
    height: Option<Edge>,
    /// Keep EXIF metadata.
    #[arg(long)]
    keep_exif: bool,
    /// Folder for the results; made if it does not exist.
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Print one JSON document instead of a table.
    #[arg(long)]
    pub(super) json: bool,
    /// Replace existing results.
    #[arg(long)]
    pub(super) overwrite: bool,
    /// Images at once; one for each core if not given.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,
}

impl OptimizeArgs {
    /// The parameters for a source of this format.
    pub(super) fn params(&self, source: SourceFormat) -> OptimizeParams {
        OptimizeParams {
            compression: self.compression,
            width: self.width,
            height: self.height,
            format: self.format.unwrap_or_else(|| RequestedFormat::keep(source)),
            keep_exif: self.keep_exif,
        }
    }
}
