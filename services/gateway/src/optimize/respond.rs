//! The response of the optimize route.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use domain::JobId;
use serde::Serialize;
use store::StoredResult;
use utoipa::ToSchema;

use super::errors::status_url;

/// The result of one optimization.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OptimizeResponse {
    /// Always true; errors have another body.
    #[schema(example = true)]
    pub success: bool,
    /// Whether an earlier identical request had made this result.
    #[schema(example = false)]
    pub cached: bool,
    /// Name of the source file.
    #[schema(example = "example.jpg")]
    pub original_filename: String,
    /// Size of the source in bytes.
    #[schema(example = 1_048_576)]
    pub original_size: u64,
    /// Size of the result in bytes.
    #[schema(example = 524_288)]
    pub optimized_size: u64,
    /// Saved share as text with one decimal.
    #[schema(example = "50.0% saved")]
    pub compression_ratio: String,
    /// Saved share in whole percent.
    #[schema(example = 50)]
    pub percent: i64,
    /// Only where the result was to be saved and was not: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_commit: Option<CommitRefusal>,
    /// The result itself.
    pub data: ResultData,
}

/// The optimized image.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResultData {
    /// Identity and capability: who knows it may read the image.
    #[schema(example = "v2-00112233445566778899aabbccddeeff-cmax-w1920-h1080-jpeg-exiftrue")]
    pub id: String,
    /// Address of the source; null for an upload.
    #[schema(example = "https://example.com/original.jpg")]
    pub src_url: Option<String>,
    /// Address of the result, relative to this service.
    #[schema(example = "/api/images/v2-00112233445566778899aabbccddeeff-cmax-w1920-h1080-jpeg-exiftrue")]
    pub optimized_url: String,
    /// Size of the result in bytes.
    #[schema(example = 524_288)]
    pub size: u64,
    /// Width of the result in pixels.
    #[schema(example = 1_920)]
    pub width: u32,
    /// Height of the result in pixels.
    #[schema(example = 1_080)]
    pub height: u32,
    /// Format of the result.
    #[schema(example = "jpeg")]
    pub format: String,
    /// When the result was made, RFC 3339 in UTC.
    #[schema(example = "2026-04-28T10:30:00Z")]
    pub processed_at: String,
    /// The encoder that made it.
    #[schema(example = "jpegli")]
    pub encoder: String,
    /// The encoder's quality setting, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<f32>,
    /// The SSIMULACRA2 score of the result against the decoded and resized source; 100 is identical.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 80.4)]
    pub quality_score: Option<f64>,
    /// What to show until the image is there, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<Placeholder>,
    /// Why nothing was gained, e.g. `already_optimal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// True where the service was under load and compressed harder than asked (free tier only); the id states the
    /// level that was used.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub adaptive: bool,
}

/// What became of a wish to save the result that could not be granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct CommitRefusal {
    /// Always false: a saved result has no such member.
    committed: bool,
    /// The code of the refusal.
    #[schema(example = "storage_cap_reached")]
    error: &'static str,
    /// What to do.
    message: String,
    /// The plan's cap in bytes.
    cap_bytes: u64,
    /// What the Storage Library holds.
    used_bytes: u64,
}

impl CommitRefusal {
    /// The Storage Library is full.
    pub(crate) fn cap_reached(cap_bytes: u64, used_bytes: u64) -> Self {
        Self {
            committed: false,
            error: "storage_cap_reached",
            message: "Storage cap reached for your current tier. The result was made and stays for the usual time, \
                      but it was not saved: delete older results or upgrade."
                .to_owned(),
            cap_bytes,
            used_bytes,
        }
    }
}

/// What a page can show until the image is there.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Placeholder {
    /// The colour of most pixels.
    #[schema(example = "#7a8f3c")]
    pub dominant_color: String,
    /// ThumbHash in base64: <https://evanw.github.io/thumbhash/>.
    #[schema(example = "1QcSHQRnh493V4dIh4eXh1h4kJUI")]
    pub thumbhash: String,
}

impl From<domain::Placeholder> for Placeholder {
    fn from(made: domain::Placeholder) -> Self {
        Self { dominant_color: made.dominant_color, thumbhash: made.thumbhash }
    }
}

/// What a request says about its own answer.
#[derive(Debug)]
pub(crate) struct Own {
    /// Name of the source file.
    pub(crate) filename: String,
    /// Address of the source.
    pub(crate) src_url: Option<String>,
    /// Whether a placeholder was asked for.
    pub(crate) placeholder: bool,
    /// Whether the result is compressed harder than was asked.
    pub(crate) adaptive: bool,
    /// Why the result was not saved although that was asked.
    pub(crate) refusal: Option<CommitRefusal>,
}

/// A job that goes on after the response.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobAccepted {
    /// The job.
    #[schema(example = "8f3c6d2e-1b4a-4d3e-9c8f-a4b3e2d1c0e1")]
    pub job_id: String,
    /// Where it stands.
    #[schema(example = "queued")]
    pub status: String,
    /// Where to look.
    #[schema(example = "/api/v1/jobs/8f3c6d2e-1b4a-4d3e-9c8f-a4b3e2d1c0e1")]
    pub status_url: String,
}

/// How long each part took, for `Server-Timing`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Timing {
    pub(crate) fetch: Duration,
    pub(crate) queue: Duration,
    pub(crate) codec: Duration,
    pub(crate) store: Duration,
    pub(crate) total: Duration,
}

impl Timing {
    fn header(self) -> String {
        let millis = |duration: Duration| duration.as_secs_f64() * 1_000.0;
        format!(
            "fetch;dur={:.1}, queue;dur={:.1}, codec;dur={:.1}, store;dur={:.1}, total;dur={:.1}",
            millis(self.fetch),
            millis(self.queue),
            millis(self.codec),
            millis(self.store),
            millis(self.total)
        )
    }
}

/// 200 with the result.
pub(crate) fn result(stored: &StoredResult, cached: bool, own: Own, timing: Timing) -> HttpResponse {
    let body = body(stored, cached, own);
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::VARY, "Accept"))
        .insert_header(("Server-Timing", timing.header()))
        .json(body)
}

/// Two decimals of a score, without the digits that a 32-bit float adds as a 64-bit one.
fn decimal(score: f32) -> f64 {
    (f64::from(score) * 100.0).round() / 100.0
}

/// The body of a result.
pub(crate) fn body(stored: &StoredResult, cached: bool, own: Own) -> OptimizeResponse {
    let saved = saved_share(stored.original_size, stored.byte_size);
    OptimizeResponse {
        success: true,
        cached,
        original_filename: own.filename,
        original_size: stored.original_size,
        optimized_size: stored.byte_size,
        compression_ratio: format!("{:.1}% saved", saved * 100.0),
        percent: whole_percent(saved),
        storage_commit: own.refusal,
        data: ResultData {
            id: stored.image_id.clone(),
            src_url: own.src_url,
            optimized_url: format!("/api/images/{}", stored.image_id),
            size: stored.byte_size,
            width: stored.width,
            height: stored.height,
            format: stored.format.as_str().to_owned(),
            processed_at: stored.processed_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            encoder: stored.encoder.clone(),
            quality: stored.quality,
            quality_score: stored.score.map(decimal),
            placeholder: stored.placeholder.clone().filter(|_| own.placeholder).map(Into::into),
            reason: stored.reason.clone(),
            adaptive: own.adaptive,
        },
    }
}

/// 202 with the job.
pub(crate) fn accepted(job: JobId, state: domain::JobState) -> HttpResponse {
    HttpResponse::Accepted()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::VARY, "Accept"))
        .insert_header(("Preference-Applied", "respond-async"))
        .insert_header((header::LOCATION, status_url(job)))
        .insert_header((header::RETRY_AFTER, "1"))
        .json(JobAccepted { job_id: job.to_string(), status: state.to_string(), status_url: status_url(job) })
}

/// Saved bytes over source bytes; negative where another format or size made the result larger.
#[allow(clippy::cast_precision_loss, reason = "a share with one decimal")]
fn saved_share(original: u64, optimized: u64) -> f64 {
    if original == 0 { 0.0 } else { 1.0 - optimized as f64 / original as f64 }
}

#[allow(clippy::cast_possible_truncation, reason = "a float cast saturates; shares are small")]
fn whole_percent(share: f64) -> i64 {
    (share * 100.0).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_those_of_the_documents() {
        assert_eq!(format!("{:.1}% saved", saved_share(1_048_576, 524_288) * 100.0), "50.0% saved");
        assert_eq!(whole_percent(saved_share(1_048_576, 524_288)), 50);
        assert_eq!(whole_percent(saved_share(100, 130)), -30);
        assert_eq!(whole_percent(saved_share(0, 130)), 0);
    }
}
