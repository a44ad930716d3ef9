use domain::RequestedFormat;

use crate::config::AvifEncoder;
use crate::encoders::Encoder;

/// The encoders worth trying for a still image; the smallest result wins.
///
/// Measured (CODECS): photos are smallest as AVIF, then WebP; graphics as lossless WebP, about half of an
/// optimised PNG.
pub(crate) fn for_still(requested: RequestedFormat, graphic: bool, avif: AvifEncoder) -> &'static [Encoder] {
    match (requested, graphic, avif) {
        (RequestedFormat::Jpeg, ..) => &[Encoder::Jpegli],
        (RequestedFormat::Png, ..) => &[Encoder::Oxipng],
        (RequestedFormat::Gif, ..) => &[Encoder::Gif],
        (RequestedFormat::WebP, true, _) => &[Encoder::WebPLossless, Encoder::WebPLossy],
        (RequestedFormat::WebP, false, _) => &[Encoder::WebPLossy],
        (RequestedFormat::Avif, _, AvifEncoder::Aom) => &[Encoder::Aom],
        (RequestedFormat::Avif, _, AvifEncoder::Rav1e) => &[Encoder::Rav1e],
        (RequestedFormat::Auto, true, AvifEncoder::Aom) => {
            &[Encoder::WebPLossless, Encoder::Oxipng, Encoder::Aom]
        }
        (RequestedFormat::Auto, true, AvifEncoder::Rav1e) => {
            &[Encoder::WebPLossless, Encoder::Oxipng, Encoder::Rav1e]
        }
        (RequestedFormat::Auto, false, AvifEncoder::Aom) => &[Encoder::Aom, Encoder::WebPLossy],
        (RequestedFormat::Auto, false, AvifEncoder::Rav1e) => &[Encoder::Rav1e, Encoder::WebPLossy],
    }
}
