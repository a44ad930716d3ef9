use std::collections::BTreeMap;
use std::time::Duration;

/// A message to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// One of [`crate::Names`]'s exchanges.
    pub exchange: String,
    /// A class (`paid`, `free`) for jobs, a topic (`job.completed`) for events.
    pub routing_key: String,
    /// What the consumer deduplicates by; for jobs the job id. At most 255 bytes.
    pub message_id: String,
    /// Text headers; `traceparent` and `tracestate` carry the trace (W3C Trace Context).
    pub headers: BTreeMap<String, String>,
    /// The encoded message.
    pub body: Vec<u8>,
}

/// What a handler gets. It cannot be acknowledged: the handler's [`Outcome`] decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The encoded message.
    pub body: Vec<u8>,
    /// Text headers as published.
    pub headers: BTreeMap<String, String>,
    /// The publisher's message id.
    pub message_id: Option<String>,
    /// The routing key it was published with; for jobs and dead letters the class.
    pub routing_key: String,
    /// The broker delivered it before, to somebody who may or may not have done the work.
    pub redelivered: bool,
    /// How often this queue delivered it before; 0 at the first delivery. A retry starts at 0 again.
    pub delivery_count: u32,
    /// Why it was dead-lettered last; `None` if it never was.
    pub death: Option<Death>,
}

/// The broker's record of a dead-lettering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Death {
    /// `rejected`, `delivery_limit`, `expired` or `maxlen`.
    pub reason: String,
    /// The queue it came from.
    pub queue: String,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The work is done and durable: the message is acknowledged.
    Done,
    /// Another try may succeed. A job waits in the delay queue nearest to `after` (5 s, 30 s, 120 s,
    /// ± 20 %); a dead letter is held for `after`, one minute at most, and goes back to its queue.
    Retry {
        /// How long to wait.
        after: Duration,
    },
    /// The message can never be worked on. A job goes to the dead-letter queue; a dead letter is dropped
    /// for good. The reason goes to the log.
    Reject(String),
}

/// An event, delivered at most once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDelivery {
    /// The topic, such as `job.completed`.
    pub routing_key: String,
    /// The encoded message.
    pub body: Vec<u8>,
    /// Text headers as published.
    pub headers: BTreeMap<String, String>,
}
