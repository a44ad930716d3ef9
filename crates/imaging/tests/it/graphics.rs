//! Drawings: what may be lost in them, and that it is lost once.

use domain::{
    Compression, OptimizeParams, OutputFormat, OutputOptions, RequestedFormat, SourceFormat, Target,
};
use rs_vips::VipsImage;
use rs_vips::enums::{BandFormat, Interpretation};
use rs_vips::voption::{Setter, VOption};

use crate::picture::{file, picture, show};
use crate::shots::{params, with};

/// Discs with soft edges and a soft shadow on a flat ground: far more than 256 colours. The fourth band is the
/// shape of the discs.
fn drawing(bands: i32) -> VipsImage {
    imaging::start(&imaging::CodecConfig::default()).unwrap();
    let discs = [
        (90.0, 80.0, 50.0, [220, 60, 40]),
        (210.0, 120.0, 70.0, [40, 120, 210]),
        (150.0, 190.0, 40.0, [250, 200, 30]),
    ];
    let mut data = Vec::new();
    for y in 0..240 {
        for x in 0..320 {
            let mut colour = [245.0, 246.0, 248.0];
            let mut seen: f64 = 0.0;
            for (cx, cy, radius, disc) in discs {
                let distance = f64::hypot(f64::from(x) - cx, f64::from(y) - cy) - radius;
                let shadow = (1.0 - distance.abs() / 18.0).max(0.0) * 0.3;
                let cover = (0.5 - distance / 1.5).clamp(0.0, 1.0);
                let light = 1.0 + (cy - f64::from(y)) / 300.0;
                for (channel, sample) in colour.iter_mut().zip(disc) {
                    *channel = *channel * (1.0 - shadow) * (1.0 - cover) + f64::from(sample) * light * cover;
                }
                seen = seen.max(cover.max(shadow));
            }
            let pixel = [colour[0], colour[1], colour[2], seen * 255.0];
            data.extend(
                pixel.iter().take(bands as usize).map(|sample| sample.round().clamp(0.0, 255.0) as u8),
            );
        }
    }
    VipsImage::new_from_memory_copy(&data, 320, 240, bands, BandFormat::Uchar)
        .unwrap()
        .copy_with_opts(VOption::new().set("interpretation", Interpretation::Srgb as i32))
        .unwrap()
}

fn plain(format: RequestedFormat) -> OptimizeParams {
    OptimizeParams { compression: Compression::Auto, ..params(format) }
}

/// The lossless size, the result at the level `auto`, and that result fed back.
fn three(bands: i32, format: RequestedFormat) -> (usize, imaging::Encoded, imaging::Encoded) {
    let source = file(&drawing(bands), SourceFormat::Png);
    let lossless = OutputOptions { target: Some(Target::Lossless), ..OutputOptions::default() };
    let whole = with(&source, plain(format), lossless).unwrap().bytes.len();
    let once = with(&source, plain(format), OutputOptions::default()).unwrap();
    let again = with(&once.bytes, plain(format), OutputOptions::default()).unwrap();
    (whole, once, again)
}

#[test]
fn a_drawing_becomes_a_palette_if_its_score_allows() {
    for bands in [3, 4] {
        let (whole, once, again) = three(bands, RequestedFormat::Png);
        assert_eq!(once.report.encoder, "quantizr+oxipng", "{bands}");
        assert!(once.bytes.len() * 10 < whole * 8, "{bands}: {} of {whole}", once.bytes.len());
        assert!(once.report.score.unwrap() >= 78.0, "{:?}", once.report);
        assert_eq!(again.report.reason.as_deref(), Some("already_optimal"), "{bands}");
        let difference = show(&once.bytes).difference(&show(&file(&drawing(bands), SourceFormat::Png)));
        assert!(difference < 3.0, "{bands}: {difference}");
    }
}

#[test]
fn a_drawing_as_webp_is_smaller_than_lossless_and_stays_as_it_is() {
    for bands in [3, 4] {
        let (whole, once, again) = three(bands, RequestedFormat::WebP);
        assert!(once.bytes.len() <= whole, "{bands}: {} of {whole}", once.bytes.len());
        assert!(once.report.score.unwrap() >= 78.0, "{:?}", once.report);
        assert!(again.bytes.len() * 100 >= once.bytes.len() * 97, "{bands}: lost again");
    }
}

#[test]
fn a_high_level_keeps_what_a_palette_would_lose() {
    let source = file(&drawing(3), SourceFormat::Png);
    for score in ["99.9", "100"] {
        let options =
            OutputOptions { target: score.parse().ok().map(Target::Score), ..OutputOptions::default() };
        let result = with(&source, plain(RequestedFormat::Png), options).unwrap();
        assert_eq!((result.report.encoder.as_str(), result.report.score), ("oxipng", Some(100.0)));
    }
}

#[test]
fn every_result_says_what_to_show_until_it_is_there() {
    let source = file(&drawing(3), SourceFormat::Png);
    for format in OutputFormat::ALL {
        let report = with(&source, plain(format.into()), OutputOptions::default()).unwrap().report;
        let placeholder = report.placeholder.unwrap();
        let red = u8::from_str_radix(&placeholder.dominant_color[1..3], 16).unwrap();
        assert!(red > 220, "{format}: {}", placeholder.dominant_color);
        assert!((20..=36).contains(&placeholder.thumbhash.len()), "{format}: {}", placeholder.thumbhash);
    }
    let frames = file(&picture(40, 30, 3), SourceFormat::Gif);
    let report = with(&frames, plain(RequestedFormat::Gif), OutputOptions::default()).unwrap().report;
    assert!(report.placeholder.is_some());
}
