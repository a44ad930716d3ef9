use container::Header;
use domain::{OutputFormat, RequestedFormat, SourceFormat};

use crate::config::CodecConfig;
use crate::exif::KeptExif;
use crate::frame::Frame;
use crate::orient::swaps_edges;
use crate::request::Request;

/// Everything that one call of `optimize` knows before decoding.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    pub(crate) source: &'a [u8],
    pub(crate) header: Header,
    pub(crate) request: Request,
    pub(crate) config: &'a CodecConfig,
    pub(crate) exif: KeptExif,
}

impl Job<'_> {
    /// Whether the result is animated: the source is, and the requested format can be.
    pub(crate) const fn animates(&self) -> bool {
        let moving =
            self.header.frames > 1 && matches!(self.header.format, SourceFormat::Gif | SourceFormat::WebP);
        let format = self.request.params.format;
        moving && matches!(format, RequestedFormat::Gif | RequestedFormat::WebP | RequestedFormat::Auto)
    }

    /// The size to resize a stored image of `size` to, before it is turned upright: the requested box is
    /// one of the upright image.
    pub(crate) fn stored_target(&self, size: (u32, u32)) -> (u32, u32) {
        let swap =
            |size: (u32, u32)| if swaps_edges(self.header.orientation) { (size.1, size.0) } else { size };
        swap(self.frame(swap(size)).scale)
    }

    /// What becomes of an upright image of `size`.
    pub(crate) fn frame(&self, size: (u32, u32)) -> Frame {
        Frame::of(&self.request.params, &self.request.options, size)
    }

    /// Whether the source's colour profile is to stay and the result can hold it.
    pub(crate) fn keeps_profile(&self) -> bool {
        self.request.options.keep_icc
            && !self.request.params.format.fixed().is_some_and(OutputFormat::is_srgb_only)
    }

    /// The source's own format, if the result may have it.
    pub(crate) fn may_stay(&self) -> Option<OutputFormat> {
        let own = self.header.format.as_output()?;
        let asked = self.request.params.format.fixed();
        asked.is_none_or(|format| format == own).then_some(own)
    }
}
