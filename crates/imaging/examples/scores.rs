//! Measures what the levels reach: for every level of a format the SSIMULACRA2 score that 10 %, 50 % and
//! 90 % of the files stay below, and the bytes. The quality table was made with it.
//!
//! `cargo run --release --example scores -- FORMAT interactive|background FILE.png…`

#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::error::Error;

use domain::{Compression, OptimizeParams, OutputFormat};
use imaging::{CodecConfig, Effort, Request};
use rs_vips::VipsImage;
use rs_vips::enums::{BandFormat, Interpretation};
use score::{Channels, Picture, ssimulacra2};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let format: OutputFormat = arguments.next().unwrap_or_else(|| "jpeg".into()).parse()?;
    let background = arguments.next().is_some_and(|effort| effort == "background");
    let effort = if background { Effort::Background } else { Effort::Interactive };
    let mut reader = settings::Reader::from_env();
    imaging::start(&CodecConfig::read(&mut reader))?;
    let files = arguments.map(std::fs::read).collect::<Result<Vec<_>, _>>()?;
    for compression in Compression::ALL {
        let params = OptimizeParams {
            compression,
            width: None,
            height: None,
            format: format.into(),
            keep_exif: false,
        };
        let mut scores = Vec::new();
        let (mut bytes, mut quality) = (0, None);
        for file in &files {
            let result = imaging::optimize(
                file,
                &Request { params, options: domain::OutputOptions::default(), effort },
            )?;
            scores.push(score(file, &result.bytes, format)?);
            bytes += result.bytes.len();
            quality = result.report.quality;
        }
        scores.sort_by(f64::total_cmp);
        let at = |percent: usize| scores.get(scores.len() * percent / 100).copied().unwrap_or(f64::NAN);
        println!(
            "{format} {compression:?} quality {quality:?}: p10 {:.1} p50 {:.1} p90 {:.1}, {bytes} bytes",
            at(10),
            at(50),
            at(90)
        );
    }
    Ok(())
}

fn score(png: &[u8], result: &[u8], format: OutputFormat) -> Result<f64, Box<dyn Error>> {
    let original = VipsImage::pngload_buffer(png)?;
    let distorted = match format {
        OutputFormat::Jpeg => VipsImage::jpegload_buffer(result)?,
        OutputFormat::Png => VipsImage::pngload_buffer(result)?,
        OutputFormat::WebP => VipsImage::webpload_buffer(result)?,
        OutputFormat::Gif => VipsImage::gifload_buffer(result)?,
        OutputFormat::Avif => VipsImage::heifload_buffer(result)?,
    };
    // A 10-bit AVIF is loaded as 16 bits.
    let distorted = distorted.colourspace(Interpretation::Srgb)?.cast(BandFormat::Uchar)?;
    let (width, height) = (u32::try_from(original.get_width())?, u32::try_from(original.get_height())?);
    let (a, b) = (original.write_to_memory(), distorted.write_to_memory());
    let picture = |bytes| Picture::new(width, height, Channels::Rgb, bytes);
    Ok(ssimulacra2(picture(&a)?, picture(&b)?)?)
}
