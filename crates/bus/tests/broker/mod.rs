//! A namespace of its own on the real broker for each test, and what the tests wait with.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "shared by several test files; tests fail by panicking"
)]

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::time::Duration;

use bus::{Bus, CancellationToken, Config, Delivery, Outcome, Outgoing};
use domain::JobClass;
use lapin::{Connection, ConnectionProperties};
use testkit::{FaultProxy, TestBroker};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long a test waits for something that must happen.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// A bus in a new namespace.
pub(crate) struct Broker {
    pub(crate) bus: Bus,
    pub(crate) config: Config,
}

impl Broker {
    pub(crate) async fn start() -> Self {
        Self::start_on(testkit::broker()).await
    }

    /// With a proxy between the bus and the broker.
    pub(crate) async fn start_behind_proxy() -> (FaultProxy, Self) {
        let direct = testkit::broker();
        let proxy = FaultProxy::start(host_and_port(&direct.url)).await;
        let url = direct.url.replace(host_and_port(&direct.url), &proxy.address().to_string());
        (proxy, Self::start_on(TestBroker { url, ..direct }).await)
    }

    async fn start_on(server: TestBroker) -> Self {
        let mut config = Config::new(server.url.into(), server.namespace);
        config.confirm_timeout = Duration::from_secs(3);
        let bus = Bus::connect(&config).unwrap();
        assert!(timeout(SOON, bus.connected()).await.unwrap());
        Self { bus, config }
    }

    pub(crate) fn job(&self, class: JobClass, id: &str) -> Outgoing {
        Outgoing {
            exchange: self.bus.names().jobs_exchange(),
            routing_key: class.to_string(),
            message_id: id.to_owned(),
            headers: BTreeMap::from([("traceparent".to_owned(), format!("00-{id}"))]),
            body: id.as_bytes().to_vec(),
        }
    }

    pub(crate) fn event(&self, topic: &str) -> Outgoing {
        let exchange = self.bus.names().events_exchange();
        Outgoing { exchange, routing_key: topic.to_owned(), ..self.job(JobClass::Free, topic) }
    }

    /// One slot whose handler reports each delivery and returns what `decide` says.
    pub(crate) fn consume(
        &self,
        class: JobClass,
        decide: impl Fn(&Delivery) -> Outcome + Send + Sync + 'static,
    ) -> Running {
        let (sender, deliveries) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let (bus, token) = (self.bus.clone(), stop.clone());
        let task = tokio::spawn(async move {
            let handler = move |delivery: Delivery| {
                let outcome = decide(&delivery);
                sender.send(delivery).unwrap();
                async move { outcome }
            };
            bus.consume_jobs(class, NonZeroU16::MIN, token, handler).await;
        });
        Running { deliveries, stop, task }
    }

    pub(crate) fn consume_dead_letters(
        &self,
        decide: impl Fn(&Delivery) -> Outcome + Send + Sync + 'static,
    ) -> Running {
        let (sender, deliveries) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let (bus, token) = (self.bus.clone(), stop.clone());
        let task = tokio::spawn(async move {
            let handler = move |delivery: Delivery| {
                let outcome = decide(&delivery);
                sender.send(delivery).unwrap();
                async move { outcome }
            };
            bus.consume_dead_letters(token, handler).await;
        });
        Running { deliveries, stop, task }
    }

    /// Waits until `class` holds exactly `count` ready messages.
    pub(crate) async fn depth_is(&self, class: JobClass, count: u32) {
        let reached = async {
            while self.bus.queue_depth(class).await.unwrap() != count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(SOON, reached).await.unwrap_or_else(|_| panic!("{class} never held {count} messages"));
    }

    /// Closes the bus and deletes the namespace.
    pub(crate) async fn end(self) {
        self.bus.close().await;
        let connection =
            Connection::connect(&testkit::broker().url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        for queue in self.bus.topology().queues() {
            channel.queue_delete(queue.into(), Default::default()).await.unwrap();
        }
        for exchange in self.bus.topology().exchanges() {
            channel.exchange_delete(exchange.into(), Default::default()).await.unwrap();
        }
        connection.close(200, "done".into()).await.unwrap();
    }
}

/// A consumer in the background.
pub(crate) struct Running {
    deliveries: mpsc::UnboundedReceiver<Delivery>,
    pub(crate) stop: CancellationToken,
    pub(crate) task: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn next(&mut self) -> Delivery {
        timeout(SOON, self.deliveries.recv()).await.expect("no delivery came").unwrap()
    }

    /// Nothing else was delivered so far.
    pub(crate) fn is_quiet(&mut self) -> bool {
        self.deliveries.try_recv().is_err()
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        timeout(SOON, self.task).await.expect("the consumer did not stop").unwrap();
    }
}

fn host_and_port(url: &str) -> &str {
    url.split('@').nth(1).unwrap().split('/').next().unwrap()
}
