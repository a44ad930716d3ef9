use domain::{RequestedFormat, SourceFormat};

use crate::picture::{file, of, picture, show};
use crate::planted::marked;
use crate::shots::{boxed, optimize};

#[test]
fn results_fit_inside_the_box_and_are_never_enlarged() {
    let bytes = file(&picture(200, 100, 3), SourceFormat::Jpeg);
    for (width, height, expected) in [
        (Some(100), None, (100, 50)),
        (None, Some(20), (40, 20)),
        (Some(150), Some(20), (40, 20)),
        (Some(1), Some(1), (1, 1)),
        (Some(4000), Some(4000), (200, 100)),
    ] {
        for format in [RequestedFormat::Jpeg, RequestedFormat::WebP, RequestedFormat::Png] {
            let result = boxed(&bytes, format, width, height);
            let shown = show(&result.bytes);
            assert_eq!((shown.width, shown.height), expected, "{format} {width:?} x {height:?}");
            assert_eq!((result.report.width, result.report.height), expected);
        }
    }
}

#[test]
fn one_pixel_wide_and_one_pixel_high_survive_every_format() {
    for (width, height) in [(1, 300), (300, 1), (1, 1), (3, 2)] {
        let bytes = file(&picture(width, height, 3), SourceFormat::Png);
        for format in domain::OutputFormat::ALL {
            let shown = show(&boxed(&bytes, format.into(), Some(100), Some(100)).bytes);
            assert_eq!(shown.width.max(shown.height), width.max(height).min(100) as u32, "{format}");
            assert_eq!(shown.width.min(shown.height), width.min(height) as u32, "{format}");
        }
    }
}

/// Black and white lines one pixel wide are half the light: 188 in sRGB, where averaging sRGB gives 128.
#[test]
fn resizing_averages_light() {
    let lines: Vec<u8> = (0..100).flat_map(|_| (0..100).map(|x| if x % 2 == 0 { 255 } else { 0 })).collect();
    let image = picture(100, 100, 1);
    let lines =
        rs_vips::VipsImage::new_from_memory_copy(&lines, 100, 100, 1, image.get_format().unwrap()).unwrap();
    let shown = show(&boxed(&file(&lines, SourceFormat::Png), RequestedFormat::Png, Some(25), None).bytes);
    let middle = i32::from(shown.pixel(12, 12)[0]);
    assert!((middle - 188).abs() <= 3, "{middle}");
}

/// A transparent green must not bleed into the red beside it.
#[test]
fn resizing_premultiplies_alpha() {
    let row: Vec<u8> = (0..40).flat_map(|x| if x < 21 { [255, 0, 0, 255] } else { [0, 255, 0, 0] }).collect();
    let data: Vec<u8> = std::iter::repeat_n(row, 40).flatten().collect();
    let format = picture(1, 1, 4).get_format().unwrap();
    let image = rs_vips::VipsImage::new_from_memory_copy(&data, 40, 40, 4, format).unwrap();
    let image = image
        .copy_with_opts(rs_vips::voption::Setter::set(
            rs_vips::voption::VOption::new(),
            "interpretation",
            rs_vips::enums::Interpretation::Srgb as i32,
        ))
        .unwrap();
    let shown = show(&boxed(&file(&image, SourceFormat::Png), RequestedFormat::Png, Some(10), None).bytes);
    for x in 0..10 {
        let [red, green, _, alpha] = shown.pixel(x, 5);
        assert!(alpha < 16 || (red > 240 && green < 16), "{x}: {:?}", shown.pixel(x, 5));
    }
    assert_eq!((shown.pixel(1, 5)[3], shown.pixel(8, 5)[3]), (255, 0));
}

#[test]
fn every_orientation_comes_out_upright() {
    let upright = picture(80, 60, 3);
    let expected = of(&upright, 1);
    for orientation in 1..=8 {
        for source in [SourceFormat::Jpeg, SourceFormat::Png, SourceFormat::WebP, SourceFormat::Tiff] {
            let bytes = marked(&stored_as(&upright, orientation), source, orientation as u16);
            assert_eq!(
                i32::from(container::inspect_bytes(&bytes).unwrap().orientation),
                orientation,
                "{source}"
            );
            for format in [RequestedFormat::Jpeg, RequestedFormat::Png, RequestedFormat::WebP] {
                let result = optimize(&bytes, format);
                assert_eq!(container::inspect_bytes(&result.bytes).unwrap().orientation, 1);
                let difference = show(&result.bytes).difference(&expected);
                assert!(difference < 3.0, "{source} -> {format}, orientation {orientation}: {difference}");
            }
            let small = show(&boxed(&bytes, RequestedFormat::WebP, Some(40), None).bytes);
            assert_eq!((small.width, small.height), (40, 30), "{source}, orientation {orientation}");
        }
    }
}

/// `upright` as a camera held otherwise would store it: the inverse of what libvips' autorot does.
fn stored_as(upright: &rs_vips::VipsImage, orientation: i32) -> rs_vips::VipsImage {
    let inverse = match orientation {
        6 => 8,
        8 => 6,
        other => other,
    };
    let mut tagged = upright.copy_memory().unwrap();
    tagged.set_int("orientation", inverse).unwrap();
    tagged.autorot().unwrap().copy_memory().unwrap()
}
