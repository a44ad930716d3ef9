use std::borrow::Cow;

use domain::OutputFormat;
use fast_ssim2::{
    PixelDescriptor, PixelSlice, Ssimulacra2Config, Ssimulacra2Reference, StripConfig,
    compute_ssimulacra2_with_config,
};

use crate::pixels::{Layout, Pixels};
use crate::{ImagingError, vips};

/// From this many pixels on the score is computed in strips. A prepared reference and a comparison take about
/// 100 bytes a pixel together, the strips 35, and the child's address space is 2 GiB. Strips cost no more
/// time than two comparisons with a prepared reference, and differ from the whole by up to 1.2 points (the
/// blur begins anew in each), which is why smaller images are not scored that way.
pub(crate) const WHOLE_PIXELS: u64 = 6_000_000;

/// Rows of a strip, and rows that it begins early and ends late to warm up the blur.
const STRIP_ROWS: usize = 1_024;
const HALO_ROWS: usize = 192;

/// Scores encodings of one picture: SSIMULACRA2, 100 for identical pixels, of the file as everyone else will
/// decode it.
pub(crate) struct Judge<'a> {
    original: Cow<'a, Pixels>,
    reference: Option<Box<Ssimulacra2Reference>>,
}

impl<'a> Judge<'a> {
    /// Prepares the comparisons with `original`.
    pub(crate) fn new(original: &'a Pixels) -> Result<Self, ImagingError> {
        let original = original.without_grey();
        let reference = if pixels(&original) <= WHOLE_PIXELS {
            Some(Box::new(Ssimulacra2Reference::new(&slice(&original)?).map_err(failed)?))
        } else {
            None
        };
        Ok(Self { original, reference })
    }

    /// The score of a finished file.
    pub(crate) fn score(&self, file: &[u8], format: OutputFormat) -> Result<f64, ImagingError> {
        let decoded = vips::decode_still(file, format.as_source(), |size| size)?.pixels;
        let decoded = match self.original.layout() {
            Layout::Rgba => decoded.with_alpha(),
            Layout::Rgb | Layout::Grey => decoded.flatten_on([255; 3]),
        };
        self.compare(&decoded)
    }

    fn compare(&self, decoded: &Pixels) -> Result<f64, ImagingError> {
        if decoded.data() == self.original.data() {
            return Ok(100.0);
        }
        match &self.reference {
            Some(reference) => reference.compare(&slice(decoded)?).map_err(failed),
            None => {
                let strips = StripConfig::new(STRIP_ROWS).with_halo_rows(HALO_ROWS);
                let config = Ssimulacra2Config::default().with_strip(strips);
                compute_ssimulacra2_with_config(&slice(&self.original)?, &slice(decoded)?, &config)
                    .map_err(failed)
            }
        }
    }
}

pub(crate) fn pixels(picture: &Pixels) -> u64 {
    u64::from(picture.width()) * u64::from(picture.height())
}

fn slice(pixels: &Pixels) -> Result<PixelSlice<'_>, ImagingError> {
    let descriptor = match pixels.layout() {
        Layout::Rgba => PixelDescriptor::RGBA8_SRGB,
        Layout::Rgb => PixelDescriptor::RGB8_SRGB,
        Layout::Grey => PixelDescriptor::GRAY8_SRGB,
    };
    PixelSlice::new(pixels.data(), pixels.width(), pixels.height(), pixels.stride(), descriptor)
        .map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> ImagingError {
    ImagingError::Process { operation: "scoring", detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    use fast_ssim2::compute_ssimulacra2;

    use super::*;
    use crate::encoders::{Encoder, Settings};
    use crate::request::Effort;

    fn texture(layout: Layout) -> Pixels {
        let data = (0..96_u32 * 96)
            .flat_map(|at| {
                let (x, y) = (at % 96, at / 96);
                let sample = |scale: u32| u8::try_from((x * scale + y * y / 7) % 256).unwrap();
                [sample(3), sample(5), sample(2), u8::try_from(128 + x).unwrap()]
                    .into_iter()
                    .take(layout.channels())
            })
            .collect();
        Pixels::new(96, 96, layout, data).unwrap()
    }

    #[test]
    fn less_quality_scores_lower_and_no_loss_scores_100() {
        crate::start(&crate::CodecConfig::default()).unwrap();
        for layout in [Layout::Grey, Layout::Rgb, Layout::Rgba] {
            let picture = texture(layout);
            let judge = Judge::new(&picture).unwrap();
            let score = |encoder: Encoder, quality| {
                let settings = Settings { quality, effort: Effort::Interactive, threads: 1, exif: None };
                let file = encoder.encode(&picture, &settings).unwrap();
                judge.score(&file, encoder.format()).unwrap()
            };
            assert_eq!(score(Encoder::Oxipng, 0.0), 100.0, "{layout:?}");
            assert_eq!(score(Encoder::WebPLossless, 0.0), 100.0, "{layout:?}");
            for encoder in [Encoder::WebPLossy, Encoder::Aom] {
                let (good, bad) = (score(encoder, 95.0), score(encoder, 20.0));
                assert!(bad + 5.0 < good && good < 100.0, "{encoder:?} {layout:?}: {bad} {good}");
            }
        }
    }

    #[test]
    fn a_prepared_reference_says_what_a_single_comparison_says() {
        let once = |one, other| compute_ssimulacra2(&slice(one).unwrap(), &slice(other).unwrap()).unwrap();
        let (one, other) = (texture(Layout::Rgb), texture(Layout::Rgb).brightened_for_test());
        let judge = Judge::new(&one).unwrap();
        assert!((judge.compare(&other).unwrap() - once(&one, &other)).abs() < 1e-9);
    }
}
