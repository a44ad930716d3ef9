//! Our static codecs share the process with the shared ones inside libvips: neither may break the other.

use domain::{RequestedFormat, SourceFormat};

use crate::picture::{file, of, picture, show};
use crate::shots::optimize;

#[test]
fn libvips_saves_and_loads_webp_with_our_libwebp_linked_in() {
    let image = picture(100, 80, 4);
    let ours = optimize(&file(&image, SourceFormat::Png), RequestedFormat::WebP);
    let theirs = file(&image, SourceFormat::WebP);
    assert!(show(&ours.bytes).difference(&of(&image, 1)) < 3.0);
    assert!(show(&theirs).difference(&of(&image, 1)) < 0.01);
}

#[test]
fn libvips_saves_and_loads_jpeg_with_jpegli_linked_in() {
    let image = picture(100, 80, 3);
    let ours = optimize(&file(&image, SourceFormat::Png), RequestedFormat::Jpeg);
    let theirs = file(&image, SourceFormat::Jpeg);
    assert!(show(&ours.bytes).difference(&of(&image, 1)) < 3.0);
    assert!(show(&theirs).difference(&of(&image, 1)) < 3.0);
}

#[test]
fn libheif_saves_and_loads_avif_with_our_libaom_linked_in() {
    let image = picture(100, 80, 4);
    let ours = optimize(&file(&image, SourceFormat::Png), RequestedFormat::Avif);
    let theirs = file(&image, SourceFormat::Avif);
    assert!(show(&ours.bytes).difference(&of(&image, 1)) < 3.0);
    assert!(show(&theirs).difference(&of(&image, 1)) < 3.0);
}
