//! From outbox rows to the broker: at once after the commit, and by the relay for what was left.

use std::collections::BTreeMap;

use bus::Outgoing;
use contracts::JobMessage;
use store::OutgoingMessage;

use crate::app::App;

/// Publishes a message whose row was just committed. A failure leaves the row for the relay.
pub(crate) async fn at_once(app: App, message: OutgoingMessage, outbox_id: i64) {
    match app.bus.publish(&to_bus(message)).await {
        Ok(()) => {
            // If the row stays, the relay publishes once more and the consumer finds the work done.
            if let Err(error) = app.store.delete_outbox(&[outbox_id]).await {
                tracing::warn!(%error, "a published outbox row could not be deleted");
            }
        }
        Err(error) => tracing::warn!(%error, "publish failed; the relay takes over"),
    }
}

/// The same message in the broker's terms.
pub(crate) fn to_bus(message: OutgoingMessage) -> Outgoing {
    Outgoing {
        exchange: message.exchange,
        routing_key: message.routing_key,
        message_id: message.message_id,
        headers: message.headers,
        body: message.body,
    }
}

/// The outbox row that offers a job to the workers; `trace` continues the trace of its request.
pub(crate) fn offer(app: &App, job: &JobMessage, trace: &BTreeMap<String, String>) -> OutgoingMessage {
    OutgoingMessage {
        exchange: app.bus.names().jobs_exchange(),
        routing_key: job.class.as_str().to_owned(),
        message_id: job.job_id.to_string(),
        headers: trace.clone(),
        body: job.encode(),
        job_id: Some(job.job_id),
    }
}
