use std::io::{BufRead, Seek};

use domain::{Rejection, SourceFormat};

use super::MAX_BOXES;
use super::av1;
use super::grid::check_grid;
use super::items::{Item, Meta, repeated};
use super::properties::Property;
use crate::Header;
use crate::error::{InspectError, invalid, truncated, unsupported};
use crate::header::check_size;
use crate::stream::Stream;

/// Largest `meta` box in bytes; it holds an ICC profile at most.
const MAX_META_BYTES: u64 = 8 << 20;

/// The file's item box and where its payload begins.
pub(super) struct Items {
    pub(super) meta: Meta,
    start: u64,
}

/// Checks brand, boxes, the primary item and every item that decoding it needs.
pub(crate) fn inspect<R: BufRead + Seek>(stream: &mut Stream<'_, R>) -> Result<Header, InspectError> {
    let items = read_items(stream)?;
    let meta = &items.meta;
    refuse_foreign_codecs(meta)?;
    check_extents(meta, stream.len())?;
    let primary = meta.item(meta.primary).ok_or_else(|| invalid("the AVIF has no primary item"))?;
    let (width, height) = check_item(stream, &items, primary)?;
    let alpha = meta
        .references
        .iter()
        .filter(|reference| reference.kind == *b"auxl" && reference.to.contains(&primary.id))
        .filter_map(|reference| meta.item(reference.from))
        .find(|item| meta.properties.of(item.id).any(|property| property == Property::Alpha));
    if let Some(alpha) = alpha {
        let (alpha_width, alpha_height) = check_item(stream, &items, alpha)?;
        // Decoders scale a smaller one; a larger one would take memory that the image's size does not tell.
        if alpha_width > width || alpha_height > height {
            return Err(invalid(format!(
                "the AVIF's alpha plane is {alpha_width}x{alpha_height} pixels, its image {width}x{height}"
            ))
            .into());
        }
    }
    let (width, height) = turned_size(meta, width, height);
    Ok(Header {
        format: SourceFormat::Avif,
        width,
        height,
        frames: 1,
        has_alpha: alpha.is_some(),
        orientation: 1,
    })
}

/// Walks the top level; every box lies inside the file.
fn read_items<R: BufRead + Seek>(stream: &mut Stream<'_, R>) -> Result<Items, InspectError> {
    let mut items = None;
    let mut boxes = 0_u32;
    while stream.remaining() > 0 {
        boxes = boxes.saturating_add(1);
        if boxes > MAX_BOXES {
            return Err(invalid(format!("the AVIF has more than {MAX_BOXES} boxes")).into());
        }
        let size = stream.be32()?;
        let kind = stream.array::<4>()?;
        let length = match size {
            0 => stream.remaining(),
            1 => u64::from_be_bytes(stream.array()?).checked_sub(16).ok_or_else(truncated)?,
            size => u64::from(size).checked_sub(8).ok_or_else(|| invalid("the AVIF has a box of no size"))?,
        };
        if kind == *b"meta" {
            if items.is_some() {
                return Err(repeated(kind).into());
            }
            if length > MAX_META_BYTES {
                return Err(invalid(format!("the AVIF item box exceeds {MAX_META_BYTES} bytes")).into());
            }
            let start = stream.position();
            items = Some(Items { meta: Meta::parse(&stream.vec(length)?)?, start });
        } else {
            stream.skip(length)?;
        }
    }
    items.ok_or_else(|| invalid("the AVIF has no items (meta box)").into())
}

/// AVIF is AV1: a file with its brand may still carry other codecs (RELIABILITY F6, T24).
fn refuse_foreign_codecs(meta: &Meta) -> Result<(), Rejection> {
    let codec = meta.items.iter().find_map(|item| match &item.kind {
        b"hvc1" | b"hev1" => Some("HEVC (HEIC)"),
        b"lhv1" => Some("layered HEVC"),
        b"vvc1" | b"vvi1" => Some("VVC"),
        b"avc1" => Some("H.264"),
        b"evc1" => Some("EVC"),
        b"jpeg" => Some("JPEG"),
        b"j2k1" => Some("JPEG 2000"),
        b"unci" => Some("uncompressed data"),
        _ => None,
    });
    match codec {
        Some(codec) => Err(unsupported(format!("an AVIF item holds {codec}; only AV1 is supported"))),
        None => Ok(()),
    }
}

fn check_extents(meta: &Meta, file_bytes: u64) -> Result<(), Rejection> {
    let idat_bytes = meta.idat.map_or(0, |(_, length)| length as u64);
    for item in &meta.items {
        let end = if item.is_in_idat { idat_bytes } else { file_bytes };
        let is_inside = |offset: u64, length: u64| offset.saturating_add(length.max(1)) <= end;
        if let Some(extent) = item.extents.iter().find(|extent| !is_inside(extent.offset, extent.length)) {
            return Err(invalid(format!(
                "the AVIF item {} lies at {}, {} bytes, outside of {end} bytes (truncated)",
                item.id, extent.offset, extent.length
            )));
        }
    }
    Ok(())
}

/// Checks an image item that will be decoded, with its tiles; gives its declared size.
fn check_item<R: BufRead + Seek>(
    stream: &mut Stream<'_, R>,
    items: &Items,
    item: &Item,
) -> Result<(u32, u32), InspectError> {
    match &item.kind {
        b"av01" => check_coded(stream, items, item),
        b"grid" => check_grid(stream, items, item),
        other => Err(unsupported(format!(
            "the AVIF's image is of type {}; only av01 and grid are supported",
            String::from_utf8_lossy(other).escape_default()
        ))
        .into()),
    }
}

/// A coded item: the size it declares (`ispe`) and the size of its bitstream must agree, or one of them
/// is a lie about the memory that decoding takes (RELIABILITY T23). Layers may be smaller, not larger.
pub(super) fn check_coded<R: BufRead + Seek>(
    stream: &mut Stream<'_, R>,
    items: &Items,
    item: &Item,
) -> Result<(u32, u32), InspectError> {
    let properties = &items.meta.properties;
    let (width, height) = declared_size(items, item)?;
    if !properties.of(item.id).any(|property| property == Property::Av1Config) {
        return Err(invalid("the AVIF image has no AV1 configuration (av1C)").into());
    }
    let head = read_head(stream, items, item, av1::HEAD_BYTES)?;
    let coded =
        av1::max_frame_size(&head).ok_or_else(|| invalid("the AVIF image has no AV1 sequence header"))?;
    check_size(coded.0, coded.1, 1)?;
    let has_layers = properties.of(item.id).any(|property| property == Property::Layers);
    let agrees = if has_layers { coded.0 <= width && coded.1 <= height } else { coded == (width, height) };
    if !agrees {
        return Err(invalid(format!(
            "the AVIF declares {width}x{height} pixels, but its AV1 data is {}x{}",
            coded.0, coded.1
        ))
        .into());
    }
    Ok((width, height))
}

pub(super) fn declared_size(items: &Items, item: &Item) -> Result<(u32, u32), Rejection> {
    let (width, height) = items
        .meta
        .properties
        .size_of(item.id)
        .ok_or_else(|| invalid("the AVIF image declares no size (ispe)"))?;
    check_size(width, height, 1)?;
    Ok((width, height))
}

/// The first `limit` bytes of an item's data, as far as they are there.
pub(super) fn read_head<R: BufRead + Seek>(
    stream: &mut Stream<'_, R>,
    items: &Items,
    item: &Item,
    limit: u64,
) -> Result<Vec<u8>, InspectError> {
    let (base, end) = match (item.is_in_idat, items.meta.idat) {
        (true, Some((start, length))) => {
            let base = items.start.saturating_add(start as u64);
            (base, base.saturating_add(length as u64))
        }
        _ => (0, stream.len()),
    };
    let mut head = Vec::new();
    for extent in &item.extents {
        let wanted = limit.saturating_sub(head.len() as u64);
        let position = base.saturating_add(extent.offset);
        let rest = end.saturating_sub(position);
        let length = if extent.length == 0 { rest } else { extent.length.min(rest) };
        if wanted == 0 {
            break;
        }
        stream.seek(position)?;
        head.extend_from_slice(&stream.vec(length.min(wanted))?);
    }
    Ok(head)
}

/// The size after the file's own rotation. Its crop (`clap`) is left out: decoders crop what they have decoded
/// as a whole, and the memory for that is what this size admits.
fn turned_size(meta: &Meta, width: u32, height: u32) -> (u32, u32) {
    meta.properties.of(meta.primary).fold((width, height), |(width, height), property| match property {
        Property::Rotation(1 | 3) => (height, width),
        _ => (width, height),
    })
}
