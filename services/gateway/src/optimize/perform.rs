//! One wanted result: found, or made by a job that is waited for.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::HeaderMap;
use domain::credits::Funds;
use domain::{ContentTag, ErrorCode, FormatSet, ImageId, JobId, JobState, Rejection, RequestedFormat};
use store::{CacheHit, Job, StoredResult};
use tokio::time::Instant;
use tracing::Instrument;
use web::{ApiCaller, ApiError};

use super::accept::{self, Order};
use super::fields::OptimizeRequest;
use super::prefer::Prefer;
use super::respond::{self, Own, Timing};
use super::source::Source;
use super::wait::{self, Waited};
use super::{accept_header, errors};
use crate::app::App;

/// One request with its source at hand.
pub(crate) struct Visit<'a> {
    pub(crate) app: &'a App,
    pub(crate) caller: ApiCaller,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) source: Arc<Source>,
    /// When the request came in.
    pub(crate) started: Instant,
}

/// What became of one wanted result.
pub(crate) enum Performed {
    /// It is there.
    Done { stored: Box<StoredResult>, cached: bool, timing: Timing },
    /// Its job goes on after the wait.
    Running { job: JobId, state: JobState },
}

impl Visit<'_> {
    /// Finds the result, or has it made and waits for it.
    pub(crate) async fn perform(&self, asked: &OptimizeRequest) -> Result<Performed, ApiError> {
        let mut asked = asked.clone();
        let negotiated = accept_header::negotiate(self.headers, asked.format);
        asked.options.formats = negotiated.unwrap_or(FormatSet::ALL);
        asked.options.check(&asked.params(RequestedFormat::keep(self.source.header.format)))?;
        let image_id = self.image_id(&asked);
        if let Some(hit) = self.cached(&asked, &image_id).await? {
            let timing = Timing { fetch: self.source.fetched_in, ..Timing::default() };
            return Ok(Performed::Done { stored: Box::new(hit), cached: true, timing });
        }
        self.work(&asked, image_id).await
    }

    /// What the answer to this request says of its own.
    pub(crate) fn own(&self, asked: &OptimizeRequest) -> Own {
        Own {
            filename: self.source.filename.clone(),
            src_url: self.source.src_url.clone(),
            placeholder: asked.placeholder,
        }
    }

    /// The response to a request for one result.
    pub(crate) fn answer(
        &self,
        performed: Performed,
        asked: &OptimizeRequest,
    ) -> Result<HttpResponse, ApiError> {
        match performed {
            Performed::Done { stored, cached, timing } => {
                let timing = Timing { total: self.started.elapsed(), ..timing };
                Ok(respond::result(&stored, cached, self.own(asked), timing))
            }
            Performed::Running { job, state } if Prefer::of(self.headers).respond_async => {
                Ok(respond::accepted(job, state))
            }
            Performed::Running { job, state } => {
                Err(errors::still_running(job, state, self.app.bus.is_connected()))
            }
        }
    }

    fn image_id(&self, asked: &OptimizeRequest) -> ImageId {
        let params = asked.params(RequestedFormat::keep(self.source.header.format));
        let sha256 = self.source.spooled.sha256;
        let tag = ContentTag::of(&self.app.secret, self.caller.account_id, sha256);
        ImageId { tag, params, options: asked.options.tag() }
    }

    /// An earlier result of the same work. It costs no credit; it is recorded, and saved if this request asks
    /// so.
    async fn cached(
        &self,
        asked: &OptimizeRequest,
        image_id: &ImageId,
    ) -> Result<Option<StoredResult>, ApiError> {
        let (app, caller, now) = (self.app, &self.caller, self.app.clock.now());
        let Some(hit) = app.store.live_result(caller.account_id, image_id, now).await? else {
            return Ok(None);
        };
        self.keep_if_asked(asked, image_id, &hit).await?;
        let handed_out = CacheHit {
            account_id: caller.account_id,
            api_key_id: Some(caller.key_id),
            site: None,
            image_id: *image_id,
            bytes: hit.byte_size,
            funds: Funds::default(),
        };
        app.store.record_cache_hit(handed_out, now).await?;
        app.metrics.cached.inc();
        Ok(Some(hit))
    }

    async fn keep_if_asked(
        &self,
        asked: &OptimizeRequest,
        image_id: &ImageId,
        result: &StoredResult,
    ) -> Result<(), ApiError> {
        let original = asked.keep_original && !result.keep_original;
        if asked.storage_commit && (!result.storage_commit || original) {
            let now = self.app.clock.now();
            self.app.store.commit_result(image_id, asked.keep_original, None, now).await?;
        }
        Ok(())
    }

    async fn work(&self, asked: &OptimizeRequest, image_id: ImageId) -> Result<Performed, ApiError> {
        let order = Order {
            caller: self.caller.clone(),
            image_id,
            options: asked.options,
            source: Arc::clone(&self.source),
            storage_commit: asked.storage_commit,
            keep_original: asked.keep_original,
        };
        // A task of its own: a caller that leaves now does not leave half of the work behind.
        let accepting = accept::accept(self.app.clone(), order).in_current_span();
        let mut admitted = tokio::spawn(accepting).await.map_err(ApiError::internal)??;
        let job = admitted.job;
        let longest = self.app.sync_wait;
        let patience = Prefer::of(self.headers).wait.map_or(longest, |wait| wait.min(longest));
        match wait::for_end(self.app, &mut admitted, &image_id, Instant::now() + patience).await? {
            Waited::Running(state) => Ok(Performed::Running { job, state }),
            Waited::Ended(ended, result) => {
                let timing = timing_of(&ended, self.source.fetched_in);
                let stored = finished(*ended, result)?;
                // A request that joined a job of others may ask for more than the job was told.
                self.keep_if_asked(asked, &image_id, &stored).await?;
                Ok(Performed::Done { stored, cached: false, timing })
            }
        }
    }
}

/// The result of a job that ended, or the error it ended with.
fn finished(job: Job, result: Option<Box<StoredResult>>) -> Result<Box<StoredResult>, ApiError> {
    if let Some(code) = job.error_code {
        let message = job.error_message.unwrap_or_default();
        return Err(Rejection { code, message, field: job.error_field }.into());
    }
    result.ok_or_else(|| {
        ApiError::new(ErrorCode::NotFound, "The result has expired already; send the request again.")
    })
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
