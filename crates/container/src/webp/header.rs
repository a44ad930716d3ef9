use std::io::{BufRead, Seek};

use domain::{Rejection, SourceFormat};

use super::bitstream::{self, Bitstream, HEAD_BYTES};
use super::{CANVAS_BYTES, FRAME_HEAD_BYTES, HAS_ALPHA, HAS_ANIMATION, u24};
use crate::error::{InspectError, invalid, truncated};
use crate::header::{check_frames, check_size};
use crate::stream::Stream;
use crate::{Header, MAX_EXIF_BYTES, exif};

/// Most chunks of a file, frames included: two for every frame and some to spare.
const MAX_CHUNKS: u32 = 4_096;

/// The canvas of an extended file.
struct Canvas {
    width: u32,
    height: u32,
    flags: u8,
}

/// What the walk has seen so far.
#[derive(Default)]
struct Walk {
    canvas: Option<Canvas>,
    still: Option<Bitstream>,
    frames: u32,
    orientation: Option<u8>,
}

/// Walks every chunk inside the RIFF: canvas, frames and the bitstreams' own sizes must agree.
pub(crate) fn inspect<R: BufRead + Seek>(stream: &mut Stream<'_, R>) -> Result<Header, InspectError> {
    stream.skip(4)?;
    let declared = u64::from(stream.le32()?).saturating_add(8);
    if declared > stream.len() {
        return Err(invalid(format!(
            "the WebP declares {declared} bytes, but the file has {} (truncated)",
            stream.len()
        ))
        .into());
    }
    stream.skip(4)?;
    let mut walk = Walk::default();
    let mut chunks = 0_u32;
    while stream.position().saturating_add(8) <= declared {
        chunks = chunks.saturating_add(1);
        if chunks > MAX_CHUNKS {
            return Err(invalid(format!("the WebP has more than {MAX_CHUNKS} chunks")).into());
        }
        let kind = stream.array::<4>()?;
        let end = chunk_end(stream, declared)?;
        walk.chunk(stream, kind, end)?;
        // Chunks are padded to an even length; the last pad byte may be missing.
        stream.seek(end.saturating_add(end % 2).min(declared))?;
    }
    walk.finish().map_err(InspectError::Rejected)
}

/// Reads a chunk's length; gives where its payload ends, which is not behind `limit`.
fn chunk_end<R: BufRead + Seek>(stream: &mut Stream<'_, R>, limit: u64) -> Result<u64, InspectError> {
    let length = u64::from(stream.le32()?);
    let end = stream.position().saturating_add(length);
    if end > limit {
        return Err(invalid(format!("a WebP chunk declares {length} bytes and leaves its container")).into());
    }
    Ok(end)
}

impl Walk {
    fn chunk<R: BufRead + Seek>(
        &mut self,
        stream: &mut Stream<'_, R>,
        kind: [u8; 4],
        end: u64,
    ) -> Result<(), InspectError> {
        let is_first = self.canvas.is_none() && self.still.is_none();
        if is_first && !matches!(&kind, b"VP8X" | b"VP8 " | b"VP8L") {
            return Err(invalid("the WebP does not begin with image data").into());
        }
        match &kind {
            b"VP8X" if is_first => self.canvas = Some(read_canvas(stream, end)?),
            b"VP8 " | b"VP8L" if self.still.is_none() => {
                self.still = Some(read_bitstream(stream, kind, end)?);
            }
            b"ANMF" => self.frame(stream, end)?,
            b"EXIF" if self.orientation.is_none() => {
                let length = end.saturating_sub(stream.position());
                if length <= MAX_EXIF_BYTES as u64 {
                    self.orientation = Some(exif::orientation(&stream.vec(length)?));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A frame of an animation (section 2.7.1.1): inside the canvas, its bitstream of its own size, every
    /// chunk inside the frame.
    fn frame<R: BufRead + Seek>(&mut self, stream: &mut Stream<'_, R>, end: u64) -> Result<(), InspectError> {
        let canvas =
            self.canvas.as_ref().ok_or_else(|| invalid("a WebP frame stands outside an animation"))?;
        self.frames = self.frames.saturating_add(1);
        check_frames(self.frames)?;
        check_length(stream, end, FRAME_HEAD_BYTES as u64, "frame header")?;
        let [x, y, width, height] = [
            u24(stream.array()?) * 2,
            u24(stream.array()?) * 2,
            u24(stream.array()?) + 1,
            u24(stream.array()?) + 1,
        ];
        stream.skip(4)?;
        if x + width > canvas.width || y + height > canvas.height {
            return Err(invalid(format!(
                "a WebP frame of {width}x{height} at {x},{y} leaves the canvas of {}x{}",
                canvas.width, canvas.height
            ))
            .into());
        }
        let mut has_image = false;
        while stream.position().saturating_add(8) <= end {
            let kind = stream.array::<4>()?;
            let inner = chunk_end(stream, end)?;
            if !has_image && matches!(&kind, b"VP8 " | b"VP8L") {
                agree(&read_bitstream(stream, kind, inner)?, width, height)?;
                has_image = true;
            }
            stream.seek(inner.saturating_add(inner % 2).min(end))?;
        }
        if has_image { Ok(()) } else { Err(invalid("a WebP frame has no image data").into()) }
    }

    fn finish(self) -> Result<Header, Rejection> {
        let Self { canvas, still, frames, orientation } = self;
        let is_animated = canvas.as_ref().is_some_and(|canvas| canvas.flags & HAS_ANIMATION != 0);
        let (width, height, frames, has_alpha) = match (canvas, still) {
            (Some(canvas), _) if is_animated => {
                if frames == 0 {
                    return Err(invalid("the WebP animation has no frame"));
                }
                (canvas.width, canvas.height, frames, canvas.flags & HAS_ALPHA != 0)
            }
            (Some(canvas), Some(still)) => {
                agree(&still, canvas.width, canvas.height)?;
                (still.width, still.height, 1, still.has_alpha || canvas.flags & HAS_ALPHA != 0)
            }
            (None, Some(still)) => (still.width, still.height, 1, still.has_alpha),
            (_, None) => return Err(invalid("the WebP has no image data")),
        };
        check_size(width, height, frames)?;
        let orientation = orientation.unwrap_or(1);
        Ok(Header { format: SourceFormat::WebP, width, height, frames, has_alpha, orientation })
    }
}

fn read_canvas<R: BufRead + Seek>(stream: &mut Stream<'_, R>, end: u64) -> Result<Canvas, InspectError> {
    check_length(stream, end, CANVAS_BYTES as u64, "canvas header")?;
    let [flags, _, _, _] = stream.array()?;
    let (width, height) = (u24(stream.array()?) + 1, u24(stream.array()?) + 1);
    check_size(width, height, 1)?;
    Ok(Canvas { width, height, flags })
}

/// At least `bytes` are left up to `end`.
fn check_length<R: BufRead + Seek>(
    stream: &Stream<'_, R>,
    end: u64,
    bytes: u64,
    name: &str,
) -> Result<(), Rejection> {
    if end.saturating_sub(stream.position()) < bytes {
        return Err(invalid(format!("the WebP {name} is too short")));
    }
    Ok(())
}

fn read_bitstream<R: BufRead + Seek>(
    stream: &mut Stream<'_, R>,
    kind: [u8; 4],
    end: u64,
) -> Result<Bitstream, InspectError> {
    let length = end.checked_sub(stream.position()).ok_or_else(truncated)?;
    let head = stream.vec(length.min(HEAD_BYTES as u64))?;
    let found =
        bitstream::size(kind, &head).ok_or_else(|| invalid("the WebP image data has no valid header"))?;
    check_size(found.width, found.height, 1)?;
    Ok(found)
}

fn agree(found: &Bitstream, width: u32, height: u32) -> Result<(), Rejection> {
    if (found.width, found.height) == (width, height) {
        return Ok(());
    }
    Err(invalid(format!(
        "the WebP declares {width}x{height} pixels, but its data is {}x{}",
        found.width, found.height
    )))
}
