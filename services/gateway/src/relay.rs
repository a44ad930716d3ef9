//! Background duties of the gateway: publishing what was left in the outbox, writing lost messages again,
//! waking waiting requests, and watching the queues.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use contracts::{JobEndedMessage, JobMessage};
use domain::JobClass;
use store::{Job, OutgoingMessage, Source};
use tokio::time::{MissedTickBehavior, interval};

use crate::app::App;
use crate::publish;

/// Rows of one sweep.
const SWEEP_ROWS: u32 = 200;
/// The request that wrote a row publishes it itself; the relay leaves it that long.
const SWEEP_AFTER: TimeDelta = TimeDelta::seconds(2);
/// A queued job this old, while its queue is empty, has lost its message.
const LOST_AFTER: TimeDelta = TimeDelta::seconds(60);
/// While others wait a job may be waiting as well; after this long another message does no harm.
const LOST_AFTER_IN_A_QUEUE: TimeDelta = TimeDelta::minutes(10);
const SWEEP_EVERY: Duration = Duration::from_secs(1);
const RECONCILE_EVERY: Duration = Duration::from_secs(30);
const WATCH_EVERY: Duration = Duration::from_secs(2);

/// Sweeps the outbox for ever.
pub(crate) async fn sweep(app: App) {
    let mut ticks = interval(SWEEP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if !app.bus.is_connected() {
            continue;
        }
        let older_than = app.clock.now() - SWEEP_AFTER;
        let bus = app.bus.clone();
        let swept = app
            .store
            .sweep_outbox(SWEEP_ROWS, older_than, |row| {
                let bus = bus.clone();
                async move { bus.publish(&publish::to_bus(row.message)).await.is_ok() }
            })
            .await;
        match swept {
            Ok(report) => app.metrics.relayed.inc_by(report.published as u64),
            Err(error) => tracing::warn!(%error, "the outbox could not be swept"),
        }
    }
}

/// Writes messages again for jobs that have none, for ever: the loss of the whole broker is survived.
pub(crate) async fn reconcile(app: App) {
    let mut ticks = interval(RECONCILE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if !app.bus.is_connected() {
            continue;
        }
        let now = app.clock.now();
        let lost_after = if queues_are_empty(&app).await { LOST_AFTER } else { LOST_AFTER_IN_A_QUEUE };
        let make = |job: &Job, source: &Source| message_of(&app, job, source);
        match app.store.republish_stuck(now, now - lost_after, SWEEP_ROWS, make).await {
            Ok(jobs) if jobs.is_empty() => {}
            Ok(jobs) => {
                app.metrics.republished.inc_by(jobs.len() as u64);
                tracing::warn!(jobs = jobs.len(), "wrote lost messages again");
            }
            Err(error) => tracing::warn!(%error, "stuck jobs could not be looked for"),
        }
    }
}

/// A job that waits in a long queue is not lost.
async fn queues_are_empty(app: &App) -> bool {
    for class in JobClass::ALL {
        if !matches!(app.bus.queue_depth(class).await, Ok(0)) {
            return false;
        }
    }
    true
}

/// The message of a job that exists.
pub(crate) fn message_of(app: &App, job: &Job, source: &Source) -> OutgoingMessage {
    let message = JobMessage {
        job_id: job.id,
        account_id: job.account_id,
        source_key: source.object_key.clone(),
        source_bytes: source.byte_size,
        source_pixels: u64::from(source.width) * u64::from(source.height) * u64::from(source.frames),
        class: job.class,
        enqueued_at: app.clock.now(),
    };
    publish::offer(app, &message, &job.trace_context)
}

/// Wakes the requests that wait for a job, for ever.
pub(crate) async fn wake(app: App) {
    let mut events = app.bus.subscribe_events("job.*");
    while let Some(event) = events.next().await {
        match JobEndedMessage::decode(&event.body) {
            Ok(ended) => app.waiters.wake(ended.job_id),
            Err(error) => tracing::warn!(%error, "an event could not be read"),
        }
    }
}

/// Whether the queues hold more than the workers can be expected to clear soon.
#[derive(Clone, Default)]
pub(crate) struct PoolLoad(Arc<AtomicBool>);

impl PoolLoad {
    pub(crate) fn is_high(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// High from 90 % of the capacity, normal again below 70 %: no flapping at the edge.
    fn update(&self, depth: u64, capacity: u64) {
        let percent = depth * 100 / capacity.max(1);
        if percent > 90 {
            self.0.store(true, Ordering::Relaxed);
        } else if percent < 70 {
            self.0.store(false, Ordering::Relaxed);
        }
    }
}

/// Watches the depth of the queues for ever.
pub(crate) async fn watch(app: App) {
    let mut ticks = interval(WATCH_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let mut depth = 0;
        for class in JobClass::ALL {
            depth += app.bus.queue_depth(class).await.map_or(0, u64::from);
        }
        app.metrics.queue_depth.set(i64::try_from(depth).unwrap_or(i64::MAX));
        app.pool_load.update(depth, u64::from(app.queue_capacity));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_load_rises_above_90_and_falls_below_70_percent() {
        let load = PoolLoad::default();
        for (depth, high) in [(90, false), (91, true), (75, true), (69, false), (75, false)] {
            load.update(depth, 100);
            assert_eq!(load.is_high(), high, "at {depth}");
        }
    }
}
