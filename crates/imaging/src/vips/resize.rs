use rs_vips::VipsImage;
use rs_vips::enums::{BandFormat, Interpretation, Kernel};
use rs_vips::voption::{Setter, VOption};

use super::failed;
use crate::ImagingError;

/// Resizes an 8-bit sRGB image to exactly `width` × `height` in linear light with alpha premultiplied,
/// Lanczos3. Light adds linearly: averaging sRGB values instead darkens fine detail.
pub(super) fn resize(image: VipsImage, (width, height): (u32, u32)) -> Result<VipsImage, ImagingError> {
    if (i64::from(image.get_width()), i64::from(image.get_height())) == (i64::from(width), i64::from(height))
    {
        return Ok(image);
    }
    let (hscale, vscale) =
        (f64::from(width) / f64::from(image.get_width()), f64::from(height) / f64::from(image.get_height()));
    let alpha = image.hasalpha();
    let linear = image.colourspace(Interpretation::Scrgb).map_err(failed("converting to linear light"))?;
    let ready = if alpha { linear.premultiply() } else { Ok(linear) }.map_err(failed("premultiplying"))?;
    let options = VOption::new().set("kernel", Kernel::Lanczos3 as i32).set("vscale", vscale);
    let resized = ready.resize_with_opts(hscale, options).map_err(failed("resizing"))?;
    let straight =
        if alpha { resized.unpremultiply() } else { Ok(resized) }.map_err(failed("unpremultiplying"))?;
    // unpremultiply leaves a multi-band image whose meaning libvips has forgotten.
    straight
        .copy_with_opts(VOption::new().set("interpretation", Interpretation::Scrgb as i32))
        .and_then(|image| image.colourspace(Interpretation::Srgb))
        .and_then(|image| image.cast(BandFormat::Uchar))
        .map_err(failed("converting back to sRGB"))
}
