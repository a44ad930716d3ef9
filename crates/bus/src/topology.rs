use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, ExchangeKind};

use domain::JobClass;

use crate::{Delay, Names};

/// Redeliveries of one message before the broker dead-letters it: 2, so three tries (RELIABILITY D8).
const DELIVERY_LIMIT: i64 = 2;
/// Dead letters are redelivered until their consumer can settle them. Brokers from 4.0 on have a default
/// limit of 20, and 3.10 knows no word for "none".
const NO_DELIVERY_LIMIT: i64 = 1_000_000_000;

/// Exchanges, queues and bindings of a namespace, as data. Declaring is idempotent; an existing queue
/// with other arguments is refused by the broker and stays as it is.
///
/// All queues are quorum queues. RabbitMQ 3.10.8 refuses `x-max-priority` there, so priorities are
/// queues; dead-lettering is at-least-once only together with `reject-publish` (RELIABILITY F9, D8).
#[derive(Debug, Clone)]
pub struct Topology {
    exchanges: Vec<(String, ExchangeKind)>,
    queues: Vec<(String, FieldTable)>,
    bindings: Vec<Binding>,
}

#[derive(Debug, Clone)]
struct Binding {
    queue: String,
    exchange: String,
    routing_key: String,
}

impl Topology {
    /// The topology of `names` with job queues of `max_queue_length` messages.
    #[must_use]
    pub fn new(names: &Names, max_queue_length: u32) -> Self {
        let exchanges = vec![
            (names.jobs_exchange(), ExchangeKind::Direct),
            (names.events_exchange(), ExchangeKind::Topic),
            (names.dead_letter_exchange(), ExchangeKind::Fanout),
            (names.retry_exchange(), ExchangeKind::Direct),
        ];
        let mut this = Self { exchanges, queues: Vec::new(), bindings: Vec::new() };
        let no_limit = [("x-delivery-limit", NO_DELIVERY_LIMIT.into())];
        this.add(names.dead_letter_queue(), quorum(no_limit), names.dead_letter_exchange(), "");
        for class in JobClass::ALL {
            let arguments = job_arguments(names, max_queue_length);
            this.add(names.jobs_queue(class), arguments, names.jobs_exchange(), class.as_str());
            for delay in Delay::ALL {
                let queue = names.delay_queue(class, delay);
                let key = Names::delay_key(class, delay);
                this.add(queue, delay_arguments(names, class, delay), names.retry_exchange(), &key);
            }
        }
        this
    }

    /// Names of all queues.
    pub fn queues(&self) -> impl Iterator<Item = &str> {
        self.queues.iter().map(|(name, _)| name.as_str())
    }

    /// Names of all exchanges.
    pub fn exchanges(&self) -> impl Iterator<Item = &str> {
        self.exchanges.iter().map(|(name, _)| name.as_str())
    }

    /// Declares everything.
    pub(crate) async fn declare(&self, channel: &Channel) -> Result<(), lapin::Error> {
        let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
        for (name, kind) in &self.exchanges {
            let arguments = FieldTable::default();
            channel.exchange_declare(name.as_str().into(), kind.clone(), durable, arguments).await?;
        }
        for (name, arguments) in &self.queues {
            let options = QueueDeclareOptions::durable();
            channel.queue_declare(name.as_str().into(), options, arguments.clone()).await?;
        }
        for Binding { queue, exchange, routing_key } in &self.bindings {
            let names: [ShortString; 3] = [queue, exchange, routing_key].map(|name| name.as_str().into());
            let [queue, exchange, routing_key] = names;
            let (options, arguments) = (QueueBindOptions::default(), FieldTable::default());
            channel.queue_bind(queue, exchange, routing_key, options, arguments).await?;
        }
        Ok(())
    }

    fn add(&mut self, queue: String, arguments: FieldTable, exchange: String, routing_key: &str) {
        self.queues.push((queue.clone(), arguments));
        self.bindings.push(Binding { queue, exchange, routing_key: routing_key.to_owned() });
    }
}

fn job_arguments(names: &Names, max_queue_length: u32) -> FieldTable {
    quorum([
        ("x-delivery-limit", DELIVERY_LIMIT.into()),
        ("x-dead-letter-exchange", text(&names.dead_letter_exchange())),
        ("x-dead-letter-strategy", text("at-least-once")),
        ("x-overflow", text("reject-publish")),
        ("x-max-length", i64::from(max_queue_length).into()),
    ])
}

/// The queue's time to live is the upper end of the jitter; each message carries its own, shorter one.
fn delay_arguments(names: &Names, class: JobClass, delay: Delay) -> FieldTable {
    let longest_ms = i64::try_from(delay.longest().as_millis()).unwrap_or(i64::MAX);
    quorum([
        ("x-message-ttl", longest_ms.into()),
        ("x-dead-letter-exchange", text(&names.jobs_exchange())),
        ("x-dead-letter-routing-key", text(class.as_str())),
        ("x-dead-letter-strategy", text("at-least-once")),
        ("x-overflow", text("reject-publish")),
    ])
}

fn quorum(arguments: impl IntoIterator<Item = (&'static str, AMQPValue)>) -> FieldTable {
    let mut table = FieldTable::default();
    table.insert("x-queue-type".into(), text("quorum"));
    for (name, value) in arguments {
        table.insert(name.into(), value);
    }
    table
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_queue_is_quorum_and_bound_to_a_declared_exchange() {
        let topology = Topology::new(&Names::new("t"), 7);
        assert_eq!(topology.queues().count(), 9);
        for (name, arguments) in &topology.queues {
            assert_eq!(arguments.inner().get("x-queue-type"), Some(&text("quorum")), "{name}");
            assert!(!arguments.contains_key("x-max-priority"), "{name}");
            let strategy = arguments.contains_key("x-dead-letter-strategy");
            assert_eq!(strategy, arguments.contains_key("x-overflow"), "{name}: both or neither");
            assert_eq!(strategy, arguments.contains_key("x-dead-letter-exchange"), "{name}");
        }
        for binding in &topology.bindings {
            assert!(topology.exchanges().any(|name| name == binding.exchange), "{binding:?}");
            assert!(topology.queues().any(|name| name == binding.queue), "{binding:?}");
        }
    }
}
