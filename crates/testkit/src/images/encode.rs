use std::io::Cursor;

use image::codecs::gif::{GifEncoder, Repeat};
use image::codecs::jpeg::JpegEncoder;
use image::{Delay, DynamicImage, ExtendedColorType, Frame, ImageEncoder, ImageFormat, Rgba, RgbaImage};

use super::photo;
use crate::or_fail::OrFail;

/// The text of the Software tag in [`jpeg_with_exif`]: a stripped file does not contain it.
pub const EXIF_MARK: &str = "Optimagio testkit";

/// JPEG at quality 92.
#[must_use]
pub fn photo_jpeg(width: u32, height: u32, seed: u64) -> Vec<u8> {
    jpeg(width, height, seed, None)
}

/// A photo of 1632 × 1224 pixels (2 megapixels) as JPEG.
#[must_use]
pub fn sample() -> Vec<u8> {
    photo_jpeg(1632, 1224, 7)
}

/// JPEG with an EXIF block that holds `orientation` (1 to 8) and [`EXIF_MARK`].
#[must_use]
pub fn jpeg_with_exif(width: u32, height: u32, seed: u64, orientation: u8) -> Vec<u8> {
    jpeg(width, height, seed, Some(exif(orientation)))
}

/// PNG without transparency.
#[must_use]
pub fn png_rgb(width: u32, height: u32, seed: u64) -> Vec<u8> {
    encode(&photo(width, height, seed).into(), ImageFormat::Png)
}

/// PNG with an alpha channel: opaque in the middle, a soft edge, transparent corners.
#[must_use]
pub fn png_rgba(width: u32, height: u32, seed: u64) -> Vec<u8> {
    encode(&soft_edged(width, height, seed).into(), ImageFormat::Png)
}

/// Lossless WebP with an alpha channel.
#[must_use]
pub fn webp(width: u32, height: u32, seed: u64) -> Vec<u8> {
    encode(&soft_edged(width, height, seed).into(), ImageFormat::WebP)
}

/// BMP of 24 bits a pixel.
#[must_use]
pub fn bmp(width: u32, height: u32, seed: u64) -> Vec<u8> {
    encode(&photo(width, height, seed).into(), ImageFormat::Bmp)
}

/// Uncompressed TIFF.
#[must_use]
pub fn tiff(width: u32, height: u32, seed: u64) -> Vec<u8> {
    encode(&photo(width, height, seed).into(), ImageFormat::Tiff)
}

/// GIF whose `frames` frames last 100 ms each and repeat for ever.
///
/// # Panics
/// If a side is over 65,535 pixels, GIF's limit.
#[must_use]
pub fn gif_animated(width: u32, height: u32, frames: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut bytes, 30);
    encoder.set_repeat(Repeat::Infinite).or_fail("GIF repeat");
    for seed in 0..frames {
        let picture = DynamicImage::from(photo(width, height, u64::from(seed))).into_rgba8();
        let delay = Delay::from_numer_denom_ms(100, 1);
        encoder.encode_frame(Frame::from_parts(picture, 0, 0, delay)).or_fail("GIF frame");
    }
    drop(encoder);
    bytes
}

fn jpeg(width: u32, height: u32, seed: u64, exif: Option<Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 92);
    if let Some(exif) = exif {
        encoder.set_exif_metadata(exif).or_fail("EXIF");
    }
    let picture = photo(width, height, seed);
    encoder.write_image(&picture, width, height, ExtendedColorType::Rgb8).or_fail("JPEG");
    bytes
}

fn encode(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).or_fail(format_args!("cannot encode {format:?}"));
    bytes.into_inner()
}

fn soft_edged(width: u32, height: u32, seed: u64) -> RgbaImage {
    let picture = photo(width, height, seed);
    let (half_width, half_height) = (width as f32 / 2.0, height as f32 / 2.0);
    RgbaImage::from_fn(width, height, |x, y| {
        let [red, green, blue] = picture.get_pixel(x, y).0;
        let distance = ((x as f32 - half_width) / half_width).hypot((y as f32 - half_height) / half_height);
        let alpha = ((1.2 - distance) * 5.0).clamp(0.0, 1.0) * 255.0;
        Rgba([red, green, blue, alpha as u8])
    })
}

/// A TIFF structure with one directory of two entries (Exif 2.3, section 4.6.4): Orientation and Software.
fn exif(orientation: u8) -> Vec<u8> {
    const SOFTWARE_AT: u32 = 38;
    let mut block = b"II*\0\x08\0\0\0\x02\0".to_vec();
    // Tag 0x0112, type SHORT, one value in place.
    block.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
    // Tag 0x0131, type ASCII, the text and its closing zero behind the directory.
    block.extend([0x31, 0x01, 2, 0]);
    block.extend((EXIF_MARK.len() as u32 + 1).to_le_bytes());
    block.extend(SOFTWARE_AT.to_le_bytes());
    block.extend([0; 4]);
    block.extend(EXIF_MARK.as_bytes());
    block.push(0);
    block
}

#[cfg(test)]
mod tests {
    use image::codecs::gif::GifDecoder;
    use image::{AnimationDecoder, GenericImageView, ImageDecoder, ImageReader, metadata::Orientation};

    use super::*;

    #[test]
    fn every_format_decodes_at_its_size_and_is_what_it_says() {
        for (bytes, format) in [
            (photo_jpeg(61, 40, 1), ImageFormat::Jpeg),
            (png_rgb(61, 40, 1), ImageFormat::Png),
            (png_rgba(61, 40, 1), ImageFormat::Png),
            (webp(61, 40, 1), ImageFormat::WebP),
            (bmp(61, 40, 1), ImageFormat::Bmp),
            (tiff(61, 40, 1), ImageFormat::Tiff),
        ] {
            assert_eq!(image::guess_format(&bytes).unwrap(), format);
            assert_eq!(image::load_from_memory(&bytes).unwrap().dimensions(), (61, 40), "{format:?}");
        }
    }

    #[test]
    fn pixels_depend_on_the_arguments_alone() {
        assert_eq!(photo(64, 48, 3), photo(64, 48, 3));
        assert_ne!(photo(64, 48, 3), photo(64, 48, 4));
    }

    #[test]
    fn a_photo_is_neither_flat_nor_noise() {
        let bytes = photo_jpeg(640, 480, 5).len() as f64 * 8.0 / f64::from(640 * 480);
        assert!((0.5..6.0).contains(&bytes), "{bytes} bits a pixel");
    }

    #[test]
    fn exif_holds_the_orientation_and_the_mark() {
        let bytes = jpeg_with_exif(32, 16, 1, 6);
        let mut decoder =
            ImageReader::with_format(Cursor::new(&bytes), ImageFormat::Jpeg).into_decoder().unwrap();
        assert_eq!(decoder.orientation().unwrap(), Orientation::Rotate90);
        assert!(bytes.windows(EXIF_MARK.len()).any(|window| window == EXIF_MARK.as_bytes()));
        assert!(!photo_jpeg(32, 16, 1).windows(4).any(|window| window == b"Exif"));
    }

    #[test]
    fn an_animation_has_its_frames() {
        let decoder = GifDecoder::new(Cursor::new(gif_animated(20, 10, 3))).unwrap();
        assert_eq!(decoder.into_frames().collect_frames().unwrap().len(), 3);
    }
}
