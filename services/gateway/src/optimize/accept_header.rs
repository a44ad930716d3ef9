//! Which formats the client can show, from its `Accept` header (RFC 9110, section 12.5.1).

use actix_web::http::header::{ACCEPT, HeaderMap};
use domain::{FormatSet, OutputFormat, RequestedFormat};

/// The formats that `auto` may choose from; none where the header says nothing about images, or where the
/// request does not leave the choice to us. Every client can show JPEG, PNG and GIF.
pub(crate) fn negotiate(headers: &HeaderMap, requested: Option<RequestedFormat>) -> Option<FormatSet> {
    if requested != Some(RequestedFormat::Auto) {
        return None;
    }
    let ranges: Vec<_> =
        headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok()).flat_map(ranges).collect();
    // `*/*` is what programs send that have no wishes; `image/*` alone says no more about new formats.
    let names_images = ranges.iter().any(|range| range.starts_with("image/") && range != "image/*");
    if !names_images {
        return None;
    }
    let named = |format: OutputFormat| ranges.iter().any(|range| range == format.mime_type());
    Some(FormatSet::of(OutputFormat::ALL.into_iter().filter(|format| match format {
        OutputFormat::Jpeg | OutputFormat::Png | OutputFormat::Gif => true,
        OutputFormat::WebP | OutputFormat::Avif => named(*format),
    })))
}

/// Media ranges in lower case without parameters; those with a weight of 0 are refused ones.
fn ranges(value: &str) -> impl Iterator<Item = String> + '_ {
    value.split(',').filter_map(|part| {
        let mut pieces = part.split(';').map(str::trim);
        let range = pieces.next()?.to_ascii_lowercase();
        let refused = pieces.any(|parameter| {
            parameter
                .split_once('=')
                .is_some_and(|(name, weight)| name.trim() == "q" && weight.trim().parse::<f32>() == Ok(0.0))
        });
        (!refused && !range.is_empty()).then_some(range)
    })
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn formats(accept: &'static str, requested: RequestedFormat) -> Option<FormatSet> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        negotiate(&headers, Some(requested))
    }

    #[test]
    fn browsers_get_what_they_can_show() {
        let chrome = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8";
        assert_eq!(formats(chrome, RequestedFormat::Auto), Some(FormatSet::ALL));
        let older = formats("image/webp,*/*", RequestedFormat::Auto).unwrap();
        assert!(older.contains(OutputFormat::WebP) && !older.contains(OutputFormat::Avif));
        let oldest = formats("image/png, image/jpeg;q=0.8", RequestedFormat::Auto).unwrap();
        assert!(!oldest.contains(OutputFormat::WebP) && oldest.contains(OutputFormat::Jpeg));
        let refusing = formats("image/webp;q=0, image/avif", RequestedFormat::Auto).unwrap();
        assert!(!refusing.contains(OutputFormat::WebP) && refusing.contains(OutputFormat::Avif));
    }

    #[test]
    fn no_wish_and_a_named_format_leave_the_choice_alone() {
        for accept in ["*/*", "image/*", "application/json, */*", "text/html;q=1"] {
            assert_eq!(formats(accept, RequestedFormat::Auto), None, "{accept}");
        }
        assert_eq!(formats("image/webp", RequestedFormat::Jpeg), None);
        assert_eq!(negotiate(&HeaderMap::new(), None), None);
    }
}
