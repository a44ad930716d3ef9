use domain::{RequestedFormat, SourceFormat};
use rs_vips::VipsImage;
use rs_vips::voption::{Setter, VOption};

use crate::picture::{file, picture, show};
use crate::shots::{boxed, optimize};

/// Four frames that differ, 40 × 30, 70 ms each, played three times.
pub(crate) fn animation() -> VipsImage {
    let frames: Vec<VipsImage> = (0..4)
        .map(|frame| picture(40, 30, 3).linear(&[1.0 - f64::from(frame) * 0.2], &[0.0]).unwrap())
        .collect();
    let frames: Vec<VipsImage> =
        frames.iter().map(|frame| frame.cast(rs_vips::enums::BandFormat::Uchar).unwrap()).collect();
    let joined = VipsImage::arrayjoin_with_opts(&frames, VOption::new().set("across", 1)).unwrap();
    let mut strip = joined.copy_memory().unwrap();
    strip.set_int("page-height", 30).unwrap();
    strip.set_array_int("delay", &[70, 70, 70, 70]).unwrap();
    strip.set_int("loop", 3).unwrap();
    strip
}

fn timing(bytes: &[u8], format: SourceFormat) -> (Vec<i32>, i32) {
    let options = VOption::new().set("n", -1);
    let image = match format {
        SourceFormat::Gif => VipsImage::gifload_buffer_with_opts(bytes, options).unwrap(),
        _ => VipsImage::webpload_buffer_with_opts(bytes, options).unwrap(),
    };
    (image.get_array_int("delay").unwrap(), image.get_int("loop").unwrap())
}

#[test]
fn animations_keep_their_frames_and_their_timing() {
    for source in [SourceFormat::Gif, SourceFormat::WebP] {
        let bytes = file(&animation(), source);
        assert_eq!(container::inspect_bytes(&bytes).unwrap().frames, 4, "{source}");
        for format in [RequestedFormat::Gif, RequestedFormat::WebP, RequestedFormat::Auto] {
            for width in [None, Some(20)] {
                let result = boxed(&bytes, format, width, None);
                let shown = show(&result.bytes);
                let what = format!("{source} -> {format} {width:?}");
                assert_eq!((shown.frames, result.report.frames), (4, 4), "{what}");
                assert_eq!(
                    (shown.width, shown.height),
                    (width.unwrap_or(40), width.map_or(30, |_| 15)),
                    "{what}"
                );
                let (delay, repeat) = timing(&result.bytes, result.report.format.as_source());
                assert_eq!((delay, repeat), (vec![70; 4], 3), "{what}");
                assert!(container::is_clean(result.report.format, &result.bytes), "{what}");
                let brightness = |frame: u32| u32::from(shown.pixel(2, frame * shown.height + 2)[2]);
                assert!(
                    brightness(0) > brightness(1) && brightness(1) > brightness(3),
                    "{what}: frames are mixed up"
                );
            }
        }
    }
}

#[test]
fn other_formats_show_the_first_frame() {
    for source in [SourceFormat::Gif, SourceFormat::WebP] {
        let bytes = file(&animation(), source);
        let first = show(&file(&picture(40, 30, 3), SourceFormat::Png));
        for format in [RequestedFormat::Jpeg, RequestedFormat::Png, RequestedFormat::Avif] {
            let result = optimize(&bytes, format);
            assert_eq!(result.report.frames, 1);
            assert!(show(&result.bytes).difference(&first) < 8.0, "{source} -> {format}");
        }
    }
}
