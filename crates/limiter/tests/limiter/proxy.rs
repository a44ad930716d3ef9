//! A TCP proxy in front of Redis that can be cut and frozen.

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Forward,
    Cut,
    Freeze,
}

/// Forwards connections until told otherwise.
pub(crate) struct Proxy {
    port: u16,
    mode: watch::Sender<Mode>,
}

impl Proxy {
    /// Listens on a free port in front of the server of `url`, `redis://host:port/database`.
    pub(crate) async fn start(url: &str) -> Self {
        let target = url.trim_start_matches("redis://").split('/').next().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (mode, watched) = watch::channel(Mode::Forward);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, target.clone(), watched.clone()));
            }
        });
        Self { port, mode }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("redis://127.0.0.1:{}{path}", self.port)
    }

    /// Closes every connection, and every new one at once.
    pub(crate) fn cut(&self) {
        self.mode.send_replace(Mode::Cut);
    }

    /// Keeps every connection open and forwards nothing.
    pub(crate) fn freeze(&self) {
        self.mode.send_replace(Mode::Freeze);
    }

    /// Forwards new connections again; those from before stay as they are.
    pub(crate) fn restore(&self) {
        self.mode.send_replace(Mode::Forward);
    }
}

async fn serve(mut client: TcpStream, target: String, mut mode: watch::Receiver<Mode>) {
    if *mode.borrow_and_update() == Mode::Forward {
        let Ok(mut server) = TcpStream::connect(target).await else { return };
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut server) => return,
            _ = mode.changed() => {}
        }
    }
    if *mode.borrow() == Mode::Freeze {
        // Held open until the proxy goes away.
        while mode.changed().await.is_ok() {}
    }
}
