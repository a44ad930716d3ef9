use super::servers::{unique, variable};

/// A namespace of one test on the shared RabbitMQ.
#[derive(Debug, Clone)]
pub struct TestBroker {
    /// `amqp://…`
    pub url: String,
    /// The prefix of every queue and exchange of this test.
    pub namespace: String,
}

/// A fresh namespace on the shared RabbitMQ; the broker itself is not contacted.
///
/// # Panics
/// If the tests run without `scripts/test`.
#[must_use]
pub fn broker() -> TestBroker {
    TestBroker { url: variable("TEST_AMQP_URL"), namespace: format!("test-{}", unique()) }
}
