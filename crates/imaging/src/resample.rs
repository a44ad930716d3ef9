use std::sync::LazyLock;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{
    FilterType, PixelComponentMapper, PixelType, ResizeAlg, ResizeOptions, Resizer, create_srgb_mapper,
};

use crate::ImagingError;
use crate::pixels::{Layout, Pixels};

/// Pictures of up to this size are resized here, which takes 9 bytes a pixel and a fifth of the time; larger
/// ones stream through libvips.
pub(crate) const MOST_PIXELS: u64 = 8_000_000;

static SRGB: LazyLock<PixelComponentMapper> = LazyLock::new(create_srgb_mapper);

/// Resizes to exactly `width` × `height` in linear light (16 bits) with alpha premultiplied, Lanczos3. Light
/// adds linearly: averaging sRGB values instead darkens fine detail.
pub(crate) fn resample(pixels: &Pixels, (width, height): (u32, u32)) -> Result<Pixels, ImagingError> {
    let (eight, sixteen) = match pixels.layout() {
        Layout::Grey => (PixelType::U8, PixelType::U16),
        Layout::Rgb => (PixelType::U8x3, PixelType::U16x3),
        Layout::Rgba => (PixelType::U8x4, PixelType::U16x4),
    };
    let source = ImageRef::new(pixels.width(), pixels.height(), pixels.data(), eight).map_err(failed)?;
    let mut linear = Image::new(pixels.width(), pixels.height(), sixteen);
    SRGB.forward_map(&source, &mut linear).map_err(failed)?;
    let mut resized = Image::new(width, height, sixteen);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
        .use_alpha(pixels.has_alpha());
    Resizer::new().resize(&linear, &mut resized, &options).map_err(failed)?;
    drop(linear);
    let mut result = Image::new(width, height, eight);
    SRGB.backward_map(&resized, &mut result).map_err(failed)?;
    Pixels::new(width, height, pixels.layout(), result.into_vec())
}

fn failed(error: impl std::fmt::Display) -> ImagingError {
    ImagingError::Process { operation: "resizing", detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vips;

    fn scene(layout: Layout) -> Pixels {
        let data = (0..90_u32 * 60)
            .flat_map(|at| {
                let (x, y) = (at % 90, at / 90);
                let sample = |scale: u32| u8::try_from((x * scale / 2 + y * 2) % 256).unwrap();
                let alpha = u8::try_from(255 - x).unwrap();
                [sample(3), sample(1), sample(2), alpha]
                    .into_iter()
                    .take(layout.channels())
                    .collect::<Vec<_>>()
            })
            .collect();
        Pixels::new(90, 60, layout, data).unwrap()
    }

    #[test]
    fn light_is_averaged_and_not_its_code() {
        let stripes = (0..64 * 64).map(|at| if at % 2 == 0 { 0 } else { 255 }).collect();
        let half = resample(&Pixels::new(64, 64, Layout::Grey, stripes).unwrap(), (16, 16)).unwrap();
        // The outer columns lack neighbours.
        for row in half.data().chunks_exact(16) {
            assert!(row[2..14].iter().all(|sample| (186..=190).contains(sample)), "{row:?}");
        }
    }

    #[test]
    fn colour_that_cannot_be_seen_does_not_bleed() {
        let pixel = |at: usize| if at % 64 < 32 { [255, 0, 0, 255] } else { [0, 255, 0, 0] };
        let data = (0..64 * 64).flat_map(pixel).collect();
        let small = resample(&Pixels::new(64, 64, Layout::Rgba, data).unwrap(), (13, 13)).unwrap();
        for pixel in small.data().chunks_exact(4).filter(|pixel| pixel[3] > 8) {
            assert!(pixel[0] > 240 && pixel[1] < 16, "{pixel:?}");
        }
    }

    #[test]
    fn results_are_those_of_libvips() {
        crate::start(&crate::CodecConfig::default()).unwrap();
        for layout in [Layout::Rgb, Layout::Rgba] {
            for size in [(45, 30), (31, 47), (180, 120)] {
                let (ours, theirs) = (
                    resample(&scene(layout), size).unwrap(),
                    vips::resize_pixels(&scene(layout), size).unwrap(),
                );
                let channels = layout.channels();
                let off = ours.data().iter().zip(theirs.data()).map(|(a, b)| f64::from(a.abs_diff(*b)));
                let mean = off.sum::<f64>() / (f64::from(size.0 * size.1) * channels as f64);
                assert!(mean < 3.0, "{layout:?} {size:?}: {mean}");
            }
        }
    }
}
