//! Visual quality: what is promised is measured again, by a judge that the codec does not use.

use domain::{
    Compression, OptimizeParams, OutputFormat, OutputOptions, RequestedFormat, SourceFormat, Target,
};
use rs_vips::VipsImage;
use rs_vips::enums::{BandFormat, Interpretation};
use rs_vips::voption::{Setter, VOption};
use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};

use crate::picture::{file, show};
use crate::shots::{params, with};

/// Waves, edges and grain: as hard to compress as a photo of leaves.
fn texture(width: i32, height: i32) -> VipsImage {
    imaging::start(&imaging::CodecConfig::default()).unwrap();
    let mut grain = 0x2545_f491_u32;
    let mut data = Vec::new();
    for y in 0..height {
        for x in 0..width {
            grain ^= grain << 13;
            grain ^= grain >> 17;
            grain ^= grain << 5;
            let wave = ((x as f32 * 0.11).sin() * (y as f32 * 0.07).cos() * 60.0) as i32;
            let edge = if (x / 37 + y / 29) % 2 == 0 { 30 } else { -20 };
            for offset in [110, 125, 95] {
                data.push((offset + wave + edge + (grain % 23) as i32 - 11).clamp(0, 255) as u8);
            }
        }
    }
    VipsImage::new_from_memory_copy(&data, width, height, 3, BandFormat::Uchar)
        .unwrap()
        .copy_with_opts(VOption::new().set("interpretation", Interpretation::Srgb as i32))
        .unwrap()
}

fn score(original: &[u8], result: &[u8]) -> f64 {
    let frame = |file: &[u8]| {
        let shown = show(file);
        let pixels = shown.rgba.chunks_exact(4).map(|p| [p[0], p[1], p[2]].map(|s| f32::from(s) / 255.0));
        let size = |edge: u32| usize::try_from(edge).unwrap();
        let (transfer, primaries) = (TransferCharacteristic::SRGB, ColorPrimaries::BT709);
        Rgb::new(pixels.collect(), size(shown.width), size(shown.height), transfer, primaries).unwrap()
    };
    compute_frame_ssimulacra2(frame(original), frame(result)).unwrap()
}

fn asked(target: &str, value: &str) -> OutputOptions {
    let target = match target {
        "quality" => Target::Quality(value.parse().unwrap()),
        "score" => Target::Score(value.parse().unwrap()),
        "bytes" => Target::Bytes(value.parse().unwrap()),
        _ => Target::Lossless,
    };
    OutputOptions { target: Some(target), ..OutputOptions::default() }
}

const LOSSY: [OutputFormat; 3] = [OutputFormat::Jpeg, OutputFormat::WebP, OutputFormat::Avif];

fn plain(format: RequestedFormat) -> OptimizeParams {
    OptimizeParams { compression: Compression::Auto, ..params(format) }
}

#[test]
fn every_level_reaches_its_floor_and_says_so() {
    let png = file(&texture(240, 200), SourceFormat::Png);
    let floors = [
        (Compression::Low, 88.0),
        (Compression::Medium, 80.0),
        (Compression::Auto, 78.0),
        (Compression::Max, 68.0),
    ];
    let formats = LOSSY.map(RequestedFormat::from).into_iter().chain([RequestedFormat::Auto]);
    for format in formats {
        let mut sizes = Vec::new();
        for (compression, floor) in floors {
            let wanted = OptimizeParams { compression, ..params(format) };
            let result = with(&png, wanted, OutputOptions::default()).unwrap();
            let (said, measured) = (f64::from(result.report.score.unwrap()), score(&png, &result.bytes));
            assert!(said >= floor, "{format} {compression}: {said}");
            assert!((said - measured).abs() < 0.3, "{format} {compression}: said {said}, is {measured}");
            sizes.push(result.bytes.len());
        }
        assert!(sizes.is_sorted_by(|a, b| a >= b), "{format}: {sizes:?}");
    }
}

#[test]
fn a_target_score_is_reached_and_not_by_much() {
    let png = file(&texture(240, 200), SourceFormat::Png);
    for format in LOSSY {
        let result = with(&png, plain(format.into()), asked("score", "72.5")).unwrap();
        let measured = score(&png, &result.bytes);
        assert!((72.2..78.0).contains(&measured), "{format}: {measured}");
    }
}

#[test]
fn target_bytes_is_a_ceiling_that_is_used() {
    let png = file(&texture(240, 200), SourceFormat::Png);
    for format in LOSSY {
        for limit in [6_000, 12_000] {
            let result = with(&png, plain(format.into()), asked("bytes", &limit.to_string())).unwrap();
            let size = result.bytes.len();
            assert!((limit * 7 / 10..=limit).contains(&size), "{format} {limit}: {size}");
            assert!(result.report.score.is_some());
        }
        let refused = with(&png, plain(format.into()), asked("bytes", "100")).unwrap_err().rejection();
        assert_eq!(
            (refused.code, refused.field.as_deref()),
            (domain::ErrorCode::InvalidRequest, Some("target_bytes"))
        );
    }
}

#[test]
fn lossless_keeps_every_pixel_and_a_quality_is_not_measured() {
    let png = file(&texture(120, 90), SourceFormat::Png);
    for format in [RequestedFormat::WebP, RequestedFormat::Png, RequestedFormat::Auto] {
        let result = with(&png, plain(format), asked("lossless", "")).unwrap();
        assert!(show(&result.bytes).difference(&show(&png)) == 0.0, "{format}");
        assert_eq!(result.report.score, Some(100.0), "{format}");
    }
    let low = with(&png, plain(RequestedFormat::Jpeg), asked("quality", "30")).unwrap();
    let high = with(&png, plain(RequestedFormat::Jpeg), asked("quality", "90")).unwrap();
    assert_eq!((low.report.quality, low.report.score), (Some(30.0), None));
    assert!(low.bytes.len() < high.bytes.len());
}

#[test]
fn our_own_results_are_left_alone() {
    let png = file(&texture(240, 200), SourceFormat::Png);
    for format in LOSSY {
        for compression in Compression::ALL {
            let wanted = OptimizeParams { compression, ..params(format.into()) };
            let once = with(&png, wanted, OutputOptions::default()).unwrap();
            let again = with(&once.bytes, wanted, OutputOptions::default()).unwrap();
            assert_eq!(again.report.reason.as_deref(), Some("already_optimal"), "{format} {compression}");
            assert_eq!(again.report.score, Some(100.0));
            assert_eq!(again.bytes, once.bytes, "{format} {compression}");
        }
    }
}

#[test]
fn a_large_image_is_searched_on_bands_and_judged_as_a_whole() {
    let png = file(&texture(2_600, 2_000), SourceFormat::Png);
    for format in [OutputFormat::Jpeg, OutputFormat::WebP] {
        let result = with(&png, plain(format.into()), OutputOptions::default()).unwrap();
        let measured = score(&png, &result.bytes);
        assert!((77.7..84.0).contains(&measured), "{format}: {measured}");
    }
}

#[test]
fn transparency_is_judged_too() {
    let clear = crate::picture::picture(200, 160, 4);
    let png = file(&clear, SourceFormat::Png);
    for format in [RequestedFormat::WebP, RequestedFormat::Avif, RequestedFormat::Auto] {
        let result = with(&png, plain(format), OutputOptions::default()).unwrap();
        assert!(result.report.score.unwrap() >= 78.0, "{format}: {:?}", result.report.score);
    }
}
