//! The parameters of an optimize request, whichever body they came in.

mod variants;

use domain::{
    Compression, Edge, ErrorCode, OptimizeParams, OutputOptions, Rejection, RequestedFormat, Target,
};

/// Which fields a request gave, as text. A field given twice, under its name or an alias, is refused.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    given: Vec<(&'static str, String)>,
}

/// Canonical name and aliases of every field but the file itself.
const NAMES: [(&str, &[&str]); 20] = [
    ("url", &[]),
    ("accept_file", &[]),
    ("compression", &[]),
    ("width", &["resize_width"]),
    ("height", &["resize_height"]),
    ("format", &["output_format"]),
    ("keep_exif", &[]),
    ("keep_icc", &[]),
    ("placeholder", &[]),
    ("quality", &[]),
    ("target_score", &[]),
    ("target_bytes", &[]),
    ("lossless", &[]),
    ("fit", &[]),
    ("gravity", &[]),
    ("background", &[]),
    ("enlarge", &[]),
    ("variants", &[]),
    ("storage_commit", &[]),
    ("keep_original", &[]),
];

/// Longest value of a field in bytes; the longest that means anything is a URL.
pub(crate) const MAX_VALUE_BYTES: usize = 4_096;

/// Where the image comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Sent in this request.
    Upload,
    /// To be downloaded.
    Url(String),
}

/// A checked request. `format` is what was asked for; without one the source's own format is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OptimizeRequest {
    pub(crate) origin: Origin,
    pub(crate) compression: Compression,
    pub(crate) width: Option<Edge>,
    pub(crate) height: Option<Edge>,
    pub(crate) format: Option<RequestedFormat>,
    pub(crate) keep_exif: bool,
    pub(crate) options: OutputOptions,
    /// Whether the answer says what to show until the image is there.
    pub(crate) placeholder: bool,
    pub(crate) storage_commit: bool,
    pub(crate) keep_original: bool,
    /// Several results in the place of one; none of them has variants of its own.
    pub(crate) variants: Vec<Self>,
}

impl OptimizeRequest {
    /// The parameters of the result; `unnamed` is the format of a request that names none.
    pub(crate) fn params(&self, unnamed: RequestedFormat) -> OptimizeParams {
        OptimizeParams {
            compression: self.compression,
            width: self.width,
            height: self.height,
            format: self.format.unwrap_or(unnamed),
            keep_exif: self.keep_exif,
        }
    }
}

impl Fields {
    /// Takes one field. An empty value counts as not given, as HTML forms send it.
    pub(crate) fn set(&mut self, name: &str, value: String) -> Result<(), Rejection> {
        let canonical = Self::canonical(name)?;
        if value.len() > MAX_VALUE_BYTES {
            return Err(Rejection::invalid(
                canonical,
                format!("`{canonical}` is longer than {MAX_VALUE_BYTES} bytes."),
            ));
        }
        if self.given.iter().any(|(name, _)| *name == canonical) {
            return Err(Rejection::invalid(
                canonical,
                format!("`{canonical}` is given twice; send it once."),
            ));
        }
        self.given.push((canonical, value));
        Ok(())
    }

    /// The field's own name, by its name or an alias.
    pub(crate) fn canonical(name: &str) -> Result<&'static str, Rejection> {
        NAMES
            .iter()
            .find(|(canonical, aliases)| *canonical == name || aliases.contains(&name))
            .map(|(canonical, _)| *canonical)
            .ok_or_else(|| {
                let known: Vec<_> = NAMES.iter().map(|(name, _)| *name).collect();
                let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
                Rejection::invalid(
                    shown.clone(),
                    format!(
                        "`{shown}` is not a field of this request; the fields are image, {}.",
                        known.join(", ")
                    ),
                )
            })
    }

    /// Checks everything together; `has_image` says whether an `image` part came.
    pub(crate) fn check(&self, has_image: bool) -> Result<OptimizeRequest, Rejection> {
        let storage_commit = self.flag("storage_commit")?.unwrap_or(false);
        let keep_original = self.flag("keep_original")?.unwrap_or(false);
        if keep_original && !storage_commit {
            return Err(Rejection::invalid(
                "keep_original",
                "`keep_original=true` needs `storage_commit=true`: originals are kept only beside a saved result.",
            ));
        }
        let request = OptimizeRequest {
            options: self.options()?,
            origin: self.origin(has_image)?,
            compression: self.parsed("compression")?.unwrap_or_default(),
            width: self.parsed("width")?,
            height: self.parsed("height")?,
            format: self.parsed("format")?,
            keep_exif: self.flag("keep_exif")?.unwrap_or(false),
            placeholder: self.flag("placeholder")?.unwrap_or(false),
            storage_commit,
            keep_original,
            variants: Vec::new(),
        };
        if let Some(text) = self.text("variants") {
            let variants = self.variants(text, has_image)?;
            return Ok(OptimizeRequest { variants, ..request });
        }
        // With no format named the source decides, and only the contradictions of a named one are known yet.
        request.options.check(&request.params(RequestedFormat::Auto))?;
        Ok(request)
    }

    fn options(&self) -> Result<OutputOptions, Rejection> {
        let target = Target::one_of(
            self.parsed("quality")?,
            self.parsed("target_score")?,
            self.parsed("target_bytes")?,
            self.flag("lossless")?.unwrap_or(false),
        )?;
        Ok(OutputOptions {
            target,
            fit: self.parsed("fit")?.unwrap_or_default(),
            gravity: self.parsed("gravity")?.unwrap_or_default(),
            background: self.parsed("background")?,
            enlarge: self.flag("enlarge")?.unwrap_or(false),
            keep_icc: self.flag("keep_icc")?.unwrap_or(false),
            ..OutputOptions::default()
        })
    }

    fn origin(&self, has_image: bool) -> Result<Origin, Rejection> {
        let accept_file = self.flag("accept_file")?;
        let conflict =
            |field: &str, message: &str| Err(Rejection::field(ErrorCode::ConflictingOptions, field, message));
        match (self.text("url"), has_image) {
            (Some(_), true) => conflict("url", "Send either `url` or `image`, not both."),
            (Some(_), false) if accept_file == Some(true) => {
                conflict("accept_file", "`accept_file=true` and `url` exclude each other.")
            }
            (None, true) if accept_file == Some(false) => {
                conflict("accept_file", "`accept_file=false` and an `image` exclude each other.")
            }
            (Some(url), false) => Ok(Origin::Url(url.to_owned())),
            (None, true) => Ok(Origin::Upload),
            (None, false) if accept_file == Some(true) => Err(Rejection::invalid(
                "image",
                "`accept_file=true` needs the file in the multipart field `image`.",
            )),
            (None, false) => Err(Rejection::invalid(
                "url",
                "Send the address of an image in `url`, or a file in the multipart field `image` with `accept_file=true`.",
            )),
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        let (_, value) = self.given.iter().find(|(given, _)| *given == name)?;
        (!value.is_empty()).then_some(value.as_str())
    }

    fn parsed<T: std::str::FromStr<Err = String>>(&self, name: &'static str) -> Result<Option<T>, Rejection> {
        self.text(name)
            .map(|text| {
                text.parse().map_err(|problem| Rejection::invalid(name, format!("`{name}` {problem}.")))
            })
            .transpose()
    }

    fn flag(&self, name: &'static str) -> Result<Option<bool>, Rejection> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(Some(true)),
            "false" | "0" | "no" | "off" => Ok(Some(false)),
            _ => Err(Rejection::invalid(name, format!("`{name}` must be true or false."))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pairs: &[(&str, &str)], has_image: bool) -> Result<OptimizeRequest, Rejection> {
        let mut fields = Fields::default();
        for (name, value) in pairs {
            fields.set(name, (*value).to_owned())?;
        }
        fields.check(has_image)
    }

    fn refused_field(pairs: &[(&str, &str)], has_image: bool) -> String {
        check(pairs, has_image).unwrap_err().field.unwrap()
    }

    #[test]
    fn defaults_are_the_documented_ones() {
        let request = check(&[("accept_file", "true")], true).unwrap();
        assert_eq!(request.compression, Compression::Auto);
        assert_eq!((request.width, request.height, request.format), (None, None, None));
        assert!(!request.keep_exif && !request.storage_commit && !request.keep_original);
        assert_eq!(request.origin, Origin::Upload);
    }

    #[test]
    fn one_origin_exactly() {
        assert_eq!(refused_field(&[], false), "url");
        assert_eq!(refused_field(&[("accept_file", "true")], false), "image");
        assert_eq!(refused_field(&[("url", "http://a/b.jpg")], true), "url");
        assert_eq!(
            refused_field(&[("url", "http://a/b.jpg"), ("accept_file", "true")], false),
            "accept_file"
        );
        assert_eq!(refused_field(&[("accept_file", "false")], true), "accept_file");
        assert!(check(&[], true).is_ok());
        assert!(check(&[("url", "http://a/b.jpg"), ("accept_file", "false")], false).is_ok());
    }

    #[test]
    fn every_bad_value_names_its_field() {
        for (name, value) in [
            ("width", "0"),
            ("width", "8001"),
            ("height", "12px"),
            ("height", "1.5"),
            ("format", "heic"),
            ("compression", "extreme"),
            ("keep_exif", "maybe"),
            ("keep_original", "true"),
            ("subscription_tier", "scale"),
            ("quality", "0"),
            ("target_score", "101"),
            ("target_bytes", "many"),
            ("fit", "squeeze"),
            ("gravity", "up"),
            ("gravity", "north"),
            ("background", "red"),
            ("enlarge", "true"),
        ] {
            assert_eq!(refused_field(&[(name, value)], true), name);
        }
    }

    #[test]
    fn contradictions_name_both_fields() {
        for pairs in [
            [("quality", "80"), ("target_score", "80")],
            [("target_bytes", "9000"), ("lossless", "true")],
            [("compression", "low"), ("quality", "80")],
            [("format", "jpeg"), ("lossless", "true")],
        ] {
            let refused = check(&pairs, true).unwrap_err();
            assert_eq!(refused.code, ErrorCode::ConflictingOptions);
            for (name, _) in pairs {
                assert!(refused.message.contains(name), "{}", refused.message);
            }
        }
        let request =
            check(&[("width", "10"), ("height", "20"), ("fit", "cover"), ("gravity", "north")], true);
        assert_eq!(request.unwrap().options.fit, domain::Fit::Cover);
    }

    #[test]
    fn an_alias_and_its_name_are_the_same_field() {
        assert_eq!(refused_field(&[("width", "10"), ("resize_width", "20")], true), "width");
        let request = check(&[("resize_height", "20"), ("output_format", "jpg")], true).unwrap();
        assert_eq!(request.height, Edge::new(20).ok());
        assert_eq!(request.format, Some(RequestedFormat::Jpeg));
    }
}
