//! `variants`: several results of one request.

use domain::Rejection;
use serde_json::{Map, Value};

use super::{Fields, OptimizeRequest};

/// Most results of one request.
const MAX_VARIANTS: usize = 20;

/// The fields that a variant may give; the others are the request's.
const VARIANT_FIELDS: [&str; 14] = [
    "compression",
    "width",
    "height",
    "format",
    "keep_exif",
    "keep_icc",
    "quality",
    "target_score",
    "target_bytes",
    "lossless",
    "fit",
    "gravity",
    "background",
    "enlarge",
];

impl Fields {
    /// Each variant is a request of its own: the form's fields, with those in their place that it gives.
    pub(super) fn variants(&self, text: &str, has_image: bool) -> Result<Vec<OptimizeRequest>, Rejection> {
        let about = |message: String| Rejection::invalid("variants", message);
        let list: Vec<Map<String, Value>> = serde_json::from_str(text).map_err(|error| {
            about(format!("`variants` must be a JSON list of objects such as [{{\"width\":480}}]: {error}."))
        })?;
        if !(1..=MAX_VARIANTS).contains(&list.len()) {
            return Err(about(format!(
                "`variants` must have 1 to {MAX_VARIANTS} entries, not {}.",
                list.len()
            )));
        }
        let mut requests = Vec::new();
        for (index, variant) in list.into_iter().enumerate() {
            let within = |rejection: Rejection| Rejection {
                message: format!("variants[{index}]: {}", rejection.message),
                ..rejection
            };
            let fields = self.overridden(variant).map_err(within)?;
            requests.push(fields.check(has_image).map_err(within)?);
        }
        Ok(requests)
    }

    fn overridden(&self, variant: Map<String, Value>) -> Result<Self, Rejection> {
        let mut own = Self::default();
        for (name, value) in variant {
            let canonical = Self::canonical(&name)?;
            if !VARIANT_FIELDS.contains(&canonical) {
                let message = format!("`{canonical}` belongs to the request and not to a variant.");
                return Err(Rejection::invalid("variants", message));
            }
            match value {
                Value::Null => {}
                Value::String(text) => own.set(&name, text)?,
                Value::Bool(flag) => own.set(&name, flag.to_string())?,
                Value::Number(number) => own.set(&name, number.to_string())?,
                Value::Array(_) | Value::Object(_) => {
                    let message = format!("`{canonical}` must be text, a number or a boolean.");
                    return Err(Rejection::invalid(canonical, message));
                }
            }
        }
        let inherited = self
            .given
            .iter()
            .filter(|(name, _)| *name != "variants" && !own.given.iter().any(|(given, _)| given == name));
        let given = own.given.iter().chain(inherited).cloned().collect();
        Ok(Self { given })
    }
}

#[cfg(test)]
mod tests {
    use domain::{Edge, RequestedFormat};

    use super::*;

    fn check(pairs: &[(&str, &str)]) -> Result<OptimizeRequest, Rejection> {
        let mut fields = Fields::default();
        for (name, value) in pairs {
            fields.set(name, (*value).to_owned())?;
        }
        fields.check(true)
    }

    #[test]
    fn variants_inherit_what_they_do_not_give() {
        let variants = r#"[{"width":480},{"resize_width":960,"format":"avif","quality":50}]"#;
        let request = check(&[("format", "webp"), ("keep_exif", "true"), ("variants", variants)]).unwrap();
        let [one, two] = request.variants.as_slice() else { panic!("two variants") };
        assert_eq!((one.width, one.format), (Edge::new(480).ok(), Some(RequestedFormat::WebP)));
        assert_eq!((two.width, two.format), (Edge::new(960).ok(), Some(RequestedFormat::Avif)));
        assert!(one.keep_exif && two.keep_exif && one.variants.is_empty());
        for (bad, field) in [
            ("480", "variants"),
            ("[]", "variants"),
            (r#"[{"width":0}]"#, "width"),
            (r#"[{"url":"http://a/b"}]"#, "variants"),
            (r#"[{"width":[1]}]"#, "width"),
            (r#"[{"quality":5,"target_score":70}]"#, "target_score"),
        ] {
            assert_eq!(check(&[("variants", bad)]).unwrap_err().field.as_deref(), Some(field), "{bad}");
        }
    }
}
