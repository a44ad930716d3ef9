use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use s3s::auth::SimpleAuth;
use s3s::path::check_bucket_name;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::{TcpListener, TcpStream};

/// How long requests in flight may take after the order to stop.
const DRAIN: Duration = Duration::from_secs(5);

/// The one pair of keys that the server accepts.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The access key id.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: String,
}

/// Whether small segments wait for the acknowledgement of the one before (Nagle's algorithm, RFC 896).
///
/// Together with the peer's delayed acknowledgements it costs 40 ms for every answer whose head and body
/// leave in two writes, so only a measurement wants it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TcpDelay {
    /// `TCP_NODELAY` is set.
    Off,
    /// The kernel's default.
    On,
}

/// Makes sure that `bucket` is one of the buckets under `root`: a folder, for `s3s-fs`.
///
/// # Errors
/// The name is not a bucket's (3 to 63 of `a-z`, `0-9`, `.`, `-`), or the folder cannot be made.
pub fn create_bucket(root: &Path, bucket: &str) -> Result<()> {
    if !check_bucket_name(bucket) {
        bail!("{bucket:?} is not a name for a bucket");
    }
    std::fs::create_dir_all(root.join(bucket)).with_context(|| format!("cannot create bucket {bucket}"))
}

/// A bound server that does not serve yet.
pub struct Server {
    listener: TcpListener,
    service: S3Service,
    delay: TcpDelay,
}

impl Server {
    /// Binds `listen` and opens `root`, the directory with one folder a bucket.
    ///
    /// # Errors
    /// The address is taken or `root` is not a usable directory.
    pub async fn bind(listen: SocketAddr, root: &Path, keys: Keys, delay: TcpDelay) -> Result<Self> {
        let files =
            FileSystem::new(root).map_err(|error| anyhow!("cannot use {}: {error:?}", root.display()))?;
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(keys.access_key_id, keys.secret_access_key));
        let listener =
            TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
        Ok(Self { listener, service: builder.build(), delay })
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// The operating system does not tell.
    pub fn local_addr(&self) -> Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Serves until `stop` is ready, then finishes what is in flight.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let http = Builder::new(TokioExecutor::new());
        let graceful = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let socket = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = stop.as_mut() => break,
            };
            match socket.and_then(|(socket, _)| self.configured(socket)) {
                Ok(socket) => {
                    let connection = http.serve_connection(TokioIo::new(socket), self.service.clone());
                    let connection = graceful.watch(connection.into_owned());
                    tokio::spawn(async move {
                        if let Err(error) = connection.await {
                            tracing::debug!(%error, "a connection ended early");
                        }
                    });
                }
                Err(error) => tracing::warn!(%error, "a connection could not be accepted"),
            }
        }
        if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
            tracing::warn!("requests were still in flight at the end");
        }
    }

    fn configured(&self, socket: TcpStream) -> std::io::Result<TcpStream> {
        socket.set_nodelay(self.delay == TcpDelay::Off)?;
        Ok(socket)
    }
}
