//! Ending connections whose request body never ends.
//!
//! The server answers such a request at once, but waits for the rest of a chunked body before it closes the
//! connection: without an end of its own a client could hold connections for nothing.

use std::any::Any;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use socket2::{SockRef, Socket};

/// Time for our answer to leave and for the client to hang up by itself.
const GRACE: Duration = Duration::from_secs(5);

/// A second handle of a connection's socket.
#[derive(Clone)]
pub(crate) struct Connection(Arc<Socket>);

/// Remembers the socket of every new connection, for [`Connection::hang_up`].
pub(crate) fn remember(io: &dyn Any, data: &mut Extensions) {
    let cloned = io.downcast_ref::<TcpStream>().map(|stream| SockRef::from(stream).try_clone());
    match cloned {
        Some(Ok(socket)) => {
            data.insert(Connection(Arc::new(socket)));
        }
        Some(Err(error)) => tracing::warn!(%error, "a connection cannot be remembered"),
        None => {}
    }
}

impl Connection {
    /// Ends the connection after a grace, whatever is still to come.
    pub(crate) fn hang_up(&self) {
        let socket = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            tokio::time::sleep(GRACE).await;
            if let Some(socket) = socket.upgrade() {
                // It may be closed already, which is what was wanted.
                let _ = socket.shutdown(Shutdown::Both);
            }
        });
    }
}
