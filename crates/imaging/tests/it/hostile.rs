use domain::{ErrorCode, RequestedFormat, SourceFormat};

use crate::picture::{file, picture};
use crate::shots::{optimize, params, run};

#[test]
fn cut_off_files_are_invalid_images() {
    let image = picture(200, 150, 3);
    for source in SourceFormat::ALL {
        let whole = file(&image, source);
        for keep in [whole.len() / 2, whole.len() * 9 / 10] {
            let error = run(&whole[..keep], params(RequestedFormat::WebP)).unwrap_err();
            let code = error.rejection().code;
            assert_eq!(code, ErrorCode::InvalidImage, "{source} cut to {keep} of {}: {error}", whole.len());
        }
    }
}

#[test]
fn damaged_pixels_never_blame_us() {
    let image = picture(100, 80, 3);
    for source in SourceFormat::ALL {
        let whole = file(&image, source);
        for at in (40..whole.len()).step_by((whole.len() / 12).max(1)) {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x55;
            if let Err(error) = run(&damaged, params(RequestedFormat::Jpeg)) {
                assert_ne!(error.rejection().code, ErrorCode::ProcessingFailed, "{source} at {at}: {error}");
            }
        }
    }
}

#[test]
fn other_files_are_an_unsupported_format() {
    for bytes in
        [&b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..], b"%PDF-1.7", b"hello, world, this is text"]
    {
        let error = run(bytes, params(RequestedFormat::Auto)).unwrap_err();
        assert_eq!(error.rejection().code, ErrorCode::UnsupportedFormat);
    }
}

#[test]
fn the_same_source_gives_the_same_bytes() {
    let bytes = file(&picture(90, 70, 4), SourceFormat::Png);
    for format in domain::OutputFormat::ALL {
        assert_eq!(optimize(&bytes, format.into()).bytes, optimize(&bytes, format.into()).bytes, "{format}");
    }
}
