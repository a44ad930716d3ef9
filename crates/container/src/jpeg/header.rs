use std::io::{BufRead, Seek};

use domain::limits::MAX_JPEG_SCANS;
use domain::{Rejection, SourceFormat};

use super::marker::{APP1, APP14, EOI, EXIF_PREFIX, SOI, SOS, is_frame, is_standalone};
use crate::cursor::Cursor;
use crate::error::{InspectError, invalid};
use crate::header::check_size;
use crate::stream::Stream;
use crate::{Header, exif};

/// Walks every marker up to the end of image, through the entropy-coded data: a truncated file has no
/// EOI (RELIABILITY T13, T14), and the number of scans bounds the work of a decoder (F7).
pub(crate) fn inspect<R: BufRead + Seek>(stream: &mut Stream<'_, R>) -> Result<Header, InspectError> {
    stream.skip(2)?;
    let mut frame = None;
    let mut orientation = None;
    let mut scans = 0_u32;
    loop {
        let marker = next_marker(stream)?;
        match marker {
            EOI => break,
            SOI => return Err(invalid("a second JPEG starts inside the first").into()),
            _ if is_standalone(marker) => continue,
            _ => {}
        }
        let length = payload_length(stream)?;
        if is_frame(marker) {
            if frame.is_some() {
                return Err(invalid("the JPEG has two frame headers").into());
            }
            frame = Some(read_frame(marker, &stream.vec(length)?)?);
        } else if marker == APP1 && orientation.is_none() {
            let payload = stream.vec(length)?;
            orientation = payload.strip_prefix(EXIF_PREFIX).map(exif::orientation);
        } else if marker == APP14 {
            check_adobe(&stream.vec(length)?)?;
        } else {
            stream.skip(length)?;
        }
        if marker == SOS {
            scans = scans.saturating_add(1);
            check_scans(scans, frame.is_some())?;
        }
    }
    let (width, height) = frame.ok_or_else(|| invalid("the JPEG has no frame header"))?;
    if scans == 0 {
        return Err(invalid("the JPEG has no image data").into());
    }
    Ok(Header {
        format: SourceFormat::Jpeg,
        width,
        height,
        frames: 1,
        has_alpha: false,
        orientation: orientation.unwrap_or(1),
    })
}

/// Goes behind the next marker, over entropy-coded data, fill bytes and stray bytes (which decoders skip
/// too). FF 00 is a data byte of its own.
fn next_marker<R: BufRead + Seek>(stream: &mut Stream<'_, R>) -> Result<u8, InspectError> {
    loop {
        stream.skip_past(0xff)?;
        let mut code = stream.u8()?;
        while code == 0xff {
            code = stream.u8()?;
        }
        if code != 0 {
            return Ok(code);
        }
    }
}

fn payload_length<R: BufRead + Seek>(stream: &mut Stream<'_, R>) -> Result<u64, InspectError> {
    let length = stream.be16()?;
    let payload =
        length.checked_sub(2).ok_or_else(|| invalid(format!("a JPEG segment of length {length}")))?;
    Ok(u64::from(payload))
}

/// Adobe's segment ends with the colour transform: cut short, the colours are anyone's guess.
fn check_adobe(payload: &[u8]) -> Result<(), Rejection> {
    if payload.starts_with(b"Adobe") && payload.len() < 12 {
        return Err(invalid(format!("the JPEG has an Adobe segment of {} bytes, not 12", payload.len())));
    }
    Ok(())
}

fn check_scans(scans: u32, has_frame: bool) -> Result<(), Rejection> {
    if !has_frame {
        return Err(invalid("the JPEG has image data before its frame header"));
    }
    if scans > MAX_JPEG_SCANS {
        return Err(invalid(format!("too many scans: more than {MAX_JPEG_SCANS}")));
    }
    Ok(())
}

/// Width and height of a start of frame, if its kind can be decoded: Huffman-coded baseline, extended
/// sequential or progressive with 8 bits.
fn read_frame(marker: u8, payload: &[u8]) -> Result<(u32, u32), Rejection> {
    let variant = match marker {
        0xc0..=0xc2 => None,
        0xc3 => Some("lossless"),
        0xc9 | 0xca => Some("arithmetic coding"),
        0xcb => Some("lossless with arithmetic coding"),
        _ => Some("hierarchical"),
    };
    let mut cursor = Cursor::new(payload);
    let fields = cursor.u8().zip(cursor.be16()).zip(cursor.be16()).zip(cursor.u8());
    let (((precision, height), width), components) =
        fields.ok_or_else(|| invalid("the JPEG frame header is too short"))?;
    let variant =
        variant.map(str::to_owned).or_else(|| (precision != 8).then(|| format!("{precision} bits")));
    if let Some(variant) = variant {
        return Err(invalid(format!("unsupported JPEG variant: {variant}")));
    }
    if !matches!(components, 1 | 3 | 4) {
        return Err(invalid(format!("the JPEG has {components} components, not 1, 3 or 4")));
    }
    check_size(u32::from(width), u32::from(height), 1)?;
    check_components(cursor.rest(), components)?;
    Ok((u32::from(width), u32::from(height)))
}

/// Three bytes a component: identifier, sampling factors 1..=4, quantisation table.
fn check_components(specs: &[u8], components: u8) -> Result<(), Rejection> {
    if specs.len() != usize::from(components) * 3 {
        return Err(invalid("the JPEG frame header has the wrong length"));
    }
    let sane = |factors: u8| (1..=4).contains(&(factors >> 4)) && (1..=4).contains(&(factors & 15));
    let factors = specs.iter().skip(1).step_by(3);
    if factors.copied().all(sane) { Ok(()) } else { Err(invalid("the JPEG has invalid sampling factors")) }
}
