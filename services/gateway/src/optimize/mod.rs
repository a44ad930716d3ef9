//! `POST /api/optimize`: one image in, its smaller twin out.

mod accept;
mod accept_header;
mod errors;
mod fields;
mod filename;
mod intake;
mod prefer;
mod respond;
mod shared;
mod source;
mod spool;
mod wait;

use std::time::Duration;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::{ContentTag, ErrorCode, FormatSet, ImageId, Rejection, RequestedFormat};
use store::{Job, StoredResult};
use tokio::time::Instant;
use tracing::Instrument;
use web::{ApiCaller, ApiError};

use accept::Order;
use fields::OptimizeRequest;
use prefer::Prefer;
use respond::Timing;
use respond::{JobAccepted, OptimizeResponse};
use shared::SharedBody;
use source::Source;
use wait::Waited;

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
        (status = 200, description = "The result", body = OptimizeResponse),
        (status = 202, description = "Still running; look at `status_url`", body = JobAccepted),
        (status = 400, description = "Bad request, bad image or bad source", body = web::ErrorBody),
        (status = 401, description = "Missing or invalid API key", body = web::ErrorBody),
        (status = 403, description = "Account suspended", body = web::ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = web::ErrorBody),
        (status = 413, description = "File or body too large", body = web::ErrorBody),
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
    let plan = app.plans.plan(caller.tier);
    let intake = intake::read(request, body, &app.upload, plan.max_file_bytes)
        .await
        .map_err(|error| errors::from_intake(error, plan, &app.upload))?;
    let mut asked = intake.request.clone();
    let negotiated = accept_header::negotiate(request.headers(), asked.format);
    asked.options.formats = negotiated.unwrap_or(FormatSet::ALL);
    let source = source::obtain(app, caller.tier, intake).await?;
    asked.options.check(&asked.params(RequestedFormat::keep(source.header.format)))?;
    let image_id = image_id(app, &caller, &asked, &source);
    if let Some(hit) = cached(app, &caller, &asked, &image_id).await? {
        let timing = Timing { fetch: source.fetched_in, total: started.elapsed(), ..Timing::default() };
        return Ok(respond::result(&hit, true, source.filename, source.src_url, timing));
    }
    work(app, caller, &asked, image_id, source, Prefer::of(request.headers()), started).await
}

fn image_id(app: &App, caller: &ApiCaller, asked: &OptimizeRequest, source: &Source) -> ImageId {
    let params = asked.params(RequestedFormat::keep(source.header.format));
    let tag = ContentTag::of(&app.secret, caller.account_id, source.spooled.sha256);
    ImageId { tag, params, options: asked.options.tag() }
}

/// An earlier result of the same work. It costs no credit; it is recorded, and saved if this request asks so.
async fn cached(
    app: &App,
    caller: &ApiCaller,
    asked: &OptimizeRequest,
    image_id: &ImageId,
) -> Result<Option<StoredResult>, ApiError> {
    let now = app.clock.now();
    let Some(hit) = app.store.live_result(caller.account_id, image_id, now).await? else {
        return Ok(None);
    };
    if asked.storage_commit && (!hit.storage_commit || (asked.keep_original && !hit.keep_original)) {
        app.store.commit_result(image_id, asked.keep_original).await?;
    }
    app.store.record_cache_hit(caller.account_id, Some(caller.key_id), image_id, hit.byte_size, now).await?;
    app.metrics.cached.inc();
    Ok(Some(hit))
}

async fn work(
    app: &App,
    caller: ApiCaller,
    asked: &OptimizeRequest,
    image_id: ImageId,
    source: Source,
    prefer: Prefer,
    started: Instant,
) -> Result<HttpResponse, ApiError> {
    let (filename, src_url, fetched_in) =
        (source.filename.clone(), source.src_url.clone(), source.fetched_in);
    let order = Order {
        caller,
        image_id,
        options: asked.options,
        source,
        storage_commit: asked.storage_commit,
        keep_original: asked.keep_original,
    };
    // A task of its own: a caller that leaves now does not leave half of the work behind.
    let accepting = accept::accept(app.clone(), order).in_current_span();
    let mut admitted = tokio::spawn(accepting).await.map_err(ApiError::internal)??;
    let job = admitted.job;
    let patience = prefer.wait.map_or(app.sync_wait, |wait| wait.min(app.sync_wait));
    match wait::for_end(app, &mut admitted, &image_id, Instant::now() + patience).await? {
        Waited::Ended(ended, result) => {
            let timing = timing_of(&ended, fetched_in);
            let stored = finished(app, *ended, result, &image_id, asked).await?;
            let timing = Timing { total: started.elapsed(), ..timing };
            Ok(respond::result(&stored, false, filename, src_url, timing))
        }
        Waited::Running(state) if prefer.respond_async => Ok(respond::accepted(job, state)),
        Waited::Running(state) => Err(errors::still_running(job, state, app.bus.is_connected())),
    }
}

/// The result of a job that ended, or the error it ended with.
async fn finished(
    app: &App,
    job: Job,
    result: Option<Box<StoredResult>>,
    image_id: &ImageId,
    asked: &OptimizeRequest,
) -> Result<StoredResult, ApiError> {
    if let Some(code) = job.error_code {
        let message = job.error_message.unwrap_or_default();
        return Err(Rejection { code, message, field: job.error_field }.into());
    }
    let stored = *result.ok_or_else(|| {
        ApiError::new(ErrorCode::NotFound, "The result has expired already; send the request again.")
    })?;
    // A request that joined a job of others may ask for more than the job was told.
    if asked.storage_commit && (!stored.storage_commit || (asked.keep_original && !stored.keep_original)) {
        app.store.commit_result(image_id, asked.keep_original).await?;
    }
    Ok(stored)
}

fn timing_of(job: &Job, fetched_in: Duration) -> Timing {
    let part = |name: &str| {
        let millis = job.timings.as_ref().and_then(|timings| timings.get(name)?.as_f64()).unwrap_or(0.0);
        Duration::try_from_secs_f64(millis / 1_000.0).unwrap_or_default()
    };
    Timing {
        fetch: fetched_in + part("fetch_ms"),
        queue: part("queue_ms"),
        codec: part("codec_ms"),
        store: part("store_ms"),
        total: Duration::ZERO,
    }
}
