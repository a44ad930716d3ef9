use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::{FetchError, Phase};

/// How many of a name's addresses are tried.
const MAX_ATTEMPTS: usize = 4;

/// Connects to the first of the vetted sockets that accepts, each within `limit`.
///
/// This is the only place of the crate that opens a connection, and it takes addresses, not names: nothing
/// can be resolved again between the check and the connection.
pub(crate) async fn dial(sockets: &[SocketAddr], limit: Duration) -> Result<TcpStream, FetchError> {
    let mut failure: Option<io::Error> = None;
    for socket in sockets.iter().take(MAX_ATTEMPTS) {
        match timeout(limit, TcpStream::connect(socket)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failure = Some(error),
            Err(_) => {}
        }
    }
    Err(match failure {
        Some(error) => FetchError::Unreachable(Box::new(error)),
        None => FetchError::Timeout { phase: Phase::Connect, limit },
    })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn the_next_address_is_tried_after_a_refusal() {
        let open = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr();
        let closed = open.unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let sockets = [closed, listener.local_addr().unwrap()];
        let stream = dial(&sockets, Duration::from_secs(5)).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), sockets[1]);
        let refused = dial(&sockets[..1], Duration::from_secs(5)).await;
        assert!(matches!(refused, Err(FetchError::Unreachable(_))));
    }
}
