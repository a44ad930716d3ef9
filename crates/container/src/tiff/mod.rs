//! TIFF 6.0 and BigTIFF: the first page's directory and where its strips or tiles lie.

mod directory;
mod layout;

use std::io::{BufRead, Seek};

use domain::{Rejection, SourceFormat};

use crate::Header;
use crate::error::{InspectError, invalid, too_large};
use crate::header::check_size;
use crate::stream::Stream;
use directory::{Directory, Reader};

/// Most samples per pixel: CMYK with two alpha channels (RELIABILITY T20, "band bomb").
const MAX_SAMPLES: u64 = 6;
/// Most bytes of the decoded page: the largest image of the published limits with four samples of 16 bits.
const MAX_DECODED_BYTES: u64 = domain::limits::MAX_INPUT_PIXELS * 8;

/// Tag numbers, TIFF 6.0 appendix A.
mod tag {
    pub(super) const WIDTH: u16 = 256;
    pub(super) const LENGTH: u16 = 257;
    pub(super) const BITS_PER_SAMPLE: u16 = 258;
    pub(super) const COMPRESSION: u16 = 259;
    pub(super) const PHOTOMETRIC: u16 = 262;
    pub(super) const STRIP_OFFSETS: u16 = 273;
    pub(super) const ORIENTATION: u16 = 274;
    pub(super) const SAMPLES_PER_PIXEL: u16 = 277;
    pub(super) const ROWS_PER_STRIP: u16 = 278;
    pub(super) const STRIP_BYTE_COUNTS: u16 = 279;
    pub(super) const PLANAR: u16 = 284;
    pub(super) const TILE_WIDTH: u16 = 322;
    pub(super) const TILE_LENGTH: u16 = 323;
    pub(super) const TILE_OFFSETS: u16 = 324;
    pub(super) const TILE_BYTE_COUNTS: u16 = 325;
    pub(super) const EXTRA_SAMPLES: u16 = 338;
}

/// The page's size and kind of pixels.
struct Page {
    width: u32,
    height: u32,
    samples: u64,
    bits: u64,
}

/// Checks the first directory only: no other page is ever read (RELIABILITY F7, T19).
pub(crate) fn inspect<R: BufRead + Seek>(stream: &mut Stream<'_, R>) -> Result<Header, InspectError> {
    let mut reader = Reader::open(stream)?;
    let directory = Directory::read(&mut reader)?;
    let page = read_page(&mut reader, &directory)?;
    layout::check(&mut reader, &directory, &page)?;
    let orientation = directory.number(&mut reader, tag::ORIENTATION)?.unwrap_or(1);
    let has_extra = match directory.number(&mut reader, tag::EXTRA_SAMPLES)? {
        Some(kind) => matches!(kind, 1 | 2),
        // Four samples of RGB without a word on the fourth: readers take it for alpha.
        None => page.samples == 4 && directory.number(&mut reader, tag::PHOTOMETRIC)? == Some(2),
    };
    Ok(Header {
        format: SourceFormat::Tiff,
        width: page.width,
        height: page.height,
        frames: 1,
        has_alpha: has_extra,
        orientation: u8::try_from(orientation).ok().filter(|value| (1..=8).contains(value)).unwrap_or(1),
    })
}

fn read_page<R: BufRead + Seek>(
    reader: &mut Reader<'_, '_, R>,
    directory: &Directory,
) -> Result<Page, InspectError> {
    let width = edge(directory.number(reader, tag::WIDTH)?, "width")?;
    let height = edge(directory.number(reader, tag::LENGTH)?, "height")?;
    check_size(width, height, 1)?;
    let samples = directory.number(reader, tag::SAMPLES_PER_PIXEL)?.unwrap_or(1);
    if samples == 0 {
        return Err(invalid("the TIFF has 0 samples per pixel").into());
    }
    if samples > MAX_SAMPLES {
        return Err(too_large(format!("{samples} samples per pixel exceed {MAX_SAMPLES}")).into());
    }
    let bits = directory.number(reader, tag::BITS_PER_SAMPLE)?.unwrap_or(1);
    if !matches!(bits, 1 | 2 | 4 | 8 | 12 | 16 | 24 | 32 | 64) {
        return Err(invalid(format!("the TIFF has {bits} bits per sample")).into());
    }
    // No overflow: at most 100,000,000 pixels of 6 samples of 64 bits.
    let bytes = u64::from(width) * u64::from(height) * samples * bits / 8;
    if bytes > MAX_DECODED_BYTES {
        return Err(too_large(format!("{bytes} bytes of pixels exceed {MAX_DECODED_BYTES}")).into());
    }
    Ok(Page { width, height, samples, bits })
}

fn edge(value: Option<u64>, name: &str) -> Result<u32, Rejection> {
    let value = value.ok_or_else(|| invalid(format!("the TIFF has no {name}")))?;
    Ok(u32::try_from(value).unwrap_or(u32::MAX))
}
