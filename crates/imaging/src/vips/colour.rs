use rs_vips::VipsImage;
use rs_vips::enums::{BandFormat, Intent, Interpretation};
use rs_vips::voption::{Setter, VOption};

use super::{failed, memory};
use crate::ImagingError;

/// An image in sRGB and what it took.
pub(super) struct Coloured {
    /// Three or four bands of 8 bits: red, green, blue and perhaps alpha.
    pub(super) image: VipsImage,
    /// The profile that the samples are in, where it was to stay.
    pub(super) profile: Option<Vec<u8>>,
    /// Whether an embedded profile that is not sRGB was applied, so that the source needs it to look right.
    pub(super) profile_needed: bool,
    /// Whether an embedded profile could not be used and was ignored (RELIABILITY T18).
    pub(super) profile_broken: bool,
}

/// Converts to 8-bit sRGB: through the embedded profile where there is a usable one, through libvips'
/// own CMYK profile for CMYK without one, and by definition for grey, 16-bit and Lab images. With `keep` an RGB
/// profile is not applied but handed on.
pub(super) fn to_srgb(image: VipsImage, keep: bool) -> Result<Coloured, ImagingError> {
    let cmyk = matches!(image.get_interpretation(), Ok(Interpretation::Cmyk));
    let profile = image.get_blob("icc-profile-data").ok().filter(|profile| !profile.is_empty());
    rs_vips::Vips::error_clear();
    let foreign = profile.filter(|profile| !is_srgb(profile));
    let fits = foreign.as_deref().is_some_and(|profile| memory::profile_fits(&image, profile));
    if keep && fits && is_rgb(foreign.as_deref()) {
        return Ok(Coloured {
            image: to_eight_bits(image)?,
            profile: foreign,
            profile_needed: true,
            profile_broken: false,
        });
    }
    let transformed = if fits || cmyk { transform(&image, fits, cmyk) } else { None };
    let applied = fits && transformed.is_some();
    Ok(Coloured {
        image: to_eight_bits(transformed.unwrap_or(image))?,
        profile: None,
        profile_needed: applied,
        profile_broken: foreign.is_some() && !applied,
    })
}

fn is_rgb(profile: Option<&[u8]>) -> bool {
    profile.and_then(|profile| profile.get(16..20)) == Some(b"RGB ")
}

/// Relative colorimetric keeps the colours that sRGB has as they are, which is what viewers do.
fn transform(image: &VipsImage, embedded: bool, cmyk: bool) -> Option<VipsImage> {
    let options =
        VOption::new().set("embedded", embedded).set("depth", 8).set("intent", Intent::Relative as i32);
    let options = if cmyk { options.set("input_profile", "cmyk") } else { options };
    let result = image.icc_transform_with_opts("srgb", options);
    if result.is_err() {
        rs_vips::Vips::error_clear();
    }
    result.ok()
}

fn to_eight_bits(image: VipsImage) -> Result<VipsImage, ImagingError> {
    let srgb = matches!(image.get_interpretation(), Ok(Interpretation::Srgb));
    let image = if srgb && image.get_bands() >= 3 {
        image
    } else {
        image.colourspace(Interpretation::Srgb).map_err(failed("converting to sRGB"))?
    };
    let image = match image.get_bands() {
        3 | 4 => image,
        bands if bands > 4 => image
            .extract_band_with_opts(0, VOption::new().set("n", 4))
            .map_err(failed("dropping extra channels"))?,
        bands => {
            return Err(ImagingError::Process {
                operation: "converting to sRGB",
                detail: format!("{bands} bands"),
            });
        }
    };
    match image.get_format() {
        Ok(BandFormat::Uchar) => Ok(image),
        _ => image.cast(BandFormat::Uchar).map_err(failed("converting to 8 bits")),
    }
}

/// Whether a profile says that it is sRGB, so that converting would change nothing. Its description is
/// ASCII in version 2 and UTF-16 in version 4 profiles.
fn is_srgb(profile: &[u8]) -> bool {
    let rgb = is_rgb(Some(profile));
    let ascii: &[u8] = b"sRGB";
    let utf16: &[u8] = b"\0s\0R\0G\0B";
    let says = |name: &[u8]| profile.windows(name.len()).any(|window| window == name);
    // Linear profiles name sRGB's primaries too but differ in their curve.
    rgb && profile.len() < 20_000
        && (says(ascii) || says(utf16))
        && !says(b"inear")
        && !says(b"\0i\0n\0e\0a\0r")
}
