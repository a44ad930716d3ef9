use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::or_fail::OrFail;

/// What the proxy does with connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Bytes flow both ways.
    Forward,
    /// Connections stay open, new ones are accepted, and no byte moves: an overloaded or cut-off peer.
    Stall,
    /// Connections are broken and new ones refused: the server is gone.
    Refuse,
}

/// A TCP proxy on loopback between a client and a server, which a test can break and mend.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    link: watch::Sender<Link>,
    // Every new value breaks the connections that were open before.
    cuts: watch::Sender<u64>,
    task: tokio::task::JoinHandle<()>,
}

impl FaultProxy {
    /// Starts forwarding from a free port to `target`, `host:port`.
    ///
    /// # Panics
    /// If no port can be bound.
    pub async fn start(target: impl Into<String>) -> Self {
        let listener = listen(0).await.or_fail("the fault proxy cannot listen");
        let address = listener.local_addr().or_fail("the fault proxy has no address");
        let (link, links) = watch::channel(Link::Forward);
        let (cuts, cut) = watch::channel(0);
        let target = target.into().into();
        let task = tokio::spawn(accept(Some(listener), address, Route { target, link: links, cut }));
        Self { address, link, cuts, task }
    }

    /// Where the client connects to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what happens from now on. `Refuse` also breaks what is open.
    pub fn set(&self, link: Link) {
        self.link.send_replace(link);
        if link == Link::Refuse {
            self.cut();
        }
    }

    /// Breaks every open connection; new ones are treated as before.
    pub fn cut(&self) {
        self.cuts.send_modify(|count| *count += 1);
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone)]
struct Route {
    target: Arc<str>,
    link: watch::Receiver<Link>,
    cut: watch::Receiver<u64>,
}

async fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// Holds the listener only while connections are welcome, so that the kernel itself refuses them otherwise.
async fn accept(mut listener: Option<TcpListener>, address: SocketAddr, mut route: Route) {
    // The connections end with this task.
    let mut connections = JoinSet::new();
    loop {
        let refuse = *route.link.borrow_and_update() == Link::Refuse;
        if refuse {
            listener = None;
        } else if listener.is_none() {
            listener = Some(listen(address.port()).await.or_fail("the fault proxy lost its port"));
        }
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = route.link.changed() => if changed.is_err() { return },
            accepted = accepted => if let Ok((client, _)) = accepted {
                let mut route = route.clone();
                route.cut.mark_unchanged();
                connections.spawn(connection(client, route));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(client: TcpStream, route: Route) {
    let mut cut = route.cut.clone();
    tokio::select! {
        _ = cut.changed() => {}
        _ = relay(client, route) => {}
    }
}

async fn relay(client: TcpStream, mut route: Route) -> io::Result<()> {
    flowing(&mut route.link).await;
    let server = TcpStream::connect(&*route.target).await?;
    for socket in [&client, &server] {
        socket.set_nodelay(true)?;
        // Closing sends a reset: a broken connection and not a polite end.
        socket.set_zero_linger()?;
    }
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    tokio::try_join!(
        copy(client_reads, server_writes, route.link.clone()),
        copy(server_reads, client_writes, route.link),
    )?;
    Ok(())
}

async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut link: watch::Receiver<Link>,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        flowing(&mut link).await;
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..length]).await?;
    }
}

/// Ready as soon as bytes may move.
async fn flowing(link: &mut watch::Receiver<Link>) {
    if link.wait_for(|link| *link != Link::Stall).await.is_err() {
        std::future::pending().await
    }
}
