use domain::{RequestedFormat, Target};

use crate::config::AvifEncoder;
use crate::encoders::Encoder;
use crate::request::Request;

/// What of an image decides which encoders are worth trying.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traits {
    /// Drawn rather than photographed.
    pub(crate) graphic: bool,
    /// Holds no transparent pixel.
    pub(crate) opaque: bool,
    /// Has no more colours than a palette, so that fewer would only be lost, or is too large to be reduced to one.
    pub(crate) paletted: bool,
    /// Made from a WebP, which may have lost its lowest bits already.
    pub(crate) was_webp: bool,
    /// Small enough for an AV1 encoder's memory, and sRGB.
    pub(crate) av1: bool,
}

/// Most pixels of an AVIF result. libaom takes about 46 bytes a pixel: 25 megapixels stay below the address
/// space of a codec child, 36 do not.
pub(crate) const MAX_AV1_PIXELS: u64 = 25_000_000;

/// The encoders worth trying for a still image; the smallest result that reaches the floor wins.
///
/// Measured: photos are usually smallest as AVIF, but one in six is smaller as WebP or JPEG at the same
/// level, and jpegli costs next to nothing. Graphics are about half of an optimised PNG as lossless WebP
/// (CODECS), so PNG is not tried for `auto`.
pub(crate) fn for_still(request: &Request, traits: Traits, avif: AvifEncoder) -> Vec<Encoder> {
    let mut tried = all_for_still(request, traits, avif);
    tried.retain(|encoder| match encoder {
        Encoder::PngPalette | Encoder::WebPPalette => !traits.paletted,
        Encoder::WebPNearLossless => !traits.was_webp && !traits.paletted,
        _ => true,
    });
    tried
}

fn all_for_still(request: &Request, traits: Traits, avif: AvifEncoder) -> Vec<Encoder> {
    let requested = request.params.format;
    let lossless = request.options.target == Some(Target::Lossless);
    let scored = request.is_scored();
    let tried = match requested {
        RequestedFormat::Jpeg => vec![Encoder::Jpegli],
        RequestedFormat::Png if scored => vec![Encoder::Oxipng, Encoder::PngPalette],
        RequestedFormat::Png => vec![Encoder::Oxipng],
        RequestedFormat::Gif => vec![Encoder::Gif],
        RequestedFormat::WebP if lossless => vec![Encoder::WebPLossless],
        RequestedFormat::WebP if traits.graphic && scored => {
            vec![Encoder::WebPLossless, Encoder::WebPPalette, Encoder::WebPNearLossless, Encoder::WebPLossy]
        }
        RequestedFormat::WebP if traits.graphic => vec![Encoder::WebPLossless, Encoder::WebPLossy],
        RequestedFormat::WebP => vec![Encoder::WebPLossy],
        RequestedFormat::Avif => vec![av1(avif)],
        RequestedFormat::Auto if lossless => vec![Encoder::WebPLossless, Encoder::Oxipng],
        RequestedFormat::Auto => for_auto(traits, scored, avif),
    };
    if requested != RequestedFormat::Auto {
        return tried;
    }
    let permitted: Vec<_> =
        tried.into_iter().filter(|encoder| request.options.formats.contains(encoder.format())).collect();
    if !permitted.is_empty() {
        return permitted;
    }
    // Every client can show one of the two.
    let drawn = !traits.opaque || traits.graphic;
    match (lossless, drawn) {
        (false, true) if scored => vec![Encoder::Oxipng, Encoder::PngPalette],
        (true, _) | (false, true) => vec![Encoder::Oxipng],
        (false, false) => vec![Encoder::Jpegli],
    }
}

/// The likely winner first: those after it are given up as soon as they cannot win any more.
fn for_auto(traits: Traits, scored: bool, avif: AvifEncoder) -> Vec<Encoder> {
    let mut tried = Vec::new();
    if traits.graphic {
        tried.push(Encoder::WebPLossless);
    }
    if traits.graphic && scored {
        tried.extend([Encoder::WebPPalette, Encoder::WebPNearLossless]);
    }
    if traits.av1 {
        tried.push(av1(avif));
    }
    tried.push(Encoder::WebPLossy);
    if traits.opaque {
        tried.push(Encoder::Jpegli);
    }
    tried
}

const fn av1(avif: AvifEncoder) -> Encoder {
    match avif {
        AvifEncoder::Aom => Encoder::Aom,
        AvifEncoder::Rav1e => Encoder::Rav1e,
    }
}

#[cfg(test)]
mod tests {
    use domain::{Compression, FormatSet, OptimizeParams, OutputFormat, OutputOptions};

    use super::*;
    use crate::request::Effort;

    const TRAITS: Traits =
        Traits { graphic: false, opaque: true, paletted: false, was_webp: false, av1: true };

    fn request(format: RequestedFormat, options: OutputOptions) -> Request {
        let compression = Compression::Auto;
        let params = OptimizeParams { compression, width: None, height: None, format, keep_exif: false };
        Request { params, options, effort: Effort::Interactive }
    }

    fn auto(graphic: bool, opaque: bool, options: OutputOptions) -> Vec<Encoder> {
        let traits = Traits { graphic, opaque, av1: true, ..TRAITS };
        for_still(&request(RequestedFormat::Auto, options), traits, AvifEncoder::Aom)
    }

    #[test]
    fn auto_keeps_the_features_of_the_image() {
        let auto = |graphic, opaque| auto(graphic, opaque, OutputOptions::default());
        assert!(!auto(false, false).contains(&Encoder::Jpegli), "JPEG has no transparency");
        assert!(auto(false, true).contains(&Encoder::Jpegli));
        assert!(auto(true, true).contains(&Encoder::WebPLossless));
        assert!(auto(true, true).contains(&Encoder::WebPLossy), "a flat photo may be taken for a graphic");
    }

    #[test]
    fn auto_stays_within_what_the_client_can_show() {
        let only = |formats: &[OutputFormat]| OutputOptions {
            formats: FormatSet::of(formats.iter().copied()),
            ..OutputOptions::default()
        };
        let without_avif = auto(false, true, only(&[OutputFormat::WebP, OutputFormat::Jpeg]));
        assert_eq!(without_avif, [Encoder::WebPLossy, Encoder::Jpegli]);
        let old = only(&[OutputFormat::Jpeg, OutputFormat::Png, OutputFormat::Gif]);
        assert_eq!(auto(false, true, old), [Encoder::Jpegli]);
        assert_eq!(auto(true, false, old), [Encoder::Oxipng, Encoder::PngPalette]);
    }

    #[test]
    fn lossless_is_lossless() {
        let options = OutputOptions { target: Some(Target::Lossless), ..OutputOptions::default() };
        for encoder in auto(false, true, options) {
            assert!(encoder.is_lossless());
        }
        let webp = request(RequestedFormat::WebP, options);
        let traits = TRAITS;
        assert_eq!(for_still(&webp, traits, AvifEncoder::Aom), [Encoder::WebPLossless]);
    }

    #[test]
    fn what_a_score_must_watch_over_is_not_tried_without_one() {
        let quality =
            OutputOptions { target: "80".parse().ok().map(Target::Quality), ..OutputOptions::default() };
        let traits = Traits { graphic: true, ..TRAITS };
        for format in [RequestedFormat::Png, RequestedFormat::WebP, RequestedFormat::Auto] {
            let tried = |options| for_still(&request(format, options), traits, AvifEncoder::Aom);
            let watched = |encoder: &Encoder| {
                matches!(encoder, Encoder::PngPalette | Encoder::WebPNearLossless | Encoder::WebPPalette)
            };
            assert!(tried(OutputOptions::default()).iter().any(watched), "{format}");
            assert!(!tried(quality).iter().any(watched), "{format}");
        }
    }

    #[test]
    fn what_was_quantised_before_is_not_quantised_again() {
        let tried =
            |format, traits| for_still(&request(format, OutputOptions::default()), traits, AvifEncoder::Aom);
        let drawn = Traits { graphic: true, ..TRAITS };
        let png = tried(RequestedFormat::Png, Traits { paletted: true, ..drawn });
        assert_eq!(png, [Encoder::Oxipng]);
        let webp = tried(RequestedFormat::WebP, Traits { was_webp: true, ..drawn });
        assert!(!webp.contains(&Encoder::WebPNearLossless));
    }

    #[test]
    fn a_named_format_is_the_format() {
        for format in
            [RequestedFormat::Jpeg, RequestedFormat::Png, RequestedFormat::WebP, RequestedFormat::Avif]
        {
            let traits = Traits { graphic: true, av1: false, ..TRAITS };
            for encoder in for_still(&request(format, OutputOptions::default()), traits, AvifEncoder::Rav1e) {
                assert_eq!(Some(encoder.format()), format.fixed());
            }
        }
    }
}
