use domain::RequestedFormat;

use crate::config::AvifEncoder;
use crate::encoders::Encoder;

/// What of an image decides which encoders are worth trying.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traits {
    /// Drawn rather than photographed.
    pub(crate) graphic: bool,
    /// Holds no transparent pixel.
    pub(crate) opaque: bool,
    /// Small enough for an AV1 encoder's memory.
    pub(crate) fits_av1: bool,
}

/// Most pixels of an AVIF result. libaom takes about 46 bytes a pixel: 25 megapixels stay below the address
/// space of a codec child, 36 do not.
pub(crate) const MAX_AV1_PIXELS: u64 = 25_000_000;

/// The encoders worth trying for a still image; the smallest result wins.
///
/// Measured: photos are usually smallest as AVIF, but one in six is smaller as WebP or JPEG at the same
/// level, and jpegli costs next to nothing. Graphics are about half of an optimised PNG as lossless WebP
/// (CODECS), so PNG is not tried for `auto`.
pub(crate) fn for_still(requested: RequestedFormat, traits: Traits, avif: AvifEncoder) -> Vec<Encoder> {
    let av1 = match avif {
        AvifEncoder::Aom => Encoder::Aom,
        AvifEncoder::Rav1e => Encoder::Rav1e,
    };
    let mut tried = match requested {
        RequestedFormat::Jpeg => vec![Encoder::Jpegli],
        RequestedFormat::Png => vec![Encoder::Oxipng],
        RequestedFormat::Gif => vec![Encoder::Gif],
        RequestedFormat::WebP => vec![Encoder::WebPLossy],
        RequestedFormat::Avif => vec![av1],
        RequestedFormat::Auto if traits.fits_av1 => vec![av1, Encoder::WebPLossy],
        RequestedFormat::Auto => vec![Encoder::WebPLossy],
    };
    if traits.graphic && matches!(requested, RequestedFormat::Auto | RequestedFormat::WebP) {
        tried.push(Encoder::WebPLossless);
    }
    if traits.opaque && requested == RequestedFormat::Auto {
        tried.push(Encoder::Jpegli);
    }
    tried
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_keeps_the_features_of_the_image() {
        let auto = |graphic, opaque| {
            for_still(RequestedFormat::Auto, Traits { graphic, opaque, fits_av1: true }, AvifEncoder::Aom)
        };
        assert!(!auto(false, false).contains(&Encoder::Jpegli), "JPEG has no transparency");
        assert!(auto(false, true).contains(&Encoder::Jpegli));
        assert!(auto(true, true).contains(&Encoder::WebPLossless));
        assert!(auto(true, true).contains(&Encoder::WebPLossy), "a flat photo may be taken for a graphic");
    }

    #[test]
    fn a_named_format_is_the_format() {
        for requested in
            [RequestedFormat::Jpeg, RequestedFormat::Png, RequestedFormat::WebP, RequestedFormat::Avif]
        {
            for encoder in for_still(
                requested,
                Traits { graphic: true, opaque: true, fits_av1: false },
                AvifEncoder::Rav1e,
            ) {
                assert_eq!(Some(encoder.format()), requested.fixed());
            }
        }
    }
}
