use domain::{OutputFormat, Rejection, SourceFormat};

use crate::{Icc, MAX_EXIF_BYTES, avif, gif, jpeg, png, webp};

/// What [`rewrite_metadata`] leaves in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keep<'a> {
    /// What becomes of the colour profile.
    pub icc: Icc<'a>,
    /// An EXIF payload to put in, as [`upright_exif`](crate::upright_exif) gives it; the file's own EXIF
    /// goes in any case. GIF has no place for it and ignores it.
    pub exif: Option<&'a [u8]>,
}

/// The EXIF payload (a TIFF structure, without the prefix `Exif\0\0`) of a source: of JPEG, PNG, WebP and
/// AVIF, at most [`MAX_EXIF_BYTES`]. `None` if it is absent, larger, or not to be found in a broken file.
#[must_use]
pub fn read_exif(format: SourceFormat, bytes: &[u8]) -> Option<Vec<u8>> {
    let found = match format {
        SourceFormat::Jpeg => jpeg::read_exif(bytes)?.to_vec(),
        SourceFormat::Png => png::read_exif(bytes)?.to_vec(),
        SourceFormat::WebP => webp::read_exif(bytes)?.to_vec(),
        SourceFormat::Avif => avif::read_exif(bytes)?,
        SourceFormat::Gif | SourceFormat::Tiff | SourceFormat::Bmp => return None,
    };
    // The prefix belongs to JPEG alone, but some writers put it into the other formats too.
    let payload = found.strip_prefix(b"Exif\0\0").unwrap_or(&found);
    (!payload.is_empty() && payload.len() <= MAX_EXIF_BYTES).then(|| payload.to_vec())
}

/// Removes every piece of metadata (EXIF, XMP, IPTC, comments, thumbnails, texts, unknown blocks, bytes
/// behind the image) without touching a pixel, and puts in what `keep` holds.
///
/// An AVIF is changed in place, because its items are found by their offset in the file: the payloads of
/// its Exif and XMP items become zeros and the items' type becomes `free`, which readers skip. A kept
/// EXIF replaces the payload of the file's own Exif item, padded with zeros; where there is no such item
/// or it is too small, the file gets no EXIF. `keep.icc` has no effect on AVIF: the profile stays.
///
/// # Errors
/// `invalid_image` if the file's structure is broken; a file that [`inspect`](crate::inspect) accepts
/// is not, except for an AVIF whose metadata shares its bytes with the image or with the boxes.
pub fn rewrite_metadata(format: OutputFormat, bytes: &[u8], keep: &Keep<'_>) -> Result<Vec<u8>, Rejection> {
    match format {
        OutputFormat::Jpeg => jpeg::rewrite(bytes, keep),
        OutputFormat::Png => png::rewrite(bytes, keep),
        OutputFormat::WebP => webp::rewrite(bytes, keep),
        OutputFormat::Gif => gif::rewrite(bytes, keep),
        OutputFormat::Avif => avif::rewrite(bytes, keep),
    }
}

/// Whether the file holds no metadata but, at most, an ICC profile: [`rewrite_metadata`] that keeps only
/// the profile would give the same bytes back. For AVIF: no Exif, XMP or URI item. A broken file is not
/// clean.
#[must_use]
pub fn is_clean(format: OutputFormat, bytes: &[u8]) -> bool {
    let keep = Keep { icc: Icc::Keep, exif: None };
    rewrite_metadata(format, bytes, &keep).is_ok_and(|rewritten| rewritten == bytes)
}
