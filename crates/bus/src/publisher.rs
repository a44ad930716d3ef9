use std::sync::Arc;
use std::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::link::{Link, Session};
use crate::{BusError, Names, Outgoing, headers};

/// Publishes at the same moment. Each has a channel of its own: the client library hands a returned
/// message to whichever confirm comes next on the channel, so two in flight could swap their fates.
const CHANNELS: usize = 32;
const PERSISTENT: u8 = 2;

/// Publishes with confirms.
#[derive(Debug)]
pub(crate) struct Publisher {
    link: Link,
    permits: Semaphore,
    confirm_timeout: Duration,
    events_exchange: String,
}

impl Publisher {
    pub(crate) fn new(link: Link, names: &Names, confirm_timeout: Duration) -> Self {
        let permits = Semaphore::new(CHANNELS);
        Self { link, permits, confirm_timeout, events_exchange: names.events_exchange() }
    }

    /// Publishes one message and waits for the confirm. `expires_after` is the message's time to live.
    ///
    /// A broker without disc stops reading: the wait ends with the time limit. If the broker did not say
    /// that it is blocked, its silence ends the session.
    pub(crate) async fn publish(
        &self,
        message: &Outgoing,
        expires_after: Option<Duration>,
    ) -> Result<(), BusError> {
        self.link.session()?;
        let late = |_| BusError::Timeout(self.confirm_timeout);
        let _permit = timeout(self.confirm_timeout, self.permits.acquire())
            .await
            .map_err(late)?
            .map_err(|_| BusError::Unavailable("the bus is closed"))?;
        let session = self.link.session()?;
        if session.blocked() {
            return Err(BusError::Unavailable("it is short of memory or disc"));
        }
        let attempt = self.publish_on(&session, message, expires_after);
        let outcome = tokio::select! {
            outcome = timeout(self.confirm_timeout, attempt) => outcome.map_err(late),
            () = session.lost() => Err(BusError::Unavailable("the connection was lost")),
        };
        if outcome.is_err() && !session.blocked() {
            session.give_up("no confirm in time");
        }
        outcome?
    }

    async fn publish_on(
        &self,
        session: &Arc<Session>,
        message: &Outgoing,
        expires_after: Option<Duration>,
    ) -> Result<(), BusError> {
        let exchange = headers::short("the exchange", &message.exchange)?;
        let routing_key = headers::short("the routing key", &message.routing_key)?;
        let properties = properties(message, expires_after)?;
        let options = BasicPublishOptions { mandatory: self.is_mandatory(message), ..Default::default() };
        let channel = confirming_channel(session).await?;
        let confirm =
            channel.basic_publish(exchange, routing_key, options, &message.body, properties).await?;
        let confirmation = confirm.await?;
        session.keep_idle(channel);
        verdict(&confirmation, message)
    }

    /// Events may have no listener; everything else must reach a queue.
    fn is_mandatory(&self, message: &Outgoing) -> bool {
        message.exchange != self.events_exchange
    }
}

async fn confirming_channel(session: &Session) -> Result<Channel, BusError> {
    if let Some(channel) = session.take_idle() {
        return Ok(channel);
    }
    let channel = session.channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

fn properties(message: &Outgoing, expires_after: Option<Duration>) -> Result<BasicProperties, BusError> {
    let properties = BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type(ShortString::from("application/protobuf"))
        .with_message_id(headers::short("the message id", &message.message_id)?)
        .with_headers(headers::to_table(&message.headers)?);
    Ok(match expires_after {
        Some(time) => properties.with_expiration(time.as_millis().to_string().into()),
        None => properties,
    })
}

fn verdict(confirmation: &Confirmation, message: &Outgoing) -> Result<(), BusError> {
    let (exchange, routing_key) = (message.exchange.clone(), message.routing_key.clone());
    match confirmation {
        Confirmation::Ack(None) => Ok(()),
        Confirmation::Ack(Some(_)) => Err(BusError::Unroutable { exchange, routing_key }),
        Confirmation::Nack(_) | Confirmation::NotRequested => {
            Err(BusError::Refused { exchange, routing_key })
        }
    }
}
