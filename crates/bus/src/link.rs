//! A supervised connection: built in the background, rebuilt after every error.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties, Event};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::backoff::Backoff;
use crate::{BusError, Topology};

/// Building a connection with its topology takes some round trips; a broker that accepts and then says
/// nothing must not hold the supervisor.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// A connection that lived this long was a good one: the next pause is short again.
const GOOD_LIFE: Duration = Duration::from_secs(10);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// One connection's lifetime. Everything built on it ends with it.
#[derive(Debug)]
pub(crate) struct Session {
    connection: Connection,
    lost: CancellationToken,
    idle: Mutex<Vec<Channel>>,
}

impl Session {
    /// A new channel.
    pub(crate) async fn channel(&self) -> Result<Channel, BusError> {
        Ok(self.connection.create_channel().await?)
    }

    /// Gives the connection up: the supervisor builds another.
    pub(crate) fn give_up(&self, reason: &str) {
        if !self.lost.is_cancelled() {
            warn!(reason, "the broker connection is given up");
            self.lost.cancel();
        }
    }

    /// Resolves when the connection is no longer usable.
    pub(crate) async fn lost(&self) {
        self.lost.cancelled().await;
    }

    /// The broker is short of memory or disc and reads nothing from this connection.
    pub(crate) fn blocked(&self) -> bool {
        self.connection.status().blocked()
    }

    /// An idle channel kept by [`Self::keep_idle`].
    pub(crate) fn take_idle(&self) -> Option<Channel> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    pub(crate) fn keep_idle(&self, channel: Channel) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(channel);
    }
}

/// What the supervisor needs.
#[derive(Debug, Clone)]
pub(crate) struct Supervisor {
    pub(crate) role: &'static str,
    pub(crate) uri: AMQPUri,
    pub(crate) topology: Arc<Topology>,
    pub(crate) closed: CancellationToken,
}

/// The current session of a supervised connection, if there is one.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    sessions: watch::Receiver<Option<Arc<Session>>>,
}

impl Link {
    /// Starts the supervisor.
    pub(crate) fn start(supervisor: Supervisor) -> Self {
        let (sender, sessions) = watch::channel(None);
        tokio::spawn(supervisor.run(sender));
        Self { sessions }
    }

    /// The session of this moment.
    pub(crate) fn session(&self) -> Result<Arc<Session>, BusError> {
        let session = self.sessions.borrow().clone();
        session
            .filter(|session| !session.lost.is_cancelled())
            .ok_or(BusError::Unavailable("there is no connection"))
    }

    /// The next session; `None` once the bus is closed.
    pub(crate) async fn wait(&self) -> Option<Arc<Session>> {
        let mut sessions = self.sessions.clone();
        let usable = |session: &Option<Arc<Session>>| {
            session.as_ref().is_some_and(|session| !session.lost.is_cancelled())
        };
        sessions.wait_for(usable).await.ok()?.clone()
    }

    /// Resolves when the supervisor has ended.
    pub(crate) async fn ended(&self) {
        let mut sessions = self.sessions.clone();
        while sessions.changed().await.is_ok() {}
    }
}

impl Supervisor {
    async fn run(self, sessions: watch::Sender<Option<Arc<Session>>>) {
        let mut backoff = Backoff::new();
        while !self.closed.is_cancelled() {
            if let Some(session) = self.connect().await {
                let since = Instant::now();
                sessions.send_replace(Some(Arc::clone(&session)));
                self.watch(&session).await;
                sessions.send_replace(None);
                close(&session).await;
                if since.elapsed() >= GOOD_LIFE {
                    backoff.reset();
                }
            }
            let pause = backoff.pause(rand::random());
            tokio::select! {
                () = self.closed.cancelled() => {}
                () = sleep(pause) => {}
            }
        }
    }

    async fn connect(&self) -> Option<Arc<Session>> {
        let attempt = timeout(CONNECT_TIMEOUT, self.establish());
        let outcome = tokio::select! {
            () = self.closed.cancelled() => return None,
            outcome = attempt => outcome,
        };
        match outcome {
            Ok(Ok(session)) => {
                info!(role = self.role, "connected to the broker");
                Some(Arc::new(session))
            }
            Ok(Err(error)) => {
                warn!(role = self.role, %error, "cannot connect to the broker");
                None
            }
            Err(_) => {
                warn!(role = self.role, "the broker does not answer");
                None
            }
        }
    }

    async fn establish(&self) -> Result<Session, lapin::Error> {
        let properties =
            ConnectionProperties::default().with_connection_name(format!("optimagio {}", self.role).into());
        let connection = Connection::connect_uri(self.uri.clone(), properties).await?;
        let channel = connection.create_channel().await?;
        self.topology.declare(&channel).await?;
        channel.close(200, "topology declared".into()).await?;
        Ok(Session { connection, lost: CancellationToken::new(), idle: Mutex::default() })
    }

    /// Returns when the session is over, for whatever reason. The status is also polled: an error that
    /// happened before we listened is announced to nobody.
    async fn watch(&self, session: &Session) {
        let mut events = Box::pin(session.connection.events_listener());
        let mut poll = tokio::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                () = self.closed.cancelled() => break,
                () = session.lost() => break,
                _ = poll.tick() => {
                    if !session.connection.status().connected() {
                        break;
                    }
                }
                event = events.next() => match event {
                    Some(Event::ConnectionBlocked(reason)) => {
                        warn!(role = self.role, reason, "the broker reads nothing more from this connection");
                    }
                    Some(Event::Error(error)) => {
                        warn!(role = self.role, %error, "the broker connection failed");
                        break;
                    }
                    Some(_) => {}
                    None => break,
                },
            }
        }
        session.lost.cancel();
    }
}

async fn close(session: &Session) {
    session.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    let closing = session.connection.close(200, "closed by the client".into());
    match timeout(CLOSE_TIMEOUT, closing).await {
        Ok(Ok(())) | Err(_) => {}
        Ok(Err(error)) => tracing::debug!(%error, "the connection was closed already"),
    }
}
