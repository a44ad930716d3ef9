//! `GET /api/images/{id}/original`: the source of a saved result, as it was sent. Restoring costs nothing.

use actix_web::body::SizedStream;
use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use domain::ImageId;
use futures_util::{StreamExt, TryStreamExt};
use web::ApiError;

use super::conditional::entity_tag;
use super::{CONTENT_SECURITY, attachment};
use crate::app::App;
use crate::usage::Subject;

/// Get back the original of a saved result, for its owner. Neither uses nor returns credits.
#[utoipa::path(
    get, path = "/api/images/{id}/original", tag = "Images", operation_id = "getOriginal",
    params(("id" = String, Path, description = "Image id of a result that was made with keep_original=true")),
    responses(
        (status = 200, description = "The source, byte by byte", content_type = "image/*", body = Vec<u8>),
        (status = 401, description = "No credentials", body = web::ErrorBody),
        (status = 404, description = "Unknown, not yours, or no original was kept", body = web::ErrorBody),
        (status = 503, description = "Storage or database unavailable", body = web::ErrorBody),
    ),
    security(("api_key" = []), ("bearer" = []), ("session" = [])),
)]
pub(crate) async fn original(
    subject: Subject,
    request: HttpRequest,
    id: Path<String>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let id: ImageId = id.parse().map_err(|_| ApiError::not_found())?;
    let kept = app.store.kept_original(subject.account.id, &id).await?;
    let (source, filename) = kept.ok_or_else(ApiError::not_found)?;
    let object = app.blob.get(&source.object_key, None).await.map_err(crate::storage_error)?;
    let bytes = object.into_stream().map_err(std::io::Error::other).boxed();
    let attach = request.query_string().split('&').any(|pair| pair == "download=1");
    Ok(HttpResponse::Ok()
        .content_type(source.format.mime_type())
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header((header::ETAG, entity_tag(&source.sha256)))
        .insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY))
        .insert_header(attachment(attach, filename))
        .body(SizedStream::new(source.byte_size, bytes)))
}
