//! Pictures made by arithmetic: the same arguments give the same pixels on every machine.

mod encode;
mod scene;

pub use encode::{
    EXIF_MARK, bmp, gif_animated, jpeg_with_exif, photo_jpeg, png_rgb, png_rgba, sample, tiff, webp,
};
pub use scene::photo;
