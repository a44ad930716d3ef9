//! Measures how an encoder's own quality and the SSIMULACRA2 score go together: for every tenth quality the
//! mean score and the score that 5 % of the files stay below. The curves of `src/quality.rs` are its output.
//!
//! `cargo run --release --example curves -- FORMAT FILE.png…`

#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::error::Error;

use domain::{Compression, OptimizeParams, OutputOptions, Quality, RequestedFormat, Target};
use imaging::{CodecConfig, Effort, Request};
use rs_vips::VipsImage;
use rs_vips::enums::{BandFormat, Interpretation};
use score::{Channels, ssimulacra2};

const QUALITIES: [u8; 11] = [20, 35, 50, 60, 70, 75, 80, 85, 90, 95, 100];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let format: RequestedFormat = arguments.next().unwrap_or_else(|| "jpeg".into()).parse()?;
    let mut reader = settings::Reader::from_env();
    imaging::start(&CodecConfig::read(&mut reader))?;
    let mut scores = vec![Vec::new(); QUALITIES.len()];
    for path in arguments {
        let source = std::fs::read(&path)?;
        let original = pixels(&source)?;
        for (quality, scores) in QUALITIES.into_iter().zip(&mut scores) {
            let (compression, width, height) = (Compression::Auto, None, None);
            let params = OptimizeParams { compression, width, height, format, keep_exif: false };
            let target = Some(Target::Quality(Quality::try_from(quality)?));
            let options = OutputOptions { target, ..OutputOptions::default() };
            let result =
                imaging::optimize(&source, &Request { params, options, effort: Effort::Interactive })?;
            scores.push(ssimulacra2(original.view()?, pixels(&result.bytes)?.view()?)?);
        }
    }
    for (quality, mut scores) in QUALITIES.into_iter().zip(scores) {
        scores.sort_by(f64::total_cmp);
        let mean = scores.iter().sum::<f64>() / f64::from(u32::try_from(scores.len())?);
        println!(
            "{format} {quality}: mean {mean:.1} p5 {:.1} min {:.1}",
            scores[scores.len() / 20],
            scores[0]
        );
    }
    Ok(())
}

struct Picture {
    width: u32,
    height: u32,
    data: Vec<u8>,
}

impl Picture {
    fn view(&self) -> Result<score::Picture<'_>, score::ScoreError> {
        score::Picture::new(self.width, self.height, Channels::Rgb, &self.data)
    }
}

fn pixels(file: &[u8]) -> Result<Picture, Box<dyn Error>> {
    // A 10-bit AVIF is loaded as 16 bits.
    let image =
        VipsImage::new_from_buffer(file, "")?.colourspace(Interpretation::Srgb)?.cast(BandFormat::Uchar)?;
    let image = image
        .extract_band_with_opts(0, rs_vips::voption::Setter::set(rs_vips::voption::VOption::new(), "n", 3))?;
    Ok(Picture {
        width: u32::try_from(image.get_width())?,
        height: u32::try_from(image.get_height())?,
        data: image.write_to_memory(),
    })
}
