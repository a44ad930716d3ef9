//! `POST /api/estimate`: what a set of files would use, before it is sent.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::Rejection;
use domain::credits::CreditKind;
use domain::plan::Dimension;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::ApiError;

use super::figures::Figures;
use super::subject::Subject;
use crate::accounts::input;
use crate::app::App;

/// Most sizes of one request: a batch holds no more files.
const MAX_FILES: usize = 50_000;
/// Room for that many sizes.
const MAX_BODY: u64 = 1_000_000;
/// Results of one file: as many variants as a request may ask for.
const MAX_VARIANTS: u64 = 100;

/// Files that might be sent: their sizes, or how many there are and how large together.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EstimateRequest {
    /// Size of each file in bytes.
    #[serde(default)]
    #[schema(example = json!([314_107, 1_048_576]))]
    sizes: Vec<u64>,
    /// How many files, where their sizes are not known one by one.
    files: Option<u64>,
    /// Their size together in bytes.
    total_bytes: Option<u64>,
    /// Results of each file.
    #[serde(default = "one")]
    #[schema(default = 1, minimum = 1, maximum = 100)]
    variants: u64,
}

const fn one() -> u64 {
    1
}

/// What they would use.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Estimate {
    /// Image credits: one for each result.
    images: u64,
    /// Source bytes: each file once for each result.
    source_bytes: u64,
    /// Whether all of it could be done now.
    fits: bool,
    /// The limits that it does not fit into.
    exceeds: Vec<&'static str>,
    /// Image credits left, those on top included; `null` is no limit.
    images_available: Option<u64>,
    /// Source bytes left; `null` is no limit.
    source_bytes_available: Option<u64>,
    /// Files that are larger than the plan takes, where sizes were given.
    files_too_large: u64,
}

/// Say what files would use, and whether it fits.
#[utoipa::path(
    post, path = "/api/estimate", tag = "Usage", operation_id = "estimate", request_body = EstimateRequest,
    responses(
        (status = 200, description = "What they would use; nothing is reserved", body = Estimate),
        (status = 400, description = "Bad numbers", body = web::ErrorBody),
        (status = 401, description = "No credentials", body = web::ErrorBody),
    ),
    security(("api_key" = []), ("bearer" = []), ("session" = [])),
)]
pub(crate) async fn estimate(
    subject: Subject,
    request: HttpRequest,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let asked: EstimateRequest = input::json_up_to(MAX_BODY, &app, &request, payload).await?;
    check(&asked)?;
    let figures = Figures::read(&app, &subject).await?;
    Ok(HttpResponse::Ok().json(of(&asked, &subject, &figures)))
}

fn check(asked: &EstimateRequest) -> Result<(), Rejection> {
    if asked.sizes.len() > MAX_FILES {
        return Err(Rejection::invalid("sizes", format!("`sizes` may name at most {MAX_FILES} files.")));
    }
    if !asked.sizes.is_empty() && (asked.files.is_some() || asked.total_bytes.is_some()) {
        return Err(Rejection::invalid("sizes", "Send either `sizes`, or `files` and `total_bytes`."));
    }
    if asked.sizes.is_empty() && asked.files.is_none() {
        return Err(Rejection::invalid("sizes", "Send `sizes`, or `files` and `total_bytes`."));
    }
    if !(1..=MAX_VARIANTS).contains(&asked.variants) {
        return Err(Rejection::invalid("variants", format!("`variants` must be from 1 to {MAX_VARIANTS}.")));
    }
    Ok(())
}

fn of(asked: &EstimateRequest, subject: &Subject, figures: &Figures) -> Estimate {
    let files = asked.files.unwrap_or(asked.sizes.len() as u64);
    let bytes = asked
        .total_bytes
        .unwrap_or_else(|| asked.sizes.iter().fold(0, |sum: u64, size| sum.saturating_add(*size)));
    let images = files.saturating_mul(asked.variants);
    let source_bytes = bytes.saturating_mul(asked.variants);
    let too_large =
        asked.sizes.iter().filter(|size| !subject.limits.allows(Dimension::FileBytes, **size)).count() as u64;
    let mut exceeds = Vec::new();
    for (kind, amount) in [(CreditKind::Images, images), (CreditKind::SourceBytes, source_bytes)] {
        if figures.of(kind).reserve(amount).is_none() {
            exceeds.push(kind.dimension().as_str());
        }
    }
    if images > 0 && !figures.of(CreditKind::ResultBytes).has_any() {
        exceeds.push(Dimension::BandwidthBytes.as_str());
    }
    if too_large > 0 {
        exceeds.push(Dimension::FileBytes.as_str());
    }
    Estimate {
        images,
        source_bytes,
        fits: exceeds.is_empty(),
        exceeds,
        images_available: figures.available(CreditKind::Images),
        source_bytes_available: figures.available(CreditKind::SourceBytes),
        files_too_large: too_large,
    }
}
