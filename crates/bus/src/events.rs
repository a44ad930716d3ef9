use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use lapin::Consumer;
use lapin::options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tracing::warn;

use crate::link::{Link, Session};
use crate::{BusError, EventDelivery, headers};

/// Events a slow reader may lag behind before the newest are dropped.
const BUFFER: usize = 1024;

/// Events as they happen. Lossy by nature: events of the time without a connection are gone, and a
/// reader that lags 1,024 events behind misses further ones. Dropping it ends the subscription.
#[derive(Debug)]
pub struct EventSubscription {
    events: mpsc::Receiver<EventDelivery>,
    live: watch::Receiver<bool>,
}

impl EventSubscription {
    /// The next event; `None` once the bus is closed.
    pub async fn next(&mut self) -> Option<EventDelivery> {
        self.events.recv().await
    }

    /// Waits until events arrive: whoever reads the state afterwards misses no change. `false` once the
    /// bus is closed.
    pub async fn live(&mut self) -> bool {
        self.live.wait_for(|live| *live).await.is_ok()
    }

    /// Whether events arrive at this moment.
    #[must_use]
    pub fn is_live(&self) -> bool {
        *self.live.borrow()
    }
}

#[derive(Debug)]
pub(crate) struct Subscriber {
    pub(crate) link: Link,
    pub(crate) exchange: String,
    pub(crate) pattern: String,
    pub(crate) time_limit: Duration,
}

impl Subscriber {
    pub(crate) fn start(self) -> EventSubscription {
        let (sender, events) = mpsc::channel(BUFFER);
        let (live_sender, live) = watch::channel(false);
        tokio::spawn(self.run(sender, live_sender));
        EventSubscription { events, live }
    }

    async fn run(self, events: mpsc::Sender<EventDelivery>, live: watch::Sender<bool>) {
        loop {
            let session = tokio::select! {
                () = events.closed() => return,
                session = self.link.wait() => session,
            };
            let Some(session) = session else { return };
            let outcome = self.forward(&session, &events, &live).await;
            live.send_replace(false);
            match outcome {
                Ok(()) => return,
                Err(error) => {
                    warn!(pattern = self.pattern, %error, "an event subscription was interrupted");
                    session.give_up("an event subscription was interrupted");
                }
            }
        }
    }

    /// `Ok` when the reader is gone.
    async fn forward(
        &self,
        session: &Arc<Session>,
        events: &mpsc::Sender<EventDelivery>,
        live: &watch::Sender<bool>,
    ) -> Result<(), BusError> {
        let mut consumer = timeout(self.time_limit, self.open(session))
            .await
            .map_err(|_| BusError::Timeout(self.time_limit))??;
        live.send_replace(true);
        loop {
            tokio::select! {
                () = events.closed() => return Ok(()),
                () = session.lost() => return Err(BusError::Unavailable("the connection was lost")),
                delivery = consumer.next() => match delivery {
                    Some(delivery) => hand_over(delivery?, events),
                    None => return Err(BusError::Unavailable("the broker cancelled the consumer")),
                },
            }
        }
    }

    /// A queue of our own that ends with the connection or the consumer.
    async fn open(&self, session: &Session) -> Result<Consumer, BusError> {
        let channel = session.channel().await?;
        let options = QueueDeclareOptions::exclusive().auto_delete();
        let queue = channel.queue_declare("".into(), options, FieldTable::default()).await?;
        let exchange = headers::short("the exchange", &self.exchange)?;
        let pattern = headers::short("the routing pattern", &self.pattern)?;
        let (options, arguments) = (QueueBindOptions::default(), FieldTable::default());
        channel.queue_bind(queue.name().clone(), exchange, pattern, options, arguments).await?;
        let options = BasicConsumeOptions { no_ack: true, exclusive: true, ..Default::default() };
        let consumer =
            channel.basic_consume(queue.name().clone(), "".into(), options, FieldTable::default()).await?;
        Ok(consumer)
    }
}

fn hand_over(delivery: lapin::message::Delivery, events: &mpsc::Sender<EventDelivery>) {
    let event = EventDelivery {
        routing_key: delivery.routing_key.to_string(),
        headers: headers::from_table(delivery.properties.headers().as_ref()),
        body: delivery.data,
    };
    if let Err(TrySendError::Full(event)) = events.try_send(event) {
        warn!(routing_key = event.routing_key, "an event is dropped: its reader is too slow");
    }
}
