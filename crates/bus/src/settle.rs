//! What happens to a delivery after its handler: the only place that acknowledges.

use std::sync::Arc;
use std::time::Duration;

use domain::JobClass;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::publisher::Publisher;
use crate::{BusError, Delay, Delivery, Names, Outcome, Outgoing, headers};

/// Pause between attempts to put a job into a delay queue while the broker takes nothing.
const RETRY_PUBLISH_PAUSE: Duration = Duration::from_secs(2);
/// The longest a dead letter is held before it goes back to its queue.
const LONGEST_HOLD: Duration = Duration::from_secs(60);

/// The right to settle one delivery, once: every method consumes it. Dropping it settles nothing; the
/// broker redelivers when the channel ends.
pub(crate) struct Unsettled {
    /// Without its body, which the handler has.
    delivery: lapin::message::Delivery,
    time_limit: Duration,
}

impl Unsettled {
    pub(crate) async fn ack(self) -> Result<(), BusError> {
        self.finish(self.delivery.ack(BasicAckOptions::default())).await
    }

    /// Back to the queue; counts as a delivery.
    pub(crate) async fn requeue(self) -> Result<(), BusError> {
        let options = BasicNackOptions { requeue: true, ..Default::default() };
        self.finish(self.delivery.nack(options)).await
    }

    /// To the queue's dead-letter exchange, or away where it has none.
    pub(crate) async fn dead_letter(self) -> Result<(), BusError> {
        let options = BasicNackOptions { requeue: false, ..Default::default() };
        self.finish(self.delivery.nack(options)).await
    }

    async fn finish(
        &self,
        sending: impl Future<Output = Result<bool, lapin::Error>>,
    ) -> Result<(), BusError> {
        match timeout(self.time_limit, sending).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(BusError::DeliveryLost),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(BusError::Timeout(self.time_limit)),
        }
    }
}

/// Splits what the client library delivered into what the handler sees and the right to settle it.
pub(crate) fn split(mut delivery: lapin::message::Delivery, time_limit: Duration) -> (Delivery, Unsettled) {
    let body = std::mem::take(&mut delivery.data);
    let table = delivery.properties.headers().as_ref();
    let seen = Delivery {
        headers: headers::from_table(table),
        message_id: delivery.properties.message_id().as_ref().map(ToString::to_string),
        routing_key: delivery.routing_key.to_string(),
        redelivered: delivery.redelivered,
        delivery_count: headers::delivery_count(table),
        death: headers::death(table),
        body,
    };
    (seen, Unsettled { delivery, time_limit })
}

/// What an outcome means in one kind of queue.
#[derive(Debug, Clone)]
pub(crate) enum Policy {
    /// A job queue: retries go through the delay queues.
    Jobs { class: JobClass, names: Names, publisher: Arc<Publisher> },
    /// The dead-letter queue: retries are held and go back.
    DeadLetters,
}

impl Policy {
    /// Settles a delivery. `copy` is the delivery as the handler saw it.
    pub(crate) async fn settle(
        &self,
        unsettled: Unsettled,
        copy: Delivery,
        outcome: Outcome,
        stop: &CancellationToken,
    ) -> Result<(), BusError> {
        let message_id = copy.message_id.clone().unwrap_or_default();
        match (outcome, self) {
            (Outcome::Done, _) => unsettled.ack().await,
            (Outcome::Reject(reason), _) => {
                warn!(message_id, reason, "the message is rejected");
                unsettled.dead_letter().await
            }
            (Outcome::Retry { after }, Self::DeadLetters) => {
                let hold = sleep(after.min(LONGEST_HOLD));
                tokio::select! { () = hold => {} () = stop.cancelled() => {} }
                unsettled.requeue().await
            }
            (Outcome::Retry { after }, Self::Jobs { class, names, publisher }) => {
                let delay = Delay::nearest(after);
                let again = Outgoing {
                    exchange: names.retry_exchange(),
                    routing_key: Names::delay_key(*class, delay),
                    message_id,
                    headers: copy.headers,
                    body: copy.body,
                };
                delay_job(unsettled, publisher, &again, delay, stop).await
            }
        }
    }
}

/// Publishes until the broker confirms, then acknowledges. Requeueing instead would spend the job's
/// deliveries on the broker's trouble, so that happens only at a stop.
async fn delay_job(
    unsettled: Unsettled,
    publisher: &Publisher,
    again: &Outgoing,
    delay: Delay,
    stop: &CancellationToken,
) -> Result<(), BusError> {
    loop {
        let expires_after = delay.jittered(rand::random());
        match publisher.publish(again, Some(expires_after)).await {
            Ok(()) => return unsettled.ack().await,
            Err(error) => warn!(message_id = again.message_id, %error, "a retry cannot be scheduled yet"),
        }
        if unsettled.delivery.poisoned() {
            return Err(BusError::DeliveryLost);
        }
        tokio::select! {
            () = sleep(RETRY_PUBLISH_PAUSE) => {}
            () = stop.cancelled() => return unsettled.requeue().await,
        }
    }
}
