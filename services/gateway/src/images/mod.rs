//! `GET` and `HEAD /api/images/:id`: a result, by its capability.

mod conditional;
mod original;
mod same_site;

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentDisposition, DispositionParam, DispositionType};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use domain::{ErrorCode, ImageId};
use futures_util::{StreamExt, TryStreamExt, stream};
use store::StoredResult;
use web::ApiError;

use crate::app::App;
use conditional::{Part, entity_tag};

pub(crate) use original::{__path_original, original};

/// Exactly as published: every use is revalidated, nothing shared keeps it.
const CACHE_CONTROL: &str = "private, no-cache, max-age=0, must-revalidate";
/// An image that is opened in a tab runs nothing, whatever its bytes say.
const CONTENT_SECURITY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox";

/// Download or preview a result. The id is the capability; pages of other sites are refused.
#[utoipa::path(
    get, path = "/api/images/{id}", tag = "Images", operation_id = "getImage",
    params(("id" = String, Path, description = "Image id of an earlier response")),
    responses(
        (status = 200, description = "The image", content_type = "image/*", body = Vec<u8>),
        (status = 206, description = "The requested range"),
        (status = 304, description = "Unchanged since the given ETag"),
        (status = 403, description = "A browser asked from another site", body = web::ErrorBody),
        (status = 404, description = "Unknown or expired", body = web::ErrorBody),
        (status = 416, description = "The range is outside the image"),
        (status = 503, description = "Storage or database unavailable", body = web::ErrorBody),
    ),
    security(()),
)]
pub(crate) async fn get(
    request: HttpRequest,
    id: Path<String>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    if same_site::is_cross_site(request.headers()) {
        return Err(ApiError::new(
            ErrorCode::CrossSiteBlocked,
            "Images of this address cannot be embedded in other sites; download them and serve them yourself.",
        ));
    }
    // A text that is no id needs no look into the database, and gets the same answer as an unknown one.
    let id: ImageId = id.parse().map_err(|_| ApiError::not_found())?;
    let stored = app.store.image(&id.to_string(), app.clock.now()).await?.ok_or_else(ApiError::not_found)?;
    let tag = entity_tag(&stored.sha256);
    match conditional::part(request.headers(), &tag, stored.byte_size) {
        Part::NotModified => Ok(common(StatusCode::NOT_MODIFIED, &stored, &tag).finish()),
        Part::Unsatisfiable => Ok(common(StatusCode::RANGE_NOT_SATISFIABLE, &stored, &tag)
            .insert_header((header::CONTENT_RANGE, format!("bytes */{}", stored.byte_size)))
            .finish()),
        Part::Whole => send(&request, &app, &stored, &tag, None).await,
        Part::Range { first, last } => send(&request, &app, &stored, &tag, Some((first, last))).await,
    }
}

fn common(status: StatusCode, stored: &StoredResult, tag: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response
        .insert_header((header::CACHE_CONTROL, CACHE_CONTROL))
        .insert_header((header::ETAG, tag))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((
            header::LAST_MODIFIED,
            header::HttpDate::from(std::time::SystemTime::from(stored.processed_at)).to_string(),
        ))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY))
        .insert_header(("Cross-Origin-Resource-Policy", "same-site"));
    response
}

async fn send(
    request: &HttpRequest,
    app: &App,
    stored: &StoredResult,
    tag: &str,
    range: Option<(u64, u64)>,
) -> Result<HttpResponse, ApiError> {
    let (status, length) = match range {
        None => (StatusCode::OK, stored.byte_size),
        Some((first, last)) => (StatusCode::PARTIAL_CONTENT, last - first + 1),
    };
    let mut response = common(status, stored, tag);
    response.content_type(stored.format.mime_type()).insert_header(disposition(request, stored));
    if let Some((first, last)) = range {
        let range = format!("bytes {first}-{last}/{}", stored.byte_size);
        response.insert_header((header::CONTENT_RANGE, range));
    }
    if request.method() == actix_web::http::Method::HEAD {
        let nothing = stream::empty::<Result<bytes::Bytes, std::io::Error>>();
        return Ok(response.body(SizedStream::new(length, nothing)));
    }
    let wanted = range.map(|(first, last)| first..last + 1);
    let object = app.blob.get(&stored.object_key, wanted).await.map_err(crate::storage_error)?;
    let bytes = object.into_stream().map_err(std::io::Error::other).boxed();
    Ok(response.body(SizedStream::new(length, bytes)))
}

/// `inline` with the source's name and the result's extension; `?download=1` asks for an attachment.
fn disposition(request: &HttpRequest, stored: &StoredResult) -> ContentDisposition {
    let stem =
        stored.original_filename.rsplit_once('.').map_or(stored.original_filename.as_str(), |(stem, _)| stem);
    let name = format!("{stem}.{}", stored.format.extension());
    attachment(request.query_string().split('&').any(|pair| pair == "download=1"), name)
}

/// A name for the bytes, in ASCII and in full.
fn attachment(attach: bool, name: String) -> ContentDisposition {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%' | ';') { c } else { '_' })
        .collect();
    let extended = header::ExtendedValue {
        charset: header::Charset::Ext("UTF-8".to_owned()),
        language_tag: None,
        value: name.into_bytes(),
    };
    ContentDisposition {
        disposition: if attach { DispositionType::Attachment } else { DispositionType::Inline },
        parameters: vec![DispositionParam::Filename(plain), DispositionParam::FilenameExt(extended)],
    }
}
