use std::collections::HashSet;

use domain::Rejection;

use super::boxes::{Box, children, version_and_flags};
use super::properties::{Properties, read_properties};
use crate::cursor::Cursor;
use crate::error::invalid;

/// Most items of a file: a grid of the largest image has about 1,600 tiles of 256x256 pixels.
const MAX_ITEMS: usize = 4_096;
/// Most extents of all items together; writers use one for each.
const MAX_EXTENTS: usize = 16_384;

/// Boxes of which `meta` has at most one. Readers differ in which of two they take: a file could show its
/// decoder another one than was checked.
const SINGLE: [&[u8; 4]; 6] = [b"pitm", b"iinf", b"iloc", b"iref", b"iprp", b"idat"];

/// Where a part of an item's data lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// Offset in the file, or in `idat` for an item stored there.
    pub(super) offset: u64,
    /// 0 means: to the end.
    pub(super) length: u64,
}

/// One item of the file.
#[derive(Debug, Clone, Default)]
pub(super) struct Item {
    pub(super) id: u32,
    pub(super) kind: [u8; 4],
    /// Where `kind` stands in the payload of `meta`.
    pub(super) kind_position: usize,
    pub(super) is_in_idat: bool,
    pub(super) extents: Vec<Extent>,
}

/// A reference between items: `dimg`, `auxl`, `cdsc`, …
#[derive(Debug, Clone)]
pub(super) struct Reference {
    pub(super) kind: [u8; 4],
    pub(super) from: u32,
    pub(super) to: Vec<u32>,
}

/// What the `meta` box says.
#[derive(Debug, Default)]
pub(super) struct Meta {
    pub(super) primary: u32,
    pub(super) items: Vec<Item>,
    pub(super) references: Vec<Reference>,
    pub(super) properties: Properties,
    /// Where the payload of `idat` lies in the payload of `meta`.
    pub(super) idat: Option<(usize, usize)>,
}

impl Meta {
    /// Parses the payload of a `meta` box.
    pub(super) fn parse(payload: &[u8]) -> Result<Self, Rejection> {
        let mut cursor = Cursor::new(payload);
        version_and_flags(&mut cursor).ok_or_else(|| damaged("meta"))?;
        let mut meta = Self::default();
        let mut locations = None;
        let mut seen = Vec::new();
        for child in children(cursor) {
            let child = child.ok_or_else(|| damaged("meta"))?;
            if SINGLE.contains(&&child.kind) {
                if seen.contains(&child.kind) {
                    return Err(repeated(child.kind));
                }
                seen.push(child.kind);
            }
            let name = String::from_utf8_lossy(&child.kind).into_owned();
            match &child.kind {
                b"pitm" => meta.primary = read_primary(&child).ok_or_else(|| damaged(&name))?,
                b"iinf" => meta.items = read_infos(&child).ok_or_else(|| damaged(&name))?,
                b"iloc" => locations = Some(read_locations(&child).ok_or_else(|| damaged(&name))?),
                b"iref" => meta.references = read_references(&child).ok_or_else(|| damaged(&name))?,
                b"iprp" => meta.properties = read_properties(&child).ok_or_else(|| damaged(&name))?,
                b"idat" => meta.idat = Some((child.start, child.payload.len())),
                _ => {}
            }
        }
        let locations = locations.unwrap_or_default();
        check_identifiers(&meta.items)?;
        check_identifiers(&locations)?;
        for location in locations {
            if let Some(item) = meta.items.iter_mut().find(|item| item.id == location.id) {
                item.is_in_idat = location.is_in_idat;
                item.extents = location.extents;
            }
        }
        Ok(meta)
    }

    pub(super) fn item(&self, id: u32) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }
}

/// A box of which there may be one comes twice.
pub(super) fn repeated(kind: [u8; 4]) -> Rejection {
    invalid(format!("the AVIF has two {} boxes", String::from_utf8_lossy(&kind)))
}

/// Every item is described once and has one place, for the same reason.
fn check_identifiers(items: &[Item]) -> Result<(), Rejection> {
    let mut seen = HashSet::new();
    match items.iter().find(|item| !seen.insert(item.id)) {
        Some(item) => Err(invalid(format!("the AVIF has item {} twice", item.id))),
        None => Ok(()),
    }
}

fn damaged(name: &str) -> Rejection {
    invalid(format!("the AVIF box {name} is damaged"))
}

/// An item identifier: 16 bits in old versions of a box, 32 in new ones.
fn identifier(cursor: &mut Cursor<'_>, is_wide: bool) -> Option<u32> {
    if is_wide { cursor.be32() } else { cursor.be16().map(u32::from) }
}

fn read_primary(parent: &Box<'_>) -> Option<u32> {
    let mut cursor = Cursor::new(parent.payload);
    let (version, _) = version_and_flags(&mut cursor)?;
    identifier(&mut cursor, version > 0)
}

fn read_infos(parent: &Box<'_>) -> Option<Vec<Item>> {
    let mut cursor = Cursor::new(parent.payload);
    let (version, _) = version_and_flags(&mut cursor)?;
    identifier(&mut cursor, version > 0)?;
    let mut items = Vec::new();
    for child in children(cursor) {
        let child = child?;
        let mut cursor = Cursor::new(child.payload);
        let (version, _) = version_and_flags(&mut cursor)?;
        if child.kind != *b"infe" || version < 2 {
            continue;
        }
        let id = identifier(&mut cursor, version > 2)?;
        cursor.be16()?;
        let kind_position = parent.start.checked_add(child.start)?.checked_add(cursor.position())?;
        let kind = cursor.array()?;
        items.push(Item { id, kind, kind_position, ..Item::default() });
        (items.len() <= MAX_ITEMS).then_some(())?;
    }
    Some(items)
}

/// `iloc`, ISO/IEC 14496-12 section 8.11.3. Gives items without a kind.
fn read_locations(parent: &Box<'_>) -> Option<Vec<Item>> {
    let mut cursor = Cursor::new(parent.payload);
    let (version, _) = version_and_flags(&mut cursor)?;
    let [sizes, more] = cursor.array()?;
    let (offset_bytes, length_bytes) = (usize::from(sizes >> 4), usize::from(sizes & 15));
    let base_bytes = usize::from(more >> 4);
    let index_bytes = if version > 0 { usize::from(more & 15) } else { 0 };
    let count = identifier(&mut cursor, version > 1)?;
    let mut items = Vec::new();
    let mut extents_left = MAX_EXTENTS;
    for _ in 0..count {
        let id = identifier(&mut cursor, version > 1)?;
        let method = if version > 0 { cursor.be16()? & 15 } else { 0 };
        let _data_reference = cursor.be16()?;
        let base = cursor.be_sized(base_bytes)?;
        let mut extents = Vec::new();
        for _ in 0..cursor.be16()? {
            cursor.be_sized(index_bytes)?;
            let offset = base.checked_add(cursor.be_sized(offset_bytes)?)?;
            let length = cursor.be_sized(length_bytes)?;
            extents.push(Extent { offset, length });
            extents_left = extents_left.checked_sub(1)?;
        }
        // Method 2, data inside another item, is of no use here and read by few.
        (method < 2).then_some(())?;
        items.push(Item { id, is_in_idat: method == 1, extents, ..Item::default() });
        (items.len() <= MAX_ITEMS).then_some(())?;
    }
    Some(items)
}

fn read_references(parent: &Box<'_>) -> Option<Vec<Reference>> {
    let mut cursor = Cursor::new(parent.payload);
    let (version, _) = version_and_flags(&mut cursor)?;
    let is_wide = version > 0;
    let mut references = Vec::new();
    for child in children(cursor) {
        let child = child?;
        let mut cursor = Cursor::new(child.payload);
        let from = identifier(&mut cursor, is_wide)?;
        let count = cursor.be16()?;
        let to = (0..count).map(|_| identifier(&mut cursor, is_wide)).collect::<Option<Vec<_>>>()?;
        references.push(Reference { kind: child.kind, from, to });
        (references.len() <= MAX_ITEMS).then_some(())?;
    }
    Some(references)
}
