//! `POST /api/optimize`: one image in, its smaller twin out.

mod accept;
mod accept_header;
mod errors;
mod exhausted;
mod fields;
mod filename;
mod intake;
mod perform;
mod prefer;
mod respond;
mod shared;
mod site;
mod source;
mod spool;
mod variants;
mod wait;

use std::sync::Arc;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::plan::Dimension;
use tokio::time::Instant;
use web::{ApiCaller, ApiError};

use perform::Visit;
use respond::{JobAccepted, OptimizeResponse};
use shared::SharedBody;
use variants::VariantsResponse;

use crate::app::App;

/// Multipart form of the route, for the documentation.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "describes the form; the parser reads it field by field")]
pub(crate) struct OptimizeForm {
    /// Address of the image; required unless a file is sent.
    #[schema(example = "https://example.com/image.jpg")]
    url: Option<String>,
    /// `true` selects file upload.
    #[schema(default = false)]
    accept_file: Option<bool>,
    /// The file; required if `accept_file=true`.
    #[schema(value_type = Option<String>, format = Binary)]
    image: Option<Vec<u8>>,
    /// `auto`, `low`, `medium` or `max`.
    #[schema(default = "auto", example = "medium")]
    compression: Option<String>,
    /// Greatest width in pixels; the aspect ratio is kept and nothing is enlarged.
    #[schema(minimum = 1, maximum = 8000, example = 1920)]
    width: Option<u32>,
    /// Greatest height in pixels.
    #[schema(minimum = 1, maximum = 8000, example = 1080)]
    height: Option<u32>,
    /// `jpeg`, `png`, `webp`, `gif`, `avif` or `auto`; the source's own format if left out.
    #[schema(example = "webp")]
    format: Option<String>,
    /// Keep EXIF metadata, with the orientation applied.
    #[schema(default = false)]
    keep_exif: Option<bool>,
    /// Keep the colours in the space of the source's profile and put the profile into the result, where the format
    /// can hold one (JPEG, PNG and WebP); otherwise colours become sRGB.
    #[schema(default = false)]
    keep_icc: Option<bool>,
    /// Answer with `data.placeholder`: what a page can show until the image is there.
    #[schema(default = false)]
    placeholder: Option<bool>,
    /// The encoder's own quality instead of a compression level; nothing is measured.
    #[schema(minimum = 1, maximum = 100)]
    quality: Option<u8>,
    /// SSIMULACRA2 score to reach with the fewest bytes, instead of a compression level.
    #[schema(minimum = 1, maximum = 100, example = 80)]
    target_score: Option<f64>,
    /// Largest size of the result in bytes; the best-looking result that fits.
    #[schema(minimum = 100)]
    target_bytes: Option<u64>,
    /// No loss at all: PNG or WebP.
    #[schema(default = false)]
    lossless: Option<bool>,
    /// How the image meets the box: `inside`, `cover`, `contain` or `fill`.
    #[schema(default = "inside", example = "cover")]
    fit: Option<String>,
    /// What stays in view: `centre`, a compass point such as `north`, `attention` or `entropy`.
    #[schema(default = "centre", example = "attention")]
    gravity: Option<String>,
    /// Colour behind `contain` and behind transparency.
    #[schema(example = "#ffffff")]
    background: Option<String>,
    /// Whether a smaller image grows to the box.
    #[schema(default = false)]
    enlarge: Option<bool>,
    /// Several results of one source: a JSON list of objects with any of the fields from `compression` to
    /// `enlarge`; what an object leaves out is taken from the form. Each is one result, and billed as one.
    #[schema(example = r#"[{"width":480},{"width":960},{"width":960,"format":"avif"}]"#)]
    variants: Option<String>,
    /// Save the result to the Storage Library.
    #[schema(default = false)]
    storage_commit: Option<bool>,
    /// Keep the source too; needs `storage_commit=true`.
    #[schema(default = false)]
    keep_original: Option<bool>,
}

/// Optimize an image from an upload or a URL.
///
/// The same bytes with the same parameters in the same account give the same id and `cached: true`.
#[utoipa::path(
    post, path = "/api/optimize", tag = "Optimize", operation_id = "optimizeImage",
    request_body(content((OptimizeForm = "multipart/form-data"), (OptimizeForm = "application/x-www-form-urlencoded"), (OptimizeForm = "application/json"))),
    params(("Prefer" = Option<String>, Header, description = "`respond-async`: 202 with a job once the wait is over; `wait=N`: wait at most N seconds")),
    responses(
        (status = 200, description = "The result; with `variants` a list of results", content((OptimizeResponse = "application/json"), (VariantsResponse = "application/json"))),
        (status = 202, description = "Still running; look at `status_url`", body = JobAccepted),
        (status = 400, description = "Bad request, bad image or bad source", body = web::ErrorBody),
        (status = 401, description = "Missing or invalid API key", body = web::ErrorBody),
        (status = 402, description = "The month's images or bandwidth are used up", body = web::ErrorBody),
        (status = 403, description = "Account or key suspended", body = web::ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = web::ErrorBody),
        (status = 413, description = "File or body too large", body = web::ErrorBody),
        (status = 429, description = "A limit of the address or the key", body = web::ErrorBody),
        (status = 503, description = "Overloaded or a dependency is down", body = web::ErrorBody),
    ),
    security(("api_key" = []), ("bearer" = [])),
)]
pub(crate) async fn optimize(
    request: HttpRequest,
    caller: Result<ApiCaller, ApiError>,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let body = SharedBody::new(payload);
    let outcome = match caller {
        Ok(caller) => run(&request, caller, body.clone(), &app).await,
        Err(error) => Err(error),
    };
    if outcome.is_err() {
        body.drain().await;
    }
    outcome
}

async fn run(
    request: &HttpRequest,
    caller: ApiCaller,
    body: SharedBody,
    app: &App,
) -> Result<HttpResponse, ApiError> {
    let started = Instant::now();
    let largest = caller.limits.get(Dimension::FileBytes).unwrap_or(u64::MAX);
    let intake = intake::read(request, body, &app.upload, largest)
        .await
        .map_err(|error| errors::from_intake(error, app, &caller))?;
    let asked = intake.request.clone();
    let more = u32::try_from(asked.variants.len().saturating_sub(1)).unwrap_or(u32::MAX);
    app.gate.take_more_of_key(&caller, more).await?;
    let source = Arc::new(source::obtain(app, largest, intake).await?);
    let visit = Visit { app, caller, request, source, started };
    if asked.variants.is_empty() {
        let performed = visit.perform(&asked).await?;
        return visit.answer(performed, &asked);
    }
    variants::answer(&visit, &asked).await
}
