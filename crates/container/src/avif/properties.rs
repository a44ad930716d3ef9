use super::boxes::{Box, children, version_and_flags};
use crate::cursor::Cursor;

/// Most associations of items with properties: four for each of 4,096 items.
const MAX_ASSOCIATIONS: usize = 16_384;

/// A property that matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Property {
    /// `ispe`: width and height in pixels.
    Size(u32, u32),
    /// `irot`: quarter turns, 0..=3.
    Rotation(u8),
    /// `auxC` of an alpha plane.
    Alpha,
    /// `av1C`.
    Av1Config,
    /// `a1lx` or `lsel`: the item holds layers, whose size may differ from its own.
    Layers,
    /// Anything else.
    Other,
}

/// `ipco` and `ipma`: the properties and which item has which.
#[derive(Debug, Default)]
pub(super) struct Properties {
    list: Vec<Property>,
    /// Item and index into `list`, which counts from 1; ordered by item.
    associations: Vec<(u32, usize)>,
}

impl Properties {
    /// The properties of an item.
    pub(super) fn of(&self, item: u32) -> impl Iterator<Item = Property> {
        let first = self.associations.partition_point(|(id, _)| *id < item);
        self.associations
            .iter()
            .skip(first)
            .take_while(move |(id, _)| *id == item)
            .filter_map(|(_, index)| self.list.get(index.checked_sub(1)?).copied())
    }

    /// Width and height of an item.
    pub(super) fn size_of(&self, item: u32) -> Option<(u32, u32)> {
        self.of(item).find_map(|property| match property {
            Property::Size(width, height) => Some((width, height)),
            _ => None,
        })
    }
}

pub(super) fn read_properties(parent: &Box<'_>) -> Option<Properties> {
    let mut properties = Properties::default();
    let mut has_list = false;
    for child in children(Cursor::new(parent.payload)) {
        let child = child?;
        match &child.kind {
            b"ipco" => {
                // A second list would shift the indices for some readers and not for others.
                (!std::mem::replace(&mut has_list, true)).then_some(())?;
                for property in children(Cursor::new(child.payload)) {
                    properties.list.push(read_property(&property?)?);
                }
            }
            b"ipma" => read_associations(&child, &mut properties.associations)?,
            _ => {}
        }
    }
    // Stable: an item's transformations apply in the order of their associations.
    properties.associations.sort_by_key(|(item, _)| *item);
    Some(properties)
}

fn read_property(found: &Box<'_>) -> Option<Property> {
    let mut cursor = Cursor::new(found.payload);
    Some(match &found.kind {
        b"ispe" => {
            version_and_flags(&mut cursor)?;
            Property::Size(cursor.be32()?, cursor.be32()?)
        }
        b"irot" => Property::Rotation(cursor.u8()? & 3),
        b"auxC" => {
            version_and_flags(&mut cursor)?;
            let is_alpha = cursor.rest().starts_with(b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")
                || cursor.rest().starts_with(b"urn:mpeg:hevc:2015:auxid:1\0");
            if is_alpha { Property::Alpha } else { Property::Other }
        }
        b"av1C" => Property::Av1Config,
        b"a1lx" | b"lsel" => Property::Layers,
        _ => Property::Other,
    })
}

/// `ipma`, ISO/IEC 23008-12 section 9.3.2: indices of 7 or 15 bits behind an "essential" bit.
fn read_associations(found: &Box<'_>, out: &mut Vec<(u32, usize)>) -> Option<()> {
    let mut cursor = Cursor::new(found.payload);
    let (version, flags) = version_and_flags(&mut cursor)?;
    for _ in 0..cursor.be32()? {
        let item = if version > 0 { cursor.be32()? } else { u32::from(cursor.be16()?) };
        for _ in 0..cursor.u8()? {
            let index = if flags & 1 != 0 { cursor.be16()? & 0x7fff } else { u16::from(cursor.u8()? & 0x7f) };
            out.push((item, usize::from(index)));
        }
        (out.len() <= MAX_ASSOCIATIONS).then_some(())?;
    }
    Some(())
}
