//! Hosts on loopback that answer what they are told.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fetch::{Config, Download, FetchError, Fetcher, Resolver, Script, TestAllowance};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// What a host does after it has read a request, or before, if it does not read.
#[derive(Clone)]
pub(crate) enum Step {
    /// Sends the bytes.
    Send(Vec<u8>),
    /// Sends the bytes again and again until the peer leaves.
    Forever(Vec<u8>),
    /// Sends the bytes again and again, one piece every so often.
    Drip(Vec<u8>, Duration),
    /// Sends nothing more and keeps the connection open.
    Hold,
}

/// A host whose connections and requests are counted.
pub(crate) struct Host {
    pub(crate) socket: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
    _serving: JoinSet<()>,
}

type Answers = Arc<dyn Fn(&str) -> Vec<Step> + Send + Sync>;

impl Host {
    /// A host that answers every request with the same steps, then closes.
    pub(crate) async fn answering(steps: impl Into<Vec<Step>>) -> Self {
        let steps = steps.into();
        Self::serving(move |_| steps.clone()).await
    }

    /// A host that sends these bytes, then closes.
    pub(crate) async fn sending(bytes: impl Into<Vec<u8>>) -> Self {
        Self::answering([Step::Send(bytes.into())]).await
    }

    /// A host that chooses its steps by the request's target.
    pub(crate) async fn serving(script: impl Fn(&str) -> Vec<Step> + Send + Sync + 'static) -> Self {
        Self::start((Ipv4Addr::LOCALHOST, 0).into(), None, Arc::new(script)).await
    }

    /// The same over TLS.
    pub(crate) async fn over_tls(
        acceptor: TlsAcceptor,
        script: impl Fn(&str) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        Self::start((Ipv4Addr::LOCALHOST, 0).into(), Some(acceptor), Arc::new(script)).await
    }

    /// A host at another loopback address, to which nothing may connect.
    pub(crate) async fn private() -> Self {
        Self::private_on(0).await
    }

    /// The same on a given port.
    pub(crate) async fn private_on(port: u16) -> Self {
        let script = |_: &str| vec![Step::Send(ok("secret"))];
        Self::start((Ipv4Addr::new(127, 0, 0, 2), port).into(), None, Arc::new(script)).await
    }

    async fn start(at: SocketAddr, tls: Option<TlsAcceptor>, script: Answers) -> Self {
        let listener = TcpListener::bind(at).await.unwrap();
        let socket = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let mut serving = JoinSet::new();
        let (count, log) = (Arc::clone(&connections), Arc::clone(&requests));
        serving.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((tcp, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                open.spawn(connection(tcp, tls.clone(), Arc::clone(&script), Arc::clone(&log)));
            }
        });
        Self { socket, connections, requests, _serving: serving }
    }

    /// How many connections came.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The heads of the requests, in lower case.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// A URL of this host by its address.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.socket)
    }

    /// A URL of this host by a name.
    pub(crate) fn named(&self, scheme: &str, name: &str, path: &str) -> String {
        format!("{scheme}://{name}:{}{path}", self.socket.port())
    }
}

async fn connection(tcp: TcpStream, tls: Option<TlsAcceptor>, script: Answers, log: Arc<Mutex<Vec<String>>>) {
    match tls {
        None => converse(tcp, script, log).await,
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(tcp).await {
                converse(stream, script, log).await;
            }
        }
    }
}

async fn converse<S>(mut stream: S, script: Answers, log: Arc<Mutex<Vec<String>>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    log.lock().unwrap().push(head.to_ascii_lowercase());
    let target = head.split(' ').nth(1).unwrap_or_default();
    for step in script(target) {
        if perform(&mut stream, step).await.is_err() {
            return;
        }
    }
    let _ = stream.shutdown().await;
}

/// Ends with an error once the peer has left.
pub(crate) async fn perform<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    step: Step,
) -> std::io::Result<()> {
    match step {
        Step::Send(bytes) => stream.write_all(&bytes).await,
        Step::Forever(bytes) => loop {
            stream.write_all(&bytes).await?;
        },
        Step::Drip(bytes, every) => {
            let mut ticks = tokio::time::interval(every);
            loop {
                ticks.tick().await;
                stream.write_all(&bytes).await?;
                stream.flush().await?;
            }
        }
        Step::Hold => stream.read_u8().await.map(|_| ()),
    }
}

/// A complete response with status 200.
pub(crate) fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// A redirect without a body.
pub(crate) fn redirect(status: u16, location: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n")
        .into_bytes()
}

/// Patient enough for a busy machine; each test shortens the one limit that it is about.
pub(crate) fn config(hosts: &[&Host]) -> Config {
    Config {
        allow_private_for_tests: hosts
            .iter()
            .map(|host| TestAllowance::loopback(host.socket).expect("loopback"))
            .collect(),
        ..Config::default()
    }
}

/// Names that all lead to loopback.
pub(crate) fn names(names: &[&str]) -> Resolver {
    let script = names
        .iter()
        .fold(Script::default(), |script, name| script.answer(name, &[Ipv4Addr::LOCALHOST.into()]));
    Resolver::Scripted(script)
}

pub(crate) fn fetcher(config: Config) -> Fetcher {
    Fetcher::new(config, Resolver::Scripted(Script::default())).unwrap()
}

/// Everything that arrives.
pub(crate) async fn read(mut download: Download) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(chunk) = download.next_chunk().await? {
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Downloads all of it, at most 1,000 bytes.
pub(crate) async fn fetch_all(fetcher: &Fetcher, url: &str) -> Result<String, FetchError> {
    let body = read(fetcher.get(url, 1_000).await?).await?;
    Ok(String::from_utf8(body).unwrap())
}

/// The code with which a download fails; its message never names an address.
pub(crate) async fn code(fetcher: &Fetcher, url: &str) -> &'static str {
    match fetch_all(fetcher, url).await {
        Ok(body) => panic!("{url} gave {body:?}"),
        Err(error) => {
            let rejection = error.rejection();
            assert_eq!(rejection.field.as_deref(), Some("url"));
            assert!(!rejection.message.contains("127.0.0"), "{}", rejection.message);
            assert!(!error.to_string().contains("127.0.0"), "{error}");
            rejection.code.as_str()
        }
    }
}
