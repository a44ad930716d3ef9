//! How an image meets its box.

use domain::{Colour, Edge, Fit, Gravity, OptimizeParams, OutputOptions, RequestedFormat, SourceFormat};

use crate::picture::{Shown, file, picture, show};
use crate::planted::marked;
use crate::shots::{params, with};

fn shot(source: &[u8], format: RequestedFormat, size: (u32, u32), options: OutputOptions) -> Shown {
    let edge = |pixels| Edge::new(pixels).ok();
    let params = OptimizeParams { width: edge(size.0), height: edge(size.1), ..params(format) };
    let result = with(source, params, options).unwrap();
    assert!((result.report.width, result.report.height) != (0, 0));
    let shown = show(&result.bytes);
    assert_eq!((shown.width, shown.height), (result.report.width, result.report.height));
    shown
}

fn fit(fit: Fit) -> OutputOptions {
    OutputOptions { fit, ..OutputOptions::default() }
}

#[test]
fn every_fit_gives_its_size_in_every_format() {
    let png = file(&picture(200, 100, 3), SourceFormat::Png);
    for format in domain::OutputFormat::ALL {
        let size = |options| {
            let shown = shot(&png, format.into(), (60, 60), options);
            (shown.width, shown.height)
        };
        assert_eq!(size(fit(Fit::Inside)), (60, 30), "{format}");
        assert_eq!(size(fit(Fit::Cover)), (60, 60), "{format}");
        assert_eq!(size(fit(Fit::Contain)), (60, 60), "{format}");
        assert_eq!(size(fit(Fit::Fill)), (60, 60), "{format}");
    }
    let grown = OutputOptions { enlarge: true, ..fit(Fit::Inside) };
    assert_eq!(shot(&png, RequestedFormat::Png, (400, 400), grown).width, 400);
}

/// Left half black, right half white.
fn halves() -> Vec<u8> {
    let data: Vec<u8> = (0..100 * 50).flat_map(|at| if at % 100 < 50 { [0; 3] } else { [255; 3] }).collect();
    let image =
        rs_vips::VipsImage::new_from_memory_copy(&data, 100, 50, 3, rs_vips::enums::BandFormat::Uchar)
            .unwrap();
    image.pngsave_buffer().unwrap()
}

#[test]
fn gravity_chooses_what_stays() {
    imaging::start(&imaging::CodecConfig::default()).unwrap();
    let png = halves();
    let middle = |gravity| {
        let options = OutputOptions { gravity, ..fit(Fit::Cover) };
        shot(&png, RequestedFormat::Png, (25, 25), options).pixel(12, 12)
    };
    assert_eq!(middle(Gravity::West), [0, 0, 0, 255]);
    assert_eq!(middle(Gravity::East), [255; 4]);
    for gravity in [Gravity::Attention, Gravity::Entropy] {
        let options = OutputOptions { gravity, ..fit(Fit::Cover) };
        let shown = shot(&png, RequestedFormat::Png, (25, 25), options);
        assert_eq!((shown.width, shown.height), (25, 25), "{gravity}");
    }
}

#[test]
fn the_background_is_what_was_asked_for() {
    imaging::start(&imaging::CodecConfig::default()).unwrap();
    let png = halves();
    let red = Some(Colour([200, 0, 0]));
    for format in [RequestedFormat::Png, RequestedFormat::WebP] {
        let asked = OutputOptions { background: red, ..fit(Fit::Contain) };
        let corner = shot(&png, format, (60, 60), asked).pixel(0, 0);
        assert!(corner[0] > 180 && corner[1] < 20, "{format} {corner:?}");
        let corner = shot(&png, format, (60, 60), fit(Fit::Contain)).pixel(0, 0);
        assert!(corner.iter().all(|sample| *sample > 245), "{format} {corner:?}");
    }
}

#[test]
fn a_box_is_one_of_the_upright_image() {
    for orientation in 1..=8 {
        let jpeg = marked(&picture(40, 30, 3), SourceFormat::Jpeg, orientation);
        let upright = shot(&jpeg, RequestedFormat::Png, (20, 10), fit(Fit::Cover));
        assert_eq!((upright.width, upright.height), (20, 10), "orientation {orientation}");
    }
}

#[test]
fn animations_are_cut_and_surrounded_frame_by_frame() {
    let gif = file(&crate::animations::animation(), SourceFormat::Gif);
    for format in [RequestedFormat::Gif, RequestedFormat::WebP] {
        for options in [fit(Fit::Cover), fit(Fit::Contain), fit(Fit::Fill)] {
            let edge = |pixels| Edge::new(pixels).ok();
            let params = OptimizeParams { width: edge(16), height: edge(16), ..params(format) };
            let result = with(&gif, params, options).unwrap();
            assert_eq!((result.report.width, result.report.height), (16, 16), "{format} {options:?}");
            assert!(result.report.frames > 1, "{format} {options:?}");
        }
    }
}
