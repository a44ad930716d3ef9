//! Windows and OS/2 bitmaps: the two headers (Microsoft, BITMAPFILEHEADER and BITMAPINFOHEADER).

use std::io::{BufRead, Seek};

use domain::{Rejection, SourceFormat};

use crate::Header;
use crate::error::{InspectError, invalid};
use crate::header::check_size;
use crate::stream::Stream;

/// Bytes of the file header.
const FILE_HEADER_BYTES: u64 = 14;
/// Sizes of the second header: OS/2 1.x, Windows 3, two of Adobe's, OS/2 2.x, Windows 4 and 5.
const HEADER_SIZES: [u32; 7] = [12, 40, 52, 56, 64, 108, 124];
/// Values of the compression field.
const RGB: u32 = 0;
const RLE8: u32 = 1;
const RLE4: u32 = 2;
const BIT_FIELDS: u32 = 3;
const ALPHA_BIT_FIELDS: u32 = 6;

struct Info {
    header_size: u32,
    width: u32,
    height: u32,
    is_top_down: bool,
    bits: u16,
    compression: u32,
    image_bytes: u32,
    colours: u32,
}

/// Checks both headers, then that the pixels they describe are there.
pub(crate) fn inspect<R: BufRead + Seek>(stream: &mut Stream<'_, R>) -> Result<Header, InspectError> {
    stream.skip(10)?;
    let offset = u64::from(stream.le32()?);
    let info = read_info(stream)?;
    info.check_coding()?;
    let row_bytes = info.row_bytes()?;
    if u64::from(info.image_bytes) > stream.len() {
        return Err(invalid(format!(
            "the BMP declares {} bytes of pixels in a file of {} bytes",
            info.image_bytes,
            stream.len()
        ))
        .into());
    }
    check_size(info.width, info.height, 1)?;
    info.check_data(offset, row_bytes, stream.len())?;
    let has_alpha = info.bits == 32 && (info.compression != RGB || info.header_size >= 56);
    Ok(Header {
        format: SourceFormat::Bmp,
        width: info.width,
        height: info.height,
        frames: 1,
        has_alpha,
        orientation: 1,
    })
}

fn read_info<R: BufRead + Seek>(stream: &mut Stream<'_, R>) -> Result<Info, InspectError> {
    let header_size = stream.le32()?;
    if !HEADER_SIZES.contains(&header_size) {
        return Err(invalid(format!("the BMP header has {header_size} bytes")).into());
    }
    if header_size == 12 {
        let (width, height) = (stream.le16()?, stream.le16()?);
        stream.skip(2)?;
        let bits = stream.le16()?;
        return Ok(Info {
            header_size,
            width: width.into(),
            height: height.into(),
            is_top_down: false,
            bits,
            compression: RGB,
            image_bytes: 0,
            colours: 0,
        });
    }
    let width = i32::from_le_bytes(stream.array()?);
    let height = i32::from_le_bytes(stream.array()?);
    stream.skip(2)?;
    let (bits, compression, image_bytes) = (stream.le16()?, stream.le32()?, stream.le32()?);
    stream.skip(8)?;
    let colours = stream.le32()?;
    let width =
        u32::try_from(width).map_err(|_| invalid(format!("the BMP has a negative width, {width}")))?;
    // A negative height means rows from top to bottom; the smallest one has no positive twin in 32 bits.
    let (height, is_top_down) = (height.unsigned_abs(), height < 0);
    Ok(Info { header_size, width, height, is_top_down, bits, compression, image_bytes, colours })
}

impl Info {
    /// Which bit depths go with which compression.
    fn check_coding(&self) -> Result<(), Rejection> {
        let is_known = match self.compression {
            RGB => matches!(self.bits, 1 | 4 | 8 | 16 | 24 | 32),
            RLE8 => self.bits == 8 && !self.is_top_down,
            RLE4 => self.bits == 4 && !self.is_top_down,
            BIT_FIELDS | ALPHA_BIT_FIELDS => matches!(self.bits, 16 | 32),
            _ => false,
        };
        if !is_known {
            return Err(invalid(format!(
                "the BMP has {} bits per pixel with compression {}",
                self.bits, self.compression
            )));
        }
        if self.bits <= 8 && self.colours > 1 << self.bits {
            return Err(invalid(format!(
                "the BMP declares {} colours for {} bits per pixel",
                self.colours, self.bits
            )));
        }
        Ok(())
    }

    /// Bytes of one uncompressed row, padded to four; a row must fit into the 31 bits that the format
    /// has for sizes.
    fn row_bytes(&self) -> Result<u64, Rejection> {
        let bytes = (u64::from(self.width) * u64::from(self.bits)).div_ceil(32) * 4;
        if bytes > i32::MAX.unsigned_abs().into() {
            return Err(invalid(format!("a row of the BMP is {} pixels wide", self.width)));
        }
        Ok(bytes)
    }

    /// Palette and pixels lie inside the file.
    fn check_data(&self, offset: u64, row_bytes: u64, length: u64) -> Result<(), Rejection> {
        let headers = FILE_HEADER_BYTES + u64::from(self.header_size);
        if offset < headers || offset >= length {
            return Err(invalid(format!("the BMP has its pixels at {offset} of {length} bytes")));
        }
        let is_plain = !matches!(self.compression, RLE8 | RLE4);
        // No overflow: a row has at most 2^31 bytes and there are at most 10,000 rows.
        let end = offset + row_bytes * u64::from(self.height);
        if is_plain && end > length {
            return Err(invalid(format!("the BMP is truncated: its pixels end at {end} of {length} bytes")));
        }
        Ok(())
    }
}
