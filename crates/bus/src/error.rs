use std::time::Duration;

/// What can go wrong with the broker. Everything but [`BusError::Url`] and [`BusError::TooLong`] may
/// succeed later.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The URL of the broker cannot be parsed. The URL itself holds a password and is not repeated.
    #[error("AMQP_URL is not an AMQP URL such as amqp://user:password@host:5672/vhost: {0}")]
    Url(String),
    /// There is no usable connection at this moment; one is being built in the background.
    #[error("the message broker is unavailable: {0}")]
    Unavailable(&'static str),
    /// The broker did not answer in time; the message may or may not be in a queue.
    #[error("the message broker did not answer within {0:?}")]
    Timeout(Duration),
    /// No queue takes this message; it was returned.
    #[error("no queue takes a message of exchange {exchange} with routing key {routing_key}")]
    Unroutable {
        /// Where it was published.
        exchange: String,
        /// With which routing key.
        routing_key: String,
    },
    /// The broker refused the message, as a full queue does.
    #[error("the broker refused a message of exchange {exchange} with routing key {routing_key}")]
    Refused {
        /// Where it was published.
        exchange: String,
        /// With which routing key.
        routing_key: String,
    },
    /// A name, key or message id is longer than AMQP's 255 bytes.
    #[error("{what} is longer than the 255 bytes that AMQP permits")]
    TooLong {
        /// Which one.
        what: &'static str,
    },
    /// The delivery went back to its queue because its channel is gone.
    #[error("the delivery cannot be settled: its channel is gone")]
    DeliveryLost,
    /// Everything else that the client library or the broker reports.
    #[error("message broker: {0}")]
    Broker(#[from] lapin::Error),
}
