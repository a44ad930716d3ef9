use domain::OutputFormat;
use score::{Channels, Comparison, Picture};

use crate::pixels::{Layout, Pixels};
use crate::{ImagingError, encoders, vips};

/// Scores encodings of one picture: SSIMULACRA2, 100 for identical pixels, of the file as everyone else will
/// decode it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judge<'a> {
    original: &'a Pixels,
}

impl<'a> Judge<'a> {
    pub(crate) const fn new(original: &'a Pixels) -> Self {
        Self { original }
    }

    /// The score of a finished file, which is compared while it is decoded.
    pub(crate) fn score(self, file: &[u8], format: OutputFormat) -> Result<f64, ImagingError> {
        let original = picture(self.original)?;
        // libvips holds three copies of a WebP while it decodes one.
        if format == OutputFormat::WebP {
            let decoded = encoders::decode_webp(file)?;
            return score::ssimulacra2(original, picture(&decoded)?).map_err(failed);
        }
        let mut comparison = None;
        vips::each_row(file, format.as_source(), |layout, row| {
            comparison
                .get_or_insert_with(|| Comparison::new(original, channels(layout)))
                .push(row)
                .map_err(failed)
        })?;
        comparison.ok_or_else(|| failed("no row came"))?.finish().map_err(failed)
    }
}

pub(crate) fn pixels(picture: &Pixels) -> u64 {
    u64::from(picture.width()) * u64::from(picture.height())
}

fn picture(pixels: &Pixels) -> Result<Picture<'_>, ImagingError> {
    Picture::new(pixels.width(), pixels.height(), channels(pixels.layout()), pixels.data()).map_err(failed)
}

const fn channels(layout: Layout) -> Channels {
    match layout {
        Layout::Grey => Channels::Grey,
        Layout::Rgb => Channels::Rgb,
        Layout::Rgba => Channels::Rgba,
    }
}

fn failed(error: impl std::fmt::Display) -> ImagingError {
    ImagingError::Process { operation: "scoring", detail: error.to_string() }
}

#[cfg(test)]
mod tests {
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
            let judge = Judge::new(&picture);
            let score = |encoder: Encoder, quality| {
                let settings =
                    Settings { quality, effort: Effort::Interactive, scored: true, threads: 1, exif: None };
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
}
