use actix_web::HttpResponse;
use actix_web::http::header;
use domain::limits::{MAX_INPUT_EDGE, MAX_URL_SOURCE_BYTES};
use domain::{OutputFormat, SourceFormat};
use serde::Serialize;
use utoipa::ToSchema;

/// One output format.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FormatView {
    /// Name for people.
    #[schema(example = "WebP")]
    name: &'static str,
    /// File name extension.
    #[schema(example = "webp")]
    extension: &'static str,
    /// Media type.
    #[schema(example = "image/webp")]
    mime_type: &'static str,
    /// One line about it.
    description: &'static str,
    /// What it can do.
    features: &'static [&'static str],
}

/// Every supported format and the limits of inputs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Formats {
    /// Output formats with their capabilities.
    supported_formats: Vec<FormatView>,
    /// Names of the input formats.
    input_formats: Vec<&'static str>,
    /// Names of the output formats.
    output_formats: Vec<&'static str>,
    /// Largest source.
    #[schema(example = "50MB")]
    max_file_size: String,
    /// Largest input in pixels.
    #[schema(example = "10000x10000")]
    max_dimensions: String,
}

/// List input and output formats.
#[utoipa::path(
    get, path = "/public/formats", tag = "Public", operation_id = "listFormats",
    responses((status = 200, description = "The formats of this build", body = Formats)),
    security(()),
)]
pub(crate) async fn formats() -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "public, max-age=3600")).json(listing())
}

/// Made from the closed lists that the decoders and encoders are written against.
fn listing() -> Formats {
    Formats {
        supported_formats: [
            OutputFormat::WebP,
            OutputFormat::Jpeg,
            OutputFormat::Png,
            OutputFormat::Gif,
            OutputFormat::Avif,
        ]
        .map(view)
        .into(),
        input_formats: SourceFormat::ALL.map(SourceFormat::display_name).into(),
        output_formats: OutputFormat::ALL.map(|format| format.as_source().display_name()).into(),
        max_file_size: format!("{}MB", MAX_URL_SOURCE_BYTES / 1_000_000),
        max_dimensions: format!("{MAX_INPUT_EDGE}x{MAX_INPUT_EDGE}"),
    }
}

fn view(format: OutputFormat) -> FormatView {
    let (description, features): (_, &[_]) = match format {
        OutputFormat::Jpeg => {
            ("Photographs for every device", &["Lossy", "Progressive", "EXIF", "Universal support"])
        }
        OutputFormat::Png => {
            ("Lossless images and graphics", &["Lossless", "Transparency", "EXIF", "Universal support"])
        }
        OutputFormat::WebP => (
            "Modern format with superior compression",
            &["Superior compression", "Lossless/Lossy", "Transparency", "Animation"],
        ),
        OutputFormat::Gif => ("Simple animations", &["256 colors", "Transparency", "Animation"]),
        OutputFormat::Avif => (
            "Smallest photographs at the same quality",
            &["Best compression", "10-bit color", "Transparency"],
        ),
    };
    FormatView {
        name: format.as_source().display_name(),
        extension: match format {
            OutputFormat::Jpeg => "jpeg",
            other => other.extension(),
        },
        mime_type: format.mime_type(),
        description,
        features,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_listing_is_the_published_one() {
        insta::assert_json_snapshot!(super::listing());
    }
}
