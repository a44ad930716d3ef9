//! What the limits of requests leave to do in the background.

use std::time::Duration;

use limiter::HIGHEST_TIER;
use store::{DailyCount, StoreError};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{MissedTickBehavior, interval};
use web::BlockEntered;

use crate::app::App;

const WRITE_EVERY: Duration = Duration::from_secs(5);
/// Waits between the tries to record a block, each twice the one before.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LAST_WAIT: Duration = Duration::from_secs(60);

/// Writes the counts of requests from time to time, for ever.
pub(crate) async fn write_tally(app: App) {
    let mut ticks = interval(WRITE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let counts = app.gate.tally.take();
        if counts.is_empty() {
            continue;
        }
        let rows: Vec<_> = counts
            .iter()
            .map(|count| DailyCount {
                account: count.account,
                key: Some(count.key),
                day: count.day,
                requests: count.requests,
                refused: count.refused,
                failed: count.failed,
            })
            .collect();
        if let Err(error) = app.store.add_daily_counts(&rows).await {
            tracing::warn!(%error, "the counts of requests could not be written; they are kept");
            app.gate.tally.put_back(counts);
        }
    }
}

/// Suspends keys that entered the last tier of the escalation, and writes to the owners of the others.
pub(crate) async fn answer_blocks(app: App, mut blocks: UnboundedReceiver<BlockEntered>) {
    while let Some(entered) = blocks.recv().await {
        tracing::warn!(key = %entered.key, tier = entered.block.tier, "a key was blocked for repeated violations");
        // A tier is entered once: what the database cannot take now is brought again.
        let mut wait = FIRST_WAIT;
        while let Err(error) = answer_block(&app, &entered).await {
            if wait > LAST_WAIT {
                tracing::error!(%error, key = %entered.key, "the block of a key could not be recorded");
                break;
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
    }
}

async fn answer_block(app: &App, entered: &BlockEntered) -> Result<(), StoreError> {
    let now = app.clock.now();
    match entered.block.tier {
        HIGHEST_TIER.. => {
            let reason = "repeated violations of the rate limits";
            app.store.suspend_key_by_system(entered.key, reason, now).await.map(|_| ())
        }
        4 => {
            let (subject, body) = letter(entered);
            app.store.mail_account(entered.account, subject, &body, now).await.map(|_| ())
        }
        _ => Ok(()),
    }
}

/// What the owner of a blocked key is told.
fn letter(entered: &BlockEntered) -> (&'static str, String) {
    let hours = entered.block.retry_after.as_secs().div_ceil(3_600);
    let body = format!(
        "Your API key {key} went on sending requests beyond its limits and is blocked for {hours} hours.\n\n\
         Other keys of your account work. A client should wait for as long as Retry-After says before it tries again; \
         if this one goes on after the block, the key will be suspended until an administrator reactivates it.\n",
        key = entered.key
    );
    ("An API key of yours is blocked", body)
}
