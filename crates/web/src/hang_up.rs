//! Ending connections that a client would hold for nothing: those whose request body never ends (the server
//! answers at once, but waits for the rest of a chunked body before it closes), and those whose response is
//! not taken.

use std::any::Any;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use bytes::Bytes;
use socket2::{SockRef, Socket};
use tokio::task::JoinHandle;

/// Time for our answer to leave and for the client to hang up by itself.
const GRACE: Duration = Duration::from_secs(5);

/// A body of this size fits into the buffers of any socket: it is sent whether or not anyone reads it.
const BUFFERED_BYTES: u64 = 16_384;

/// How slowly a client may take a response.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SendLimits {
    /// Time for a response of any size; also the longest that a client may take nothing at all.
    pub(crate) grace: Duration,
    /// Rate at which a larger one must be taken on average.
    pub(crate) bytes_per_second: u64,
}

impl SendLimits {
    fn time_for(self, bytes: u64) -> Duration {
        self.grace + Duration::from_secs(bytes / self.bytes_per_second.max(1))
    }
}

/// A second handle of a connection's socket.
#[derive(Clone)]
pub(crate) struct Connection {
    socket: Arc<Socket>,
    sending: SendLimits,
}

/// Remembers the socket of every new connection, for [`Connection::hang_up`] and [`Connection::watch`].
pub(crate) fn remember(io: &dyn Any, data: &mut Extensions, sending: SendLimits) {
    let Some(stream) = io.downcast_ref::<TcpStream>().map(SockRef::from) else { return };
    // Ends a connection whose peer acknowledges nothing, or keeps its window shut (tcp(7)): what is left of
    // a response in the kernel's buffer when its body has been handed over.
    if let Err(error) = stream.set_tcp_user_timeout(Some(sending.grace)) {
        tracing::warn!(%error, "a connection has no limit for unsent data");
    }
    match stream.try_clone() {
        Ok(socket) => {
            data.insert(Connection { socket: Arc::new(socket), sending });
        }
        Err(error) => tracing::warn!(%error, "a connection cannot be remembered"),
    }
}

impl Connection {
    /// Ends the connection after a grace, whatever is still to come.
    pub(crate) fn hang_up(&self) {
        self.end_after(GRACE);
    }

    /// The same body; if the client has not taken it in time the connection is ended. Streams without a
    /// length are left alone: they last as long as there is news.
    pub(crate) fn watch(&self, body: BoxBody) -> BoxBody {
        match body.size() {
            BodySize::Sized(bytes) if bytes > BUFFERED_BYTES => {
                let timer = Timer(self.end_after(self.sending.time_for(bytes)));
                BoxBody::new(Watched { body, _timer: timer })
            }
            _ => body,
        }
    }

    fn end_after(&self, time: Duration) -> JoinHandle<()> {
        let socket = Arc::downgrade(&self.socket);
        tokio::spawn(async move {
            tokio::time::sleep(time).await;
            if let Some(socket) = socket.upgrade() {
                // It may be closed already, which is what was wanted.
                let _ = socket.shutdown(Shutdown::Both);
            }
        })
    }
}

/// Stopped when dropped.
struct Timer(JoinHandle<()>);

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A body with the timer that lives as long as it does.
struct Watched {
    body: BoxBody,
    _timer: Timer,
}

impl MessageBody for Watched {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}
