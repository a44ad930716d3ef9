use domain::{OutputFormat, RequestedFormat, SourceFormat};
use imaging::Effort;

use crate::picture::{file, of, picture, show};
use crate::shots::{optimize, params};

const OUTPUTS: [RequestedFormat; 6] = [
    RequestedFormat::Jpeg,
    RequestedFormat::Png,
    RequestedFormat::WebP,
    RequestedFormat::Gif,
    RequestedFormat::Avif,
    RequestedFormat::Auto,
];

/// How far a result may be from the picture, mean over all samples: GIF has 256 colours.
fn bound(source: SourceFormat, result: OutputFormat) -> f64 {
    if source == SourceFormat::Gif || result == OutputFormat::Gif { 8.0 } else { 3.0 }
}

fn every_output(source: SourceFormat, bands: i32) {
    let image = picture(120, 90, bands);
    let original = of(&image, 1);
    let bytes = file(&image, source);
    for requested in OUTPUTS {
        let result = optimize(&bytes, requested);
        let shown = show(&result.bytes);
        let what = format!("{source} {bands} -> {requested} ({})", result.report.encoder);
        assert_eq!((shown.width, shown.height, shown.frames), (120, 90, 1), "{what}");
        assert_eq!((result.report.width, result.report.height), (120, 90), "{what}");
        if let Some(fixed) = requested.fixed() {
            assert_eq!(result.report.format, fixed, "{what}");
        }
        let actual = container::inspect_bytes(&result.bytes).unwrap().format;
        assert_eq!(actual, result.report.format.as_source(), "{what}");
        assert!(container::is_clean(result.report.format, &result.bytes), "{what}");
        // Half-transparent pixels are lost in GIF.
        if bands < 4 || (result.report.format != OutputFormat::Gif && source != SourceFormat::Gif) {
            let difference = shown.difference(&original);
            assert!(difference < bound(source, result.report.format), "{what}: {difference}");
        }
    }
}

#[test]
fn jpeg() {
    every_output(SourceFormat::Jpeg, 3);
    every_output(SourceFormat::Jpeg, 1);
}

#[test]
fn png() {
    every_output(SourceFormat::Png, 3);
    every_output(SourceFormat::Png, 4);
    every_output(SourceFormat::Png, 1);
}

#[test]
fn webp() {
    every_output(SourceFormat::WebP, 3);
    every_output(SourceFormat::WebP, 4);
}

#[test]
fn gif() {
    every_output(SourceFormat::Gif, 3);
    every_output(SourceFormat::Gif, 4);
}

#[test]
fn avif() {
    every_output(SourceFormat::Avif, 3);
    every_output(SourceFormat::Avif, 4);
}

#[test]
fn tiff() {
    every_output(SourceFormat::Tiff, 3);
    every_output(SourceFormat::Tiff, 4);
    every_output(SourceFormat::Tiff, 1);
}

#[test]
fn bmp() {
    every_output(SourceFormat::Bmp, 3);
    every_output(SourceFormat::Bmp, 1);
    every_output(SourceFormat::Bmp, 4);
}

#[test]
fn alpha_is_kept_and_laid_over_white_for_jpeg() {
    let bytes = file(&picture(90, 90, 4), SourceFormat::Png);
    for requested in
        [RequestedFormat::Png, RequestedFormat::WebP, RequestedFormat::Avif, RequestedFormat::Auto]
    {
        let shown = show(&optimize(&bytes, requested).bytes);
        let expected = 40 + 45 * 200 / 90;
        assert!(
            (i32::from(shown.pixel(45, 10)[3]) - expected).abs() <= 4,
            "{requested}: {:?}",
            shown.pixel(45, 10)
        );
        assert!(shown.pixel(45, 80)[3] >= 253, "{requested}: {:?}", shown.pixel(45, 80));
    }
    assert_eq!(show(&optimize(&bytes, RequestedFormat::Jpeg).bytes).pixel(45, 10)[3], 255);
}

#[test]
fn an_opaque_alpha_channel_is_dropped() {
    let opaque = picture(60, 60, 3).bandjoin_const(&[255.0]).unwrap();
    let result = optimize(&file(&opaque, SourceFormat::Png), RequestedFormat::WebP);
    assert!(!container::inspect_bytes(&result.bytes).unwrap().has_alpha);
}

#[test]
fn background_effort_works() {
    let bytes = file(&picture(100, 80, 4), SourceFormat::Png);
    for requested in OUTPUTS {
        let request = imaging::Request {
            params: params(requested),
            options: domain::OutputOptions::default(),
            effort: Effort::Background,
        };
        let result = imaging::optimize(&bytes, &request).unwrap();
        assert_eq!(show(&result.bytes).width, 100, "{requested}");
    }
}

#[test]
fn levels_are_ordered_by_size() {
    let bytes = file(&picture(200, 150, 3), SourceFormat::Png);
    for requested in [RequestedFormat::Jpeg, RequestedFormat::Avif] {
        let size = |compression| {
            let params = domain::OptimizeParams { compression, ..params(requested) };
            crate::shots::run(&bytes, params).unwrap().bytes.len()
        };
        use domain::Compression::{Low, Max, Medium};
        assert!(size(Low) > size(Medium) && size(Medium) > size(Max), "{requested}");
    }
}
