use std::io::{BufRead, Seek};

use domain::{Rejection, SourceFormat};

use super::{
    APPLICATION, COMMENT, EXTENSION, GRAPHIC_CONTROL, IMAGE, PLAIN_TEXT, TRAILER, colour_table_bytes,
};
use crate::Header;
use crate::error::{InspectError, invalid, unsupported};
use crate::header::{check_frames, check_size};
use crate::stream::Stream;

/// What the walk has seen so far.
struct Walk {
    /// The canvas, grown to hold every frame: that is what libnsgif allocates (RELIABILITY F4).
    width: u32,
    height: u32,
    frames: u32,
    has_alpha: bool,
}

/// Walks every block. A missing trailer is accepted where the last block ended properly, as browsers and
/// libvips do; a block that the file cuts short is not.
pub(crate) fn inspect<R: BufRead + Seek>(stream: &mut Stream<'_, R>) -> Result<Header, InspectError> {
    let mut walk = read_screen(stream)?;
    let mut is_first = true;
    while stream.remaining() > 0 {
        let introducer = stream.u8()?;
        match introducer {
            IMAGE => walk.image(stream)?,
            EXTENSION => walk.extension(stream)?,
            TRAILER => break,
            other => return Err(stray(other, is_first, &walk).into()),
        }
        is_first = false;
    }
    walk.finish().map_err(InspectError::Rejected)
}

fn stray(introducer: u8, is_first: bool, walk: &Walk) -> Rejection {
    // A script that begins with "GIF89a" to pass as an image has neither a canvas nor a block.
    if is_first && (walk.width == 0 || walk.height == 0) {
        return unsupported("the file begins like a GIF but is none");
    }
    invalid(format!("the GIF has an unknown block 0x{introducer:02x}"))
}

fn read_screen<R: BufRead + Seek>(stream: &mut Stream<'_, R>) -> Result<Walk, InspectError> {
    stream.skip(6)?;
    let (width, height) = (u32::from(stream.le16()?), u32::from(stream.le16()?));
    let [packed, _background, _aspect] = stream.array()?;
    stream.skip(colour_table_bytes(packed) as u64)?;
    if width > 0 && height > 0 {
        check_size(width, height, 1)?;
    }
    Ok(Walk { width, height, frames: 0, has_alpha: false })
}

impl Walk {
    fn image<R: BufRead + Seek>(&mut self, stream: &mut Stream<'_, R>) -> Result<(), InspectError> {
        let [left, top, width, height] = [stream.le16()?, stream.le16()?, stream.le16()?, stream.le16()?];
        let packed = stream.u8()?;
        if width == 0 || height == 0 {
            return Err(invalid(format!("a GIF frame is {width}x{height} pixels")).into());
        }
        if self.width == 0 || self.height == 0 {
            check_size(self.width, self.height, 1)?;
        }
        let covers_canvas = u32::from(width) >= self.width && u32::from(height) >= self.height;
        self.has_alpha |= self.frames == 0 && !covers_canvas;
        self.width = self.width.max(u32::from(left).saturating_add(u32::from(width)));
        self.height = self.height.max(u32::from(top).saturating_add(u32::from(height)));
        self.frames = self.frames.saturating_add(1);
        check_size(self.width, self.height, 1)?;
        check_frames(self.frames)?;
        stream.skip(colour_table_bytes(packed) as u64)?;
        let code_size = stream.u8()?;
        if !(1..=11).contains(&code_size) {
            return Err(invalid(format!("a GIF frame has an LZW code size of {code_size}")).into());
        }
        skip_sub_blocks(stream)
    }

    fn extension<R: BufRead + Seek>(&mut self, stream: &mut Stream<'_, R>) -> Result<(), InspectError> {
        match stream.u8()? {
            GRAPHIC_CONTROL => {
                let [size, packed] = stream.array()?;
                if size != 4 {
                    return Err(invalid(format!("a GIF graphic control has {size} bytes, not 4")).into());
                }
                self.has_alpha |= packed & 1 != 0;
                stream.skip(3)?;
                skip_sub_blocks(stream)
            }
            PLAIN_TEXT | APPLICATION | COMMENT => skip_sub_blocks(stream),
            // 89a is the last version: no further label was ever defined.
            other => Err(invalid(format!("the GIF has an unknown extension 0x{other:02x}")).into()),
        }
    }

    fn finish(self) -> Result<Header, Rejection> {
        if self.frames == 0 {
            return Err(invalid("the GIF has no frame"));
        }
        check_size(self.width, self.height, self.frames)?;
        let Self { width, height, frames, has_alpha } = self;
        Ok(Header { format: SourceFormat::Gif, width, height, frames, has_alpha, orientation: 1 })
    }
}

fn skip_sub_blocks<R: BufRead + Seek>(stream: &mut Stream<'_, R>) -> Result<(), InspectError> {
    loop {
        match stream.u8()? {
            0 => return Ok(()),
            size => stream.skip(u64::from(size))?,
        }
    }
}
