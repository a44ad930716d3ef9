//! One slot: one channel with prefetch 1, so that a poisonous message spends nobody else's deliveries
//! (RELIABILITY D9).

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::link::{Link, Session};
use crate::settle::{Policy, Unsettled, split};
use crate::{BusError, Delivery, Outcome, headers};

/// How long a slot hears nothing before it asks whether its queue is really empty.
const IDLE_PROBE: Duration = Duration::from_secs(15);
const PREFETCH: u16 = 1;

/// What every slot of a consumer shares.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) link: Link,
    pub(crate) queue: String,
    pub(crate) policy: Policy,
    pub(crate) time_limit: Duration,
    pub(crate) stop: CancellationToken,
}

enum Next {
    Delivery(Box<lapin::message::Delivery>),
    Idle,
    Stop,
}

impl Slot {
    /// Takes deliveries until the stop, through as many connections as it takes.
    pub(crate) async fn run<H, F>(self, handler: Arc<H>)
    where
        H: Fn(Delivery) -> F,
        F: Future<Output = Outcome>,
    {
        loop {
            let session = tokio::select! {
                () = self.stop.cancelled() => return,
                session = self.link.wait() => session,
            };
            let Some(session) = session else { return };
            match self.consume(&session, handler.as_ref()).await {
                Ok(()) => return,
                Err(error) => {
                    warn!(queue = self.queue, %error, "a consumer ended");
                    session.give_up("a consumer ended");
                }
            }
        }
    }

    /// `Ok` at the stop, an error where the session is of no more use.
    async fn consume<H, F>(&self, session: &Session, handler: &H) -> Result<(), BusError>
    where
        H: Fn(Delivery) -> F,
        F: Future<Output = Outcome>,
    {
        let (channel, mut consumer) = self.limit(self.open(session)).await?;
        let mut backlog_seen = false;
        loop {
            match self.next(session, &mut consumer).await? {
                Next::Stop => return self.drain(&channel, consumer).await,
                Next::Idle => {
                    let backlog = self.backlog(&channel).await?;
                    if backlog && backlog_seen {
                        return Err(BusError::Unavailable("a queue with messages delivers none"));
                    }
                    backlog_seen = backlog;
                }
                Next::Delivery(delivery) => {
                    backlog_seen = false;
                    let (seen, unsettled) = split(*delivery, self.time_limit);
                    self.handle(seen, unsettled, handler).await?;
                }
            }
        }
    }

    async fn open(&self, session: &Session) -> Result<(Channel, Consumer), BusError> {
        let channel = session.channel().await?;
        channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
        let queue = headers::short("the queue", &self.queue)?;
        let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
        let consumer = channel.basic_consume(queue, "".into(), options, arguments).await?;
        Ok((channel, consumer))
    }

    async fn next(&self, session: &Session, consumer: &mut Consumer) -> Result<Next, BusError> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Ok(Next::Stop),
            () = session.lost() => Err(BusError::Unavailable("the connection was lost")),
            delivery = consumer.next() => match delivery {
                Some(delivery) => Ok(Next::Delivery(Box::new(delivery?))),
                None => Err(BusError::Unavailable("the broker cancelled the consumer")),
            },
            () = sleep(IDLE_PROBE) => Ok(Next::Idle),
        }
    }

    async fn backlog(&self, channel: &Channel) -> Result<bool, BusError> {
        let queue = headers::short("the queue", &self.queue)?;
        let options = QueueDeclareOptions::default().passive();
        let declare = channel.queue_declare(queue, options, FieldTable::default());
        let queue = self.limit(async { Ok(declare.await?) }).await?;
        Ok(queue.message_count() > 0)
    }

    async fn handle<H, F>(
        &self,
        delivery: Delivery,
        unsettled: Unsettled,
        handler: &H,
    ) -> Result<(), BusError>
    where
        H: Fn(Delivery) -> F,
        F: Future<Output = Outcome>,
    {
        let copy = delivery.clone();
        let work = AssertUnwindSafe(async move { handler(delivery).await });
        match work.catch_unwind().await {
            Ok(outcome) => self.policy.settle(unsettled, copy, outcome, &self.stop).await,
            Err(_) => {
                error!(queue = self.queue, message_id = copy.message_id, "a handler panicked");
                unsettled.requeue().await
            }
        }
    }

    /// Ends the consumer and sends back what was delivered and not begun.
    async fn drain(&self, channel: &Channel, mut consumer: Consumer) -> Result<(), BusError> {
        let cancel = channel.basic_cancel(consumer.tag(), BasicCancelOptions::default());
        self.limit(async { Ok(cancel.await?) }).await?;
        while let Some(delivery) = consumer.next().await {
            let (_, unsettled) = split(delivery?, self.time_limit);
            unsettled.requeue().await?;
        }
        let close = channel.close(200, "stopped".into());
        self.limit(async { Ok(close.await?) }).await
    }

    async fn limit<T>(&self, work: impl Future<Output = Result<T, BusError>>) -> Result<T, BusError> {
        timeout(self.time_limit, work).await.map_err(|_| BusError::Timeout(self.time_limit))?
    }
}
