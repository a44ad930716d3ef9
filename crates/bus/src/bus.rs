use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use domain::JobClass;
use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::consumer::Slot;
use crate::events::Subscriber;
use crate::link::{Link, Supervisor};
use crate::publisher::Publisher;
use crate::settle::Policy;
use crate::{BusError, Config, Delivery, EventSubscription, Names, Outcome, Outgoing, Topology, headers};

/// The broker. Clones share two supervised connections, one that publishes and one that consumes.
#[derive(Debug, Clone)]
pub struct Bus {
    names: Names,
    topology: Arc<Topology>,
    publisher: Arc<Publisher>,
    publishing: Link,
    consuming: Link,
    time_limit: Duration,
    closed: CancellationToken,
    /// Ends the supervisors with the last clone.
    _guard: Arc<DropGuard>,
}

impl Bus {
    /// Starts to connect in the background and returns at once. Connections are built with pauses of 0.5
    /// to 30 s, declare the whole topology, and are rebuilt after any error. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`BusError::Url`] only.
    pub fn connect(config: &Config) -> Result<Self, BusError> {
        let names = Names::new(config.namespace.clone());
        let topology = Arc::new(Topology::new(&names, config.max_queue_length));
        let closed = CancellationToken::new();
        let supervisor = Supervisor {
            role: "publish",
            uri: config.uri()?,
            topology: Arc::clone(&topology),
            closed: closed.clone(),
        };
        let publishing = Link::start(supervisor.clone());
        let consuming = Link::start(Supervisor { role: "consume", ..supervisor });
        let publisher = Arc::new(Publisher::new(publishing.clone(), &names, config.confirm_timeout));
        let time_limit = config.confirm_timeout;
        let _guard = Arc::new(closed.clone().drop_guard());
        Ok(Self { names, topology, publisher, publishing, consuming, time_limit, closed, _guard })
    }

    /// Every exchange and queue name.
    #[must_use]
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// What is declared.
    #[must_use]
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// Whether both connections stand and the topology is declared.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.publishing.session().is_ok() && self.consuming.session().is_ok()
    }

    /// Waits until [`Self::is_connected`]; `false` if the bus is closed.
    pub async fn connected(&self) -> bool {
        self.publishing.wait().await.is_some() && self.consuming.wait().await.is_some()
    }

    /// Ends both connections and everything on them. Stop the consumers first: what is in flight when
    /// the connection closes is redelivered.
    pub async fn close(&self) {
        self.closed.cancel();
        self.publishing.ended().await;
        self.consuming.ended().await;
    }

    /// Publishes a persistent message and waits for the broker's confirm. Messages of every exchange but
    /// the events' are `mandatory`: one that reaches no queue is an error.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] at once while there is no connection or the broker is short of disc or
    /// memory; [`BusError::Timeout`] after the confirm timeout (twice that if 32 other publishes were
    /// before it); [`BusError::Unroutable`] and [`BusError::Refused`] as the broker says. After an error
    /// the message may still be in a queue: publish it again, consumers deduplicate.
    pub async fn publish(&self, message: &Outgoing) -> Result<(), BusError> {
        self.publisher.publish(message, None).await
    }

    /// Works on the jobs of `class` with `slots` handlers at a time, each on a channel of its own with
    /// prefetch 1. Reconnects by itself and returns when `stop` is cancelled and the handlers in flight
    /// have ended and are settled; what was delivered and not begun goes back to the queue.
    ///
    /// A handler that panics gives its message back, and the broker dead-letters it after three tries.
    /// Dropping the returned future drops the handlers; the broker redelivers their messages.
    pub async fn consume_jobs<H, F>(
        &self,
        class: JobClass,
        slots: NonZeroU16,
        stop: CancellationToken,
        handler: H,
    ) where
        H: Fn(Delivery) -> F + Send + Sync + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        let (names, publisher) = (self.names.clone(), Arc::clone(&self.publisher));
        let policy = Policy::Jobs { class, names, publisher };
        self.consume(self.names.jobs_queue(class), policy, slots, stop, handler).await;
    }

    /// Works on dead letters, one at a time, like [`Self::consume_jobs`]. `Retry` holds the message for a
    /// while and gives it back; `Reject` drops it for good.
    pub async fn consume_dead_letters<H, F>(&self, stop: CancellationToken, handler: H)
    where
        H: Fn(Delivery) -> F + Send + Sync + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        let queue = self.names.dead_letter_queue();
        self.consume(queue, Policy::DeadLetters, NonZeroU16::MIN, stop, handler).await;
    }

    async fn consume<H, F>(
        &self,
        queue: String,
        policy: Policy,
        slots: NonZeroU16,
        stop: CancellationToken,
        handler: H,
    ) where
        H: Fn(Delivery) -> F + Send + Sync + 'static,
        F: Future<Output = Outcome> + Send + 'static,
    {
        let slot = Slot { link: self.consuming.clone(), queue, policy, time_limit: self.time_limit, stop };
        let handler = Arc::new(handler);
        let mut running = JoinSet::new();
        for _ in 0..slots.get() {
            running.spawn(slot.clone().run(Arc::clone(&handler)));
        }
        running.join_all().await;
    }

    /// Events whose routing key matches `pattern` (`job.*`, `#`), from now on. See [`EventSubscription`].
    #[must_use]
    pub fn subscribe_events(&self, pattern: impl Into<String>) -> EventSubscription {
        let subscriber = Subscriber {
            link: self.consuming.clone(),
            exchange: self.names.events_exchange(),
            pattern: pattern.into(),
            time_limit: self.time_limit,
        };
        subscriber.start()
    }

    /// Messages of `class` that wait for a worker, without those in work.
    ///
    /// # Errors
    /// As the connection and the broker say; never hangs.
    pub async fn queue_depth(&self, class: JobClass) -> Result<u32, BusError> {
        let session = self.consuming.session()?;
        let queue = headers::short("the queue", &self.names.jobs_queue(class))?;
        let ask = async {
            let channel = session.channel().await?;
            let options = QueueDeclareOptions::default().passive();
            let count = channel.queue_declare(queue, options, FieldTable::default()).await?.message_count();
            channel.close(200, "asked".into()).await?;
            Ok(count)
        };
        timeout(self.time_limit, ask).await.map_err(|_| BusError::Timeout(self.time_limit))?
    }
}
