use domain::{RequestedFormat, SourceFormat};
use rs_vips::enums::{BandFormat, Interpretation};
use rs_vips::voption::{Setter, VOption};

use crate::picture::{file, of, picture, show};
use crate::planted::jpeg_with_profile;
use crate::shots::{boxed, optimize};

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
