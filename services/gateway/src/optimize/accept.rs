//! Accepting work: the source goes to the object store, then one transaction makes the job true.

use std::sync::Arc;

use blob::ObjectKey;
use contracts::JobMessage;
use domain::credits::Funds;
use domain::{ErrorCode, ImageId, JobClass, JobId, OutputOptions, SourceId};
use store::{Accepted, NewJob, NewSource, OutgoingMessage, WhenExhausted};
use tracing::Instrument;
use web::{ApiCaller, ApiError};

use super::exhausted;
use super::source::Source;
use super::spool::SpooledBody;
use crate::app::App;
use crate::publish;
use crate::waiters::Waiter;

/// What is asked of a checked source.
pub(crate) struct Order {
    pub(crate) caller: ApiCaller,
    pub(crate) image_id: ImageId,
    pub(crate) options: OutputOptions,
    pub(crate) source: Arc<Source>,
    pub(crate) storage_commit: bool,
    pub(crate) keep_original: bool,
    /// What the caller says that it is for.
    pub(crate) site: Option<String>,
    /// Whether it is compressed harder than asked.
    pub(crate) adaptive: bool,
    /// What the account may spend.
    pub(crate) funds: Funds,
}

/// Work that will be done, and a place among those who wait for it.
pub(crate) struct Admitted {
    pub(crate) job: JobId,
    /// False where an earlier request's job does the same work.
    pub(crate) is_new: bool,
    /// Whether the credits of this job were set aside for this request.
    pub(crate) pays: bool,
    /// Registered before the job was offered to anyone: no event is missed.
    pub(crate) waiter: Waiter,
}

/// Stores the source and commits the job, or joins the same work already in flight.
///
/// Runs to its end even when the caller goes away: spawn it.
pub(crate) async fn accept(app: App, order: Order) -> Result<Admitted, ApiError> {
    refuse_when_full(&app).await?;
    let key = ObjectKey::Source { account: order.caller.account_id, sha256: order.source.spooled.sha256 };
    // Several results of one source need it once.
    order.source.stored.get_or_try_init(|| put_source(&app, &key, &order.source)).await?;
    let now = app.clock.now();
    let job = new_job(&order, &key);
    let job_id = job.id;
    let waiter = app.waiters.register(job_id);
    let make = |id| job_message(&app, &job, id, now);
    match app.store.accept_job(job.clone(), make, now).await? {
        // A request that does not wait for credits is never told of a paused job.
        Accepted::Joined(job) | Accepted::Paused(job) => {
            Ok(Admitted { job, is_new: false, pays: false, waiter: app.waiters.register(job) })
        }
        Accepted::Resumed { job: resumed, outbox_id } => {
            let (waiter, message) = (app.waiters.register(resumed), make(resumed));
            tokio::spawn(publish::at_once(app, message, outbox_id).in_current_span());
            Ok(Admitted { job: resumed, is_new: false, pays: true, waiter })
        }
        Accepted::Created { outbox_id } => {
            app.metrics.accepted.inc();
            let message = make(job_id);
            tokio::spawn(publish::at_once(app, message, outbox_id).in_current_span());
            Ok(Admitted { job: job_id, is_new: true, pays: true, waiter })
        }
        Accepted::Refused(exhausted) => Err(exhausted::refusal(&app, &order.caller, &exhausted)),
    }
}

/// While the broker is away work piles up in the outbox; beyond the cap nothing more is taken.
async fn refuse_when_full(app: &App) -> Result<(), ApiError> {
    if app.bus.is_connected() || app.store.outbox_depth(app.outbox_cap).await? < app.outbox_cap {
        return Ok(());
    }
    Err(ApiError::unavailable(ErrorCode::QueueUnavailable, 30))
}

async fn put_source(app: &App, key: &ObjectKey, source: &Source) -> Result<(), ApiError> {
    let mime = source.header.format.mime_type();
    let put = match &source.spooled.body {
        SpooledBody::Memory(bytes) => app.blob.put_bytes(key, bytes.clone(), mime).await.map(|_| ()),
        SpooledBody::File(path) => app.blob.put_file(key, path, mime).await.map(|_| ()),
    };
    put.map_err(crate::storage_error)
}

fn new_job(order: &Order, key: &ObjectKey) -> NewJob {
    let header = &order.source.header;
    NewJob {
        id: JobId::generate(),
        account_id: order.caller.account_id,
        api_key_id: order.caller.key_id,
        source: NewSource {
            id: SourceId::generate(),
            sha256: order.source.spooled.sha256,
            byte_size: order.source.spooled.size,
            format: header.format,
            width: header.width,
            height: header.height,
            frames: header.frames,
            object_key: key.to_string(),
        },
        image_id: order.image_id,
        options: order.options,
        class: JobClass::of(order.caller.tier),
        storage_commit: order.storage_commit,
        keep_original: order.keep_original,
        original_filename: order.source.filename.clone(),
        src_url: order.source.src_url.clone(),
        site: order.site.clone(),
        adaptive: order.adaptive,
        funds: order.funds,
        when_exhausted: WhenExhausted::Refuse,
        trace_context: telemetry::inject(),
    }
}

fn job_message(app: &App, job: &NewJob, id: JobId, now: chrono::DateTime<chrono::Utc>) -> OutgoingMessage {
    let pixels = u64::from(job.source.width) * u64::from(job.source.height) * u64::from(job.source.frames);
    let message = JobMessage {
        job_id: id,
        account_id: job.account_id,
        source_key: job.source.object_key.clone(),
        source_bytes: job.source.byte_size,
        source_pixels: pixels,
        class: job.class,
        enqueued_at: now,
    };
    publish::offer(app, &message, &job.trace_context)
}
