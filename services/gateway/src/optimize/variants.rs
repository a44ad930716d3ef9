//! Several results of one source, made side by side and answered as a list with a ready `srcset`.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::header;
use futures_util::future::join_all;
use serde::Serialize;
use store::StoredResult;
use utoipa::ToSchema;
use web::ApiError;

use super::errors::{self, status_url};
use super::fields::OptimizeRequest;
use super::perform::{Made, Performed, Visit};
use super::prefer::Prefer;
use super::respond::{self, OptimizeResponse};

/// The results of one request, in the order in which they were asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VariantsResponse {
    /// Always true; errors have another body.
    #[schema(example = true)]
    success: bool,
    /// Name of the source file.
    #[schema(example = "example.jpg")]
    original_filename: String,
    /// Size of the source in bytes.
    #[schema(example = 1_048_576)]
    original_size: u64,
    /// One entry for each variant.
    variants: Vec<OptimizeResponse>,
    /// For each media type the value of a `srcset` attribute, the narrowest first.
    #[schema(example = json!({"image/webp": "/api/images/v2-…-w0480-… 480w, /api/images/v2-…-w0960-… 960w"}))]
    srcset: BTreeMap<&'static str, String>,
}

/// Makes every variant. One that is refused refuses the request, naming the variant: what the others made is
/// found again by the next request, at no cost.
pub(crate) async fn answer(visit: &Visit<'_>, asked: &OptimizeRequest) -> Result<HttpResponse, ApiError> {
    let performing = asked.variants.iter().map(|variant| visit.perform(variant));
    let mut done = Vec::new();
    let mut running = Vec::new();
    for (variant, performed) in asked.variants.iter().zip(join_all(performing).await) {
        match performed? {
            Performed::Done(made) => done.push((variant, made)),
            Performed::Running { job, state } => running.push((job, state)),
        }
    }
    let Some((job, state)) = running.first().copied() else {
        return Ok(respond(visit, &done));
    };
    let jobs: Vec<_> = running.iter().map(|(job, _)| status_url(*job)).collect();
    if Prefer::of(visit.request.headers()).respond_async {
        return Ok(respond::accepted(job, state));
    }
    Err(errors::still_running(job, state, visit.app.bus.is_connected()).member("status_urls", jobs))
}

fn respond(visit: &Visit<'_>, done: &[(&OptimizeRequest, Made)]) -> HttpResponse {
    let source = &visit.source;
    let variants = done
        .iter()
        .map(|(asked, made)| respond::body(&made.stored, made.cached, visit.own(asked, made)))
        .collect();
    let body = VariantsResponse {
        success: true,
        original_filename: source.filename.clone(),
        original_size: source.spooled.size,
        variants,
        srcset: srcset(done.iter().map(|(_, made)| made.stored.as_ref())),
    };
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::VARY, "Accept"))
        .json(body)
}

/// A width stands once in a `srcset` (HTML, section 4.8.4.2.1): of two results alike the smaller file.
fn srcset<'a>(results: impl Iterator<Item = &'a StoredResult>) -> BTreeMap<&'static str, String> {
    let mut by_type: BTreeMap<&'static str, BTreeMap<u32, &StoredResult>> = BTreeMap::new();
    for result in results {
        let widths = by_type.entry(result.format.mime_type()).or_default();
        let kept = widths.entry(result.width).or_insert(result);
        if result.byte_size < kept.byte_size {
            *kept = result;
        }
    }
    let line = |widths: BTreeMap<u32, &StoredResult>| {
        let entry =
            |(width, result): (u32, &StoredResult)| format!("/api/images/{} {width}w", result.image_id);
        widths.into_iter().map(entry).collect::<Vec<_>>().join(", ")
    };
    by_type.into_iter().map(|(media, widths)| (media, line(widths))).collect()
}
