//! How an image meets its box.

use std::fmt;
use std::str::FromStr;

use crate::named::names;

/// How an image meets the box of `width` × `height`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// Fits inside; the aspect ratio is kept and one edge may be shorter.
    #[default]
    Inside,
    /// Fills the box; what sticks out is cut off.
    Cover,
    /// Fits inside; the rest of the box is background.
    Contain,
    /// Stretched to the box.
    Fill,
}

names!(Fit { Inside = "inside", Cover = "cover", Contain = "contain", Fill = "fill" } "inside, cover, contain or fill");

/// Which part of an image stays when `cover` cuts, and where the image sits in `contain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gravity {
    /// The middle.
    #[default]
    Centre,
    /// The upper edge.
    North,
    /// The upper right corner.
    Northeast,
    /// The right edge.
    East,
    /// The lower right corner.
    Southeast,
    /// The lower edge.
    South,
    /// The lower left corner.
    Southwest,
    /// The left edge.
    West,
    /// The upper left corner.
    Northwest,
    /// What draws the eye: edges, skin, saturated colours.
    Attention,
    /// Where most is going on.
    Entropy,
}

names!(Gravity {
    Centre = "centre", North = "north", Northeast = "northeast", East = "east", Southeast = "southeast",
    South = "south", Southwest = "southwest", West = "west", Northwest = "northwest",
    Attention = "attention", Entropy = "entropy",
} "centre, north, northeast, east, southeast, south, southwest, west, northwest, attention or entropy");

/// An opaque colour: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Colour(pub [u8; 3]);

impl FromStr for Colour {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut rgb = [0; 3];
        hex::decode_to_slice(text.strip_prefix('#').unwrap_or(text), &mut rgb)
            .map(|()| Self(rgb))
            .map_err(|_| format!("must be a colour such as #ffffff, not {text:?}"))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}
