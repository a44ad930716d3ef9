use std::path::PathBuf;

use clap::Args;
use domain::{
    Colour, Compression, Edge, Fit, Gravity, OptimizeParams, OutputOptions, Quality, Rejection,
    RequestedFormat, Score, SourceFormat, Target, TargetBytes,
};

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
    #[command(flatten)]
    output: OutputArgs,
    /// Spend less time on each image, as the service does for a caller who waits: fewer trials, larger results.
    #[arg(long)]
    pub(super) fast: bool,
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

/// What levels and a box to fit inside cannot say.
#[derive(Debug, Clone, Args)]
pub(crate) struct OutputArgs {
    /// The encoder's own quality, 1 to 100, instead of a level; nothing is measured.
    #[arg(long, value_name = "N")]
    quality: Option<Quality>,
    /// Visual quality to reach with the fewest bytes, a SSIMULACRA2 score of 1 to 100, instead of a level.
    #[arg(long, value_name = "SCORE")]
    target_score: Option<Score>,
    /// The best-looking result of at most this many bytes, instead of a level.
    #[arg(long, value_name = "BYTES")]
    target_bytes: Option<TargetBytes>,
    /// Lose nothing: PNG and WebP only.
    #[arg(long)]
    lossless: bool,
    /// How images meet the box of --width and --height: inside, cover, contain or fill.
    #[arg(long, default_value_t)]
    fit: Fit,
    /// What stays in view: centre, north, northeast, and so on, attention or entropy.
    #[arg(long, default_value_t)]
    gravity: Gravity,
    /// Colour behind --fit contain and behind transparency, such as ffffff.
    #[arg(long, value_name = "RRGGBB")]
    background: Option<Colour>,
    /// Enlarge images that are smaller than the box.
    #[arg(long)]
    enlarge: bool,
    /// Keep the colours in the space of the source's profile where the format can (JPEG, PNG, WebP), instead of
    /// converting them to sRGB.
    #[arg(long)]
    keep_icc: bool,
}

impl OutputArgs {
    fn options(&self) -> Result<OutputOptions, Rejection> {
        Ok(OutputOptions {
            target: Target::one_of(self.quality, self.target_score, self.target_bytes, self.lossless)?,
            fit: self.fit,
            gravity: self.gravity,
            background: self.background,
            enlarge: self.enlarge,
            keep_icc: self.keep_icc,
            ..OutputOptions::default()
        })
    }
}

impl OptimizeArgs {
    /// The further options, checked against the rest as far as no source is needed for it.
    pub(super) fn options(&self) -> Result<OutputOptions, Rejection> {
        let options = self.output.options()?;
        options.check(&self.params_for(RequestedFormat::Auto))?;
        Ok(options)
    }

    /// The parameters for a source of this format.
    pub(super) fn params(&self, source: SourceFormat) -> OptimizeParams {
        self.params_for(RequestedFormat::keep(source))
    }

    fn params_for(&self, unnamed: RequestedFormat) -> OptimizeParams {
        OptimizeParams {
            compression: self.compression,
            width: self.width,
            height: self.height,
            format: self.format.unwrap_or(unnamed),
            keep_exif: self.keep_exif,
        }
    }
}
