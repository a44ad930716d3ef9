//! Jobs that wait for credits go on by themselves: after a top-up, an upgrade or the turn of the month.

use std::time::Duration;

use store::{Job, Source};
use tokio::time::{MissedTickBehavior, interval};

use crate::app::App;
use crate::relay::message_of;

/// How long credits lie unused at most while jobs wait for them.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Jobs of one account in one pass: nobody's fifty thousand files keep another account waiting for more.
const PER_ACCOUNT: u32 = 100;
/// Jobs of one pass.
const PER_PASS: u32 = 500;

/// Queues jobs for which there are credits again, for ever.
pub(crate) async fn resume(app: App) {
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let make = |job: &Job, source: &Source| message_of(&app, job, source);
        match app.store.resume_paused(&app.plans, app.clock.now(), PER_ACCOUNT, PER_PASS, make).await {
            Ok(jobs) if jobs.is_empty() => {}
            Ok(jobs) => {
                app.metrics.resumed.inc_by(jobs.len() as u64);
                tracing::info!(jobs = jobs.len(), "jobs that waited for credits go on");
            }
            Err(error) => tracing::warn!(%error, "jobs that wait for credits could not be looked for"),
        }
    }
}
