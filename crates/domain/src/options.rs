//! Further options of a request: what a compression level and a box to fit inside cannot say.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::{Compression, ErrorCode, OptimizeParams, OutputFormat, Rejection, RequestedFormat};

/// A SSIMULACRA2 score in tenths: 100 is identical, 90 visually lossless side by side, 80 hard to tell apart,
/// 70 good web quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Score(u16);

impl Score {
    /// A whole score, 1–100; anything above counts as 100.
    #[must_use]
    pub const fn whole(score: u8) -> Self {
        let score = if score > 100 { 100 } else { score };
        Self(score as u16 * 10)
    }

    /// The score, 1.0–100.0.
    #[must_use]
    pub fn value(self) -> f64 {
        f64::from(self.0) / 10.0
    }
}

impl TryFrom<f64> for Score {
    type Error = String;

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before the cast")]
    fn try_from(score: f64) -> Result<Self, Self::Error> {
        if (1.0..=100.0).contains(&score) {
            Ok(Self((score * 10.0).round() as u16))
        } else {
            Err(format!("must be a score from 1 to 100, not {score}"))
        }
    }
}

impl From<Score> for f64 {
    fn from(score: Score) -> Self {
        score.value()
    }
}

impl FromStr for Score {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = text.len() <= 6 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        match text.parse::<f64>() {
            Ok(score) if plain => Self::try_from(score),
            _ => Err(format!("must be a score from 1 to 100, not {text:?}")),
        }
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.value())
    }
}

/// An encoder's own quality, 1–100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Quality(u8);

impl Quality {
    /// The quality.
    #[must_use]
    pub const fn value(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Quality {
    type Error = String;

    fn try_from(quality: u8) -> Result<Self, Self::Error> {
        if (1..=100).contains(&quality) {
            Ok(Self(quality))
        } else {
            Err(format!("must be a whole number from 1 to 100, not {quality}"))
        }
    }
}

impl From<Quality> for u8 {
    fn from(quality: Quality) -> Self {
        quality.0
    }
}

impl FromStr for Quality {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || format!("must be a whole number from 1 to 100, not {text:?}");
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u8>()
            .ok()
            .filter(|_| plain)
            .and_then(|quality| Self::try_from(quality).ok())
            .ok_or_else(refused)
    }
}

/// A size of a result in bytes, 100 and more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct TargetBytes(u64);

impl TargetBytes {
    /// The size in bytes.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for TargetBytes {
    type Error = String;

    fn try_from(bytes: u64) -> Result<Self, Self::Error> {
        if (100..=1_000_000_000).contains(&bytes) {
            Ok(Self(bytes))
        } else {
            Err(format!("must be a number of bytes from 100 to 1000000000, not {bytes}"))
        }
    }
}

impl From<TargetBytes> for u64 {
    fn from(bytes: TargetBytes) -> Self {
        bytes.0
    }
}

impl FromStr for TargetBytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u64>() {
            Ok(bytes) if plain => Self::try_from(bytes),
            _ => Err(format!("must be a number of bytes from 100 to 1000000000, not {text:?}")),
        }
    }
}

/// What decides how much is lost, in the place of a compression level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The encoder's own quality: encoded once, nothing is measured.
    Quality(Quality),
    /// The smallest result with this score.
    Score(Score),
    /// The best result that is no larger.
    Bytes(TargetBytes),
    /// No loss at all.
    Lossless,
}

macro_rules! named {
    ($name:ident { $($variant:ident = $text:literal),+ $(,)? } $wanted:literal) => {
        impl $name {
            /// Every value.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Lower-case name, as in requests.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|value| value.as_str() == text)
                    .ok_or_else(|| format!(concat!("must be ", $wanted, ", not {:?}"), text))
            }
        }
    };
}

impl Target {
    /// The one target among the fields of a request.
    ///
    /// # Errors
    /// `conflicting_options`, naming two that were given.
    pub fn one_of(
        quality: Option<Quality>,
        score: Option<Score>,
        bytes: Option<TargetBytes>,
        lossless: bool,
    ) -> Result<Option<Self>, Rejection> {
        let given = [
            quality.map(|quality| ("quality", Self::Quality(quality))),
            score.map(|score| ("target_score", Self::Score(score))),
            bytes.map(|bytes| ("target_bytes", Self::Bytes(bytes))),
            lossless.then_some(("lossless", Self::Lossless)),
        ];
        let mut given = given.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some((one, _)), Some((other, _))) => Err(conflict(one, other)),
            (first, _) => Ok(first.map(|(_, target)| target)),
        }
    }

    /// The field that asks for it.
    const fn field(self) -> &'static str {
        match self {
            Self::Quality(_) => "quality",
            Self::Score(_) => "target_score",
            Self::Bytes(_) => "target_bytes",
            Self::Lossless => "lossless",
        }
    }
}

fn conflict(one: &str, other: &str) -> Rejection {
    let message = format!("`{one}` and `{other}` exclude each other; send one of them.");
    Rejection::field(ErrorCode::ConflictingOptions, other, message)
}

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

named!(Fit { Inside = "inside", Cover = "cover", Contain = "contain", Fill = "fill" } "inside, cover, contain or fill");

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

named!(Gravity {
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

/// A set of output formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct FormatSet(u8);

impl FormatSet {
    /// Every format.
    pub const ALL: Self = Self(0b1_1111);

    /// The set of these formats.
    pub fn of(formats: impl IntoIterator<Item = OutputFormat>) -> Self {
        Self(formats.into_iter().fold(0, |set, format| set | Self::bit(format)))
    }

    /// Whether `format` is in it.
    #[must_use]
    pub const fn contains(self, format: OutputFormat) -> bool {
        self.0 & Self::bit(format) != 0
    }

    const fn bit(format: OutputFormat) -> u8 {
        match format {
            OutputFormat::Jpeg => 1,
            OutputFormat::Png => 2,
            OutputFormat::WebP => 4,
            OutputFormat::Gif => 8,
            OutputFormat::Avif => 16,
        }
    }
}

impl Default for FormatSet {
    fn default() -> Self {
        Self::ALL
    }
}

/// Everything beyond [`crate::OptimizeParams`] that decides the bytes of a result. The default asks for
/// nothing, and adds nothing to the image id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct OutputOptions {
    /// In the place of a compression level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// How the image meets the box.
    pub fit: Fit,
    /// What stays in view.
    pub gravity: Gravity,
    /// Behind `contain`, and behind transparency where the format has none; white if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<Colour>,
    /// Whether an image smaller than the box grows.
    pub enlarge: bool,
    /// The formats that `auto` may choose from.
    pub formats: FormatSet,
}

/// A fingerprint of [`OutputOptions`] in an image id: 32 bits of SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OptionsTag(pub(crate) [u8; 4]);

impl OutputOptions {
    /// The fingerprint; none for the default.
    #[must_use]
    pub fn tag(&self) -> Option<OptionsTag> {
        if *self == Self::default() {
            return None;
        }
        let digest = Sha256::digest(self.canonical());
        Some(OptionsTag([digest[0], digest[1], digest[2], digest[3]]))
    }

    /// Refuses options that contradict each other or the rest of the request.
    ///
    /// # Errors
    /// `conflicting_options` or `invalid_request`, naming the fields.
    pub fn check(&self, params: &OptimizeParams) -> Result<(), Rejection> {
        if let Some(target) = self.target {
            if params.compression != Compression::Auto {
                return Err(conflict("compression", target.field()));
            }
            let lossy_only =
                matches!(params.format, RequestedFormat::Jpeg | RequestedFormat::Gif | RequestedFormat::Avif);
            if target == Target::Lossless && lossy_only {
                let message = format!(
                    "`lossless` and `format={}` exclude each other; lossless results are PNG or WebP.",
                    params.format
                );
                return Err(Rejection::field(ErrorCode::ConflictingOptions, "lossless", message));
            }
        }
        let needs_both = self.fit != Fit::Inside;
        for (name, edge) in [("width", params.width), ("height", params.height)] {
            if needs_both && edge.is_none() {
                let message = format!("`fit={}` needs `width` and `height`.", self.fit);
                return Err(Rejection::invalid(name, message));
            }
        }
        if self.gravity != Gravity::Centre && !matches!(self.fit, Fit::Cover | Fit::Contain) {
            let message = format!("`gravity={}` needs `fit=cover` or `fit=contain`.", self.gravity);
            return Err(Rejection::invalid("gravity", message));
        }
        if matches!(self.gravity, Gravity::Attention | Gravity::Entropy) && self.fit == Fit::Contain {
            let message = format!("`gravity={}` needs `fit=cover`.", self.gravity);
            return Err(Rejection::invalid("gravity", message));
        }
        if self.enlarge && params.width.is_none() && params.height.is_none() {
            return Err(Rejection::invalid("enlarge", "`enlarge=true` needs `width` or `height`."));
        }
        Ok(())
    }

    /// What is hashed. Every option that is not at its default adds a part; an option to come must not
    /// change the text of those who do not use it, or every result would be made anew.
    fn canonical(&self) -> String {
        let default = Self::default();
        let mut text = String::new();
        match self.target {
            None => {}
            Some(Target::Quality(quality)) => text.push_str(&format!("quality={};", quality.value())),
            Some(Target::Score(score)) => text.push_str(&format!("score={score};")),
            Some(Target::Bytes(bytes)) => text.push_str(&format!("bytes={};", bytes.value())),
            Some(Target::Lossless) => text.push_str("lossless;"),
        }
        if self.fit != default.fit {
            text.push_str(&format!("fit={};", self.fit));
        }
        if self.gravity != default.gravity {
            text.push_str(&format!("gravity={};", self.gravity));
        }
        if let Some(background) = self.background {
            text.push_str(&format!("background={background};"));
        }
        if self.enlarge {
            text.push_str("enlarge;");
        }
        if self.formats != default.formats {
            text.push_str(&format!("formats={};", self.formats.0));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_plain_and_in_range() {
        assert_eq!("80".parse::<Score>().unwrap().value(), 80.0);
        assert_eq!("78.55".parse::<Score>().unwrap().to_string(), "78.6");
        for bad in ["0", "100.1", "-5", "1e1", "", "NaN", "inf"] {
            assert!(bad.parse::<Score>().is_err(), "{bad}");
        }
        assert_eq!("100".parse::<Quality>().unwrap().value(), 100);
        for bad in ["0", "101", "+5", "80.5", ""] {
            assert!(bad.parse::<Quality>().is_err(), "{bad}");
        }
        assert_eq!("5000".parse::<TargetBytes>().unwrap().value(), 5_000);
        for bad in ["99", "-1", "5k", "99999999999"] {
            assert!(bad.parse::<TargetBytes>().is_err(), "{bad}");
        }
        assert_eq!("#FFcc00".parse::<Colour>().unwrap(), Colour([255, 204, 0]));
        assert!("red".parse::<Colour>().is_err());
    }

    #[test]
    fn the_default_adds_nothing_to_the_id_and_every_option_something_of_its_own() {
        let default = OutputOptions::default();
        assert_eq!(default.tag(), None);
        let all = [
            OutputOptions { target: Some(Target::Lossless), ..default },
            OutputOptions { target: "80".parse().ok().map(Target::Quality), ..default },
            OutputOptions { target: "80".parse().ok().map(Target::Score), ..default },
            OutputOptions { target: "800".parse().ok().map(Target::Bytes), ..default },
            OutputOptions { fit: Fit::Cover, ..default },
            OutputOptions { gravity: Gravity::Attention, ..default },
            OutputOptions { background: Some(Colour([255; 3])), ..default },
            OutputOptions { enlarge: true, ..default },
            OutputOptions { formats: FormatSet::of([OutputFormat::Jpeg]), ..default },
        ];
        let tags: std::collections::HashSet<_> = all.iter().map(|options| options.tag().unwrap()).collect();
        assert_eq!(tags.len(), all.len());
        // Pinned: ids that are out in the world must not change their meaning.
        assert_eq!(all[4].canonical(), "fit=cover;");
    }

    #[test]
    fn contradictions_name_both_fields() {
        let quality = "80".parse().ok();
        let bytes = "800".parse().ok();
        assert_eq!(Target::one_of(quality, None, None, false), Ok(quality.map(Target::Quality)));
        let refused = Target::one_of(quality, None, bytes, false).unwrap_err();
        assert_eq!(refused.code, ErrorCode::ConflictingOptions);
        assert!(refused.message.contains("`quality`") && refused.message.contains("`target_bytes`"));
        assert!(Target::one_of(None, None, bytes, true).is_err());

        let params = OptimizeParams {
            compression: Compression::Auto,
            width: None,
            height: None,
            format: RequestedFormat::Jpeg,
            keep_exif: false,
        };
        let default = OutputOptions::default();
        let field = |options: OutputOptions, params| options.check(&params).unwrap_err().field.unwrap();
        assert_eq!(default.check(&params), Ok(()));
        let lossless = OutputOptions { target: Some(Target::Lossless), ..default };
        assert_eq!(field(lossless, params), "lossless");
        assert_eq!(lossless.check(&OptimizeParams { format: RequestedFormat::WebP, ..params }), Ok(()));
        let level = OptimizeParams { compression: Compression::Low, ..params };
        assert_eq!(
            field(OutputOptions { target: quality.map(Target::Quality), ..default }, level),
            "quality"
        );
        assert_eq!(field(OutputOptions { fit: Fit::Cover, ..default }, params), "width");
        assert_eq!(field(OutputOptions { gravity: Gravity::North, ..default }, params), "gravity");
        assert_eq!(field(OutputOptions { enlarge: true, ..default }, params), "enlarge");
    }

    #[test]
    fn options_survive_the_database() {
        let options = OutputOptions {
            target: "78.5".parse().ok().map(Target::Score),
            fit: Fit::Contain,
            background: Some(Colour([1, 2, 3])),
            ..OutputOptions::default()
        };
        let json = serde_json::to_value(options).unwrap();
        assert_eq!(serde_json::from_value::<OutputOptions>(json).unwrap(), options);
        let empty = serde_json::from_value::<OutputOptions>(serde_json::json!({})).unwrap();
        assert_eq!(empty, OutputOptions::default());
    }
}
