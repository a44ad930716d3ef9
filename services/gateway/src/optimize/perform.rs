//! One wanted result: found, or made by a job that is waited for.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse};
use domain::credits::Funds;
use domain::{
    Compression, ContentTag, ErrorCode, FormatSet, ImageId, JobClass, JobId, JobState, Rejection,
    RequestedFormat,
};
use store::{CacheHit, CommitOutcome, Job, StoredResult};
use tokio::time::Instant;
use tracing::Instrument;
use web::{ApiCaller, ApiError};

use super::accept::{self, Admitted, Order};
use super::fields::OptimizeRequest;
use super::prefer::Prefer;
use super::respond::{self, CommitRefusal, Own, Timing};
use super::source::Source;
use super::wait::{self, Waited};
use super::{accept_header, errors, exhausted, site};
use crate::app::App;

/// One request with its source at hand.
pub(crate) struct Visit<'a> {
    pub(crate) app: &'a App,
    pub(crate) caller: ApiCaller,
    pub(crate) request: &'a HttpRequest,
    pub(crate) source: Arc<Source>,
    /// When the request came in.
    pub(crate) started: Instant,
}

/// What became of one wanted result.
pub(crate) enum Performed {
    /// It is there.
    Done(Made),
    /// Its job goes on after the wait.
    Running { job: JobId, state: JobState },
}

/// A result, and how this request came by it.
pub(crate) struct Made {
    pub(crate) stored: Box<StoredResult>,
    /// Whether an earlier request had made it.
    pub(crate) cached: bool,
    /// Whether it is compressed harder than asked, because of load.
    pub(crate) adaptive: bool,
    /// Why it was not saved although that was asked.
    pub(crate) refusal: Option<CommitRefusal>,
    pub(crate) timing: Timing,
}

impl Visit<'_> {
    /// Finds the result, or has it made and waits for it.
    pub(crate) async fn perform(&self, asked: &OptimizeRequest) -> Result<Performed, ApiError> {
        let mut asked = asked.clone();
        let negotiated = accept_header::negotiate(self.request.headers(), asked.format);
        asked.options.formats = negotiated.unwrap_or(FormatSet::ALL);
        asked.options.check(&asked.params(RequestedFormat::keep(self.source.header.format)))?;
        let image_id = self.image_id(&asked);
        if let Some(hit) = self.cached(&asked, &image_id, false).await? {
            return Ok(Performed::Done(hit));
        }
        let Some(harder) = self.harder(&asked) else { return self.work(&asked, image_id, false).await };
        asked.compression = harder;
        let image_id = self.image_id(&asked);
        match self.cached(&asked, &image_id, true).await? {
            Some(hit) => Ok(Performed::Done(hit)),
            None => self.work(&asked, image_id, true).await,
        }
    }

    /// The harder level that the free tier gets while the workers are under load. The id states it, so that nobody
    /// is served it who asked for another.
    fn harder(&self, asked: &OptimizeRequest) -> Option<Compression> {
        let free = JobClass::of(self.caller.tier) == JobClass::Free;
        (free && asked.options.target.is_none() && self.app.pool_load.is_high())
            .then(|| asked.compression.harder())
            .flatten()
    }

    /// What the answer to this request says of its own.
    pub(crate) fn own(&self, asked: &OptimizeRequest, made: &Made) -> Own {
        Own {
            filename: self.source.filename.clone(),
            src_url: self.source.src_url.clone(),
            placeholder: asked.placeholder,
            adaptive: made.adaptive,
            refusal: made.refusal.clone(),
        }
    }

    /// The response to a request for one result.
    pub(crate) fn answer(
        &self,
        performed: Performed,
        asked: &OptimizeRequest,
    ) -> Result<HttpResponse, ApiError> {
        match performed {
            Performed::Done(made) => {
                let timing = Timing { total: self.started.elapsed(), ..made.timing };
                Ok(respond::result(&made.stored, made.cached, self.own(asked, &made), timing))
            }
            Performed::Running { job, state } if Prefer::of(self.request.headers()).respond_async => {
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

    /// What the account may spend.
    fn funds(&self) -> Funds {
        Funds::of(&self.caller.limits, &self.app.plans.plan(self.caller.tier).overage)
    }

    /// An earlier result of the same work. It costs no image credit; its bytes are bandwidth, and it is saved if
    /// this request asks so.
    async fn cached(
        &self,
        asked: &OptimizeRequest,
        image_id: &ImageId,
        adaptive: bool,
    ) -> Result<Option<Made>, ApiError> {
        let (app, caller, now) = (self.app, &self.caller, self.app.clock.now());
        let Some(hit) = app.store.live_result(caller.account_id, image_id, now).await? else {
            return Ok(None);
        };
        let left = app.store.bandwidth_left(caller.account_id, &self.funds(), now).await?;
        left.map_err(|exhausted| exhausted::refusal(app, caller, &exhausted))?;
        let refusal = self.keep_if_asked(asked, image_id, &hit).await?;
        self.record_hit(image_id, hit.byte_size).await?;
        app.metrics.cached.inc();
        let timing = Timing { fetch: self.source.fetched_in, ..Timing::default() };
        Ok(Some(Made { stored: Box::new(hit), cached: true, adaptive, refusal, timing }))
    }

    async fn record_hit(&self, image_id: &ImageId, bytes: u64) -> Result<(), ApiError> {
        let hit = CacheHit {
            account_id: self.caller.account_id,
            api_key_id: self.caller.key_id,
            site: site::of(self.request.headers()),
            image_id: *image_id,
            bytes,
            funds: self.funds(),
        };
        Ok(self.app.store.record_cache_hit(hit, self.app.clock.now()).await?)
    }

    async fn keep_if_asked(
        &self,
        asked: &OptimizeRequest,
        image_id: &ImageId,
        result: &StoredResult,
    ) -> Result<Option<CommitRefusal>, ApiError> {
        let original = asked.keep_original && !result.keep_original;
        if !asked.storage_commit || (result.storage_commit && !original) {
            return Ok(None);
        }
        let (cap, now) = (self.funds().storage_bytes, self.app.clock.now());
        let outcome = self.app.store.commit_result(image_id, asked.keep_original, cap, now).await?;
        Ok(match outcome {
            CommitOutcome::CapReached { used, cap } => Some(CommitRefusal::cap_reached(cap, used)),
            CommitOutcome::Committed | CommitOutcome::Missing => None,
        })
    }

    async fn work(
        &self,
        asked: &OptimizeRequest,
        image_id: ImageId,
        adaptive: bool,
    ) -> Result<Performed, ApiError> {
        let order = Order {
            caller: self.caller.clone(),
            image_id,
            options: asked.options,
            source: Arc::clone(&self.source),
            storage_commit: asked.storage_commit,
            keep_original: asked.keep_original,
            site: site::of(self.request.headers()),
            adaptive,
            funds: self.funds(),
        };
        let prefer = Prefer::of(self.request.headers());
        let longest = self.app.sync_wait;
        let deadline = Instant::now() + prefer.wait.map_or(longest, |wait| wait.min(longest));
        let slot = match self.app.gate.take_result_slot(self.request, &self.caller, deadline).await {
            Ok(slot) => slot,
            // Work that is not waited for may take its place in the queue beyond the minute.
            Err(_) if prefer.respond_async => {
                let admitted = self.accept(order).await?;
                return Ok(Performed::Running { job: admitted.job, state: JobState::Queued });
            }
            Err(wait) => return Err(errors::minute_is_full(&self.caller, wait)),
        };
        let made = self.make(asked, order, deadline).await;
        if made.is_err() {
            slot.give_back(&self.app.gate).await;
        }
        made
    }

    /// A task of its own: a caller that leaves now does not leave half of the work behind.
    async fn accept(&self, order: Order) -> Result<Admitted, ApiError> {
        let accepting = accept::accept(self.app.clone(), order).in_current_span();
        tokio::spawn(accepting).await.map_err(ApiError::internal)?
    }

    async fn make(
        &self,
        asked: &OptimizeRequest,
        order: Order,
        deadline: Instant,
    ) -> Result<Performed, ApiError> {
        let (image_id, adaptive) = (order.image_id, order.adaptive);
        let mut admitted = self.accept(order).await?;
        let job = admitted.job;
        match wait::for_end(self.app, &mut admitted, &image_id, deadline).await? {
            Waited::Running(state) => Ok(Performed::Running { job, state }),
            Waited::Ended(ended, result) => {
                let timing = timing_of(&ended, self.source.fetched_in);
                let stored = finished(*ended, result)?;
                // A request that joined a job of others may ask for more than the job was told. Its copy of the
                // bytes is bandwidth; the image is paid by the request that made the job.
                let refusal = self.keep_if_asked(asked, &image_id, &stored).await?;
                if !admitted.pays {
                    self.record_hit(&image_id, stored.byte_size).await?;
                }
                Ok(Performed::Done(Made { stored, cached: false, adaptive, refusal, timing }))
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
