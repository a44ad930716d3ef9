use container::{Icc, Keep};
use domain::{
    Compression, Fit, FormatSet, Gravity, OptimizeParams, OutputFormat, OutputOptions, RequestedFormat,
    SourceFormat, Target,
};
use rs_vips::enums::{BandFormat, Interpretation};
use rs_vips::voption::{Setter, VOption};

use crate::chart::{PATCHES, adobe_rgb_profile, chart, delta_e, in_adobe_rgb};
use crate::picture::{file, of, picture, show};
use crate::planted::jpeg_with_profile;
use crate::shots::{boxed, optimize, params, with};

#[test]
fn sixteen_bits_become_eight_of_the_same_colour() {
    for bands in [1, 3, 4] {
        let image = picture(80, 60, bands);
        let expected = of(&image, 1);
        let space = if bands == 1 { Interpretation::Grey16 } else { Interpretation::Rgb16 };
        let deep = image.colourspace(space).unwrap();
        assert_eq!(deep.get_format().unwrap(), BandFormat::Ushort);
        for source in [SourceFormat::Png, SourceFormat::Tiff] {
            let bytes = file(&deep, source);
            let shown = show(&optimize(&bytes, RequestedFormat::WebP).bytes);
            let difference = shown.difference(&expected);
            assert!(difference < 3.0, "{source}, {bands} bands: {difference}");
            let small = show(&boxed(&bytes, RequestedFormat::WebP, Some(40), None).bytes);
            let half = of(&image.resize(0.5).unwrap(), 1);
            assert!(small.difference(&half) < 4.0, "{source}, {bands} bands: {}", small.difference(&half));
        }
    }
}

#[test]
fn cmyk_without_a_profile_becomes_srgb() {
    let image = picture(80, 60, 3);
    let cmyk = image.colourspace(Interpretation::Cmyk).unwrap();
    let mut bare = cmyk.copy_memory().unwrap();
    bare.remove("icc-profile-data").unwrap();
    let bytes = file(&bare, SourceFormat::Jpeg);
    for format in [RequestedFormat::WebP, RequestedFormat::Png, RequestedFormat::Avif] {
        let difference = show(&optimize(&bytes, format).bytes).difference(&of(&image, 1));
        assert!(difference < 15.0, "{format}: {difference}");
    }
}

#[test]
fn a_wide_gamut_profile_is_converted() {
    let image = picture(80, 60, 3);
    let wide = image
        .icc_transform_with_opts("p3", VOption::new().set("input_profile", "srgb"))
        .unwrap()
        .copy_memory()
        .unwrap();
    let expected = of(&image, 1);
    for source in [SourceFormat::Png, SourceFormat::Jpeg, SourceFormat::WebP, SourceFormat::Tiff] {
        let bytes = file(&wide, source);
        let result = optimize(&bytes, RequestedFormat::Avif);
        let difference = show(&result.bytes).difference(&expected);
        assert!(difference < 2.5, "{source}: {difference}");
        assert!(result.report.notes.is_empty(), "{:?}", result.report.notes);
    }
}

#[test]
fn a_broken_profile_is_ignored_and_noted() {
    let image = picture(80, 60, 3);
    let bytes = jpeg_with_profile(&file(&image, SourceFormat::Jpeg), &[7; 300]);
    let result = optimize(&bytes, RequestedFormat::WebP);
    assert!(show(&result.bytes).difference(&of(&image, 1)) < 3.0);
    assert!(result.report.notes.iter().any(|note| note.contains("profile")), "{:?}", result.report.notes);
}

const LOSSLESS: OutputOptions = OutputOptions { target: Some(Target::Lossless), ..DEFAULT };
const DEFAULT: OutputOptions = OutputOptions {
    target: None,
    fit: Fit::Inside,
    gravity: Gravity::Centre,
    background: None,
    enlarge: false,
    keep_icc: false,
    formats: FormatSet::ALL,
};

fn plain(format: RequestedFormat) -> OptimizeParams {
    OptimizeParams { compression: Compression::Auto, ..params(format) }
}

/// The chart in Adobe RGB, with the profile that says so.
fn wide_chart(format: SourceFormat) -> Vec<u8> {
    let image = chart(&in_adobe_rgb());
    let bytes = match format {
        SourceFormat::Jpeg => {
            image.jpegsave_buffer_with_opts(VOption::new().set("Q", 100).set("subsample-mode", 2)).unwrap()
        }
        _ => file(&image, format),
    };
    let keep = Keep { icc: Icc::Put(&adobe_rgb_profile()), exif: None };
    container::rewrite_metadata(format.as_output().unwrap(), &bytes, &keep).unwrap()
}

/// A step of 8 bits is up to 0.7 there, and there are two roundings.
#[test]
fn a_profile_is_applied_to_within_rounding() {
    for source in [SourceFormat::Png, SourceFormat::Jpeg, SourceFormat::WebP] {
        let result = with(&wide_chart(source), plain(RequestedFormat::Png), LOSSLESS).unwrap();
        let (greatest, mean) = delta_e(&show(&result.bytes));
        assert!(greatest < 1.5 && mean < 0.6, "{source}: {greatest} at most, {mean} in the mean");
        assert!(result.report.notes.is_empty(), "{:?}", result.report.notes);
    }
    let ignored = delta_e(&crate::picture::of(&chart(&in_adobe_rgb()), 1));
    assert!(ignored.1 > 3.0, "the chart would show a profile that is ignored: {ignored:?}");
}

/// A lossy level may move a colour by what its floor allows, and no more.
#[test]
fn levels_keep_flat_colours() {
    for format in [RequestedFormat::Jpeg, RequestedFormat::WebP, RequestedFormat::Avif] {
        let result = optimize(&wide_chart(SourceFormat::Png), format);
        let (greatest, mean) = delta_e(&show(&result.bytes));
        assert!(greatest < 6.0 && mean < 2.0, "{format}: {greatest} at most, {mean} in the mean");
    }
}

/// Adobe CMYK with a profile, and the same without one, which falls back to libvips' own.
#[test]
fn print_colours_come_back() {
    let cmyk = chart(&PATCHES)
        .icc_transform_with_opts("cmyk", VOption::new().set("input_profile", "srgb"))
        .unwrap()
        .copy_memory()
        .unwrap();
    let save =
        |image: &rs_vips::VipsImage| image.jpegsave_buffer_with_opts(VOption::new().set("Q", 100)).unwrap();
    let mut bare = cmyk.copy_memory().unwrap();
    bare.remove("icc-profile-data").unwrap();
    for (name, bytes) in [("with a profile", save(&cmyk)), ("without", save(&bare))] {
        let result = with(&bytes, plain(RequestedFormat::Png), LOSSLESS).unwrap();
        let (greatest, mean) = delta_e(&show(&result.bytes));
        assert!(greatest < 12.0 && mean < 2.5, "{name}: {greatest} at most, {mean} in the mean");
    }
}

#[test]
fn a_wide_gamut_is_kept_when_asked() {
    let profile = adobe_rgb_profile();
    let kept = OutputOptions { keep_icc: true, ..LOSSLESS };
    for source in [SourceFormat::Png, SourceFormat::WebP, SourceFormat::Jpeg] {
        let bytes = wide_chart(source);
        for format in [RequestedFormat::Png, RequestedFormat::WebP] {
            let result = with(&bytes, plain(format), kept).unwrap();
            let loaded = raw(&result.bytes, result.report.format);
            assert_eq!(loaded.get_blob("icc-profile-data").unwrap(), profile, "{source} to {format}");
            let own = crate::picture::of(&chart(&in_adobe_rgb()), 1);
            let difference = crate::picture::of(&loaded, 1).difference(&own);
            assert!(difference < 0.5, "{source} to {format}: {difference}");
        }
        let lossy = OutputOptions { keep_icc: true, ..DEFAULT };
        for format in [RequestedFormat::Jpeg, RequestedFormat::WebP, RequestedFormat::Auto] {
            let result = with(&bytes, plain(format), lossy).unwrap();
            assert!(!result.report.format.is_srgb_only(), "{format} became {}", result.report.format);
            let loaded = raw(&result.bytes, result.report.format);
            assert_eq!(loaded.get_blob("icc-profile-data").unwrap(), profile, "{source} to {format}");
        }
        for format in [RequestedFormat::Avif, RequestedFormat::Gif] {
            let result = with(&bytes, plain(format), lossy).unwrap();
            assert!(
                result.report.notes.iter().any(|note| note.contains("sRGB")),
                "{:?}",
                result.report.notes
            );
            assert!(delta_e(&show(&result.bytes)).1 < 3.0, "{format}");
        }
    }
}

/// Loads without applying a profile.
fn raw(bytes: &[u8], format: OutputFormat) -> rs_vips::VipsImage {
    match format {
        OutputFormat::Jpeg => rs_vips::VipsImage::jpegload_buffer(bytes),
        OutputFormat::Png => rs_vips::VipsImage::pngload_buffer(bytes),
        _ => rs_vips::VipsImage::webpload_buffer(bytes),
    }
    .unwrap()
}
