//! Further options of a request: what a compression level and a box to fit inside cannot say.

mod formats;
mod frame;
mod numbers;
mod target;

use sha2::{Digest, Sha256};

pub use formats::FormatSet;
pub use frame::{Colour, Fit, Gravity};
pub use numbers::{Quality, Score, TargetBytes};
pub use target::Target;

use crate::{Compression, ErrorCode, OptimizeParams, Rejection, RequestedFormat};
use target::conflict;

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
    /// Whether pixels stay in the colour space of the source's profile, which is put into the result.
    pub keep_icc: bool,
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
        if self.keep_icc {
            text.push_str("icc;");
        }
        if self.formats != default.formats {
            text.push_str(&format!("formats={};", self.formats.bits()));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OutputFormat;

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
            OutputOptions { keep_icc: true, ..default },
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
