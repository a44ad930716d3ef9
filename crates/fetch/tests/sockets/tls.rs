use std::sync::Arc;
use std::time::Duration;

use fetch::{Config, FetchError, Fetcher, Phase};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::TlsAcceptor;

use super::host::{Host, Step, code, config, fetch_all, names, ok, perform, redirect};

const NAME: &str = "images.example";

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// A host whose certificate is for `name`, changed by `change`.
    async fn host(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Host {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        serve(certificate, &key).await
    }
}

async fn serve(certificate: rcgen::Certificate, key: &KeyPair) -> Host {
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(server));
    Host::over_tls(acceptor, |target| {
        vec![Step::Send(if target == "/down" {
            redirect(302, "http://images.example/")
        } else {
            ok("picture")
        })]
    })
    .await
}

fn trusting(authority: &Authority, host: &Host) -> Fetcher {
    let config = Config { extra_ca_pem: Some(authority.pem()), ..config(&[host]) };
    Fetcher::new(config, names(&[NAME, "other.example"])).unwrap()
}

#[tokio::test]
async fn a_host_that_proves_its_name_is_read_over_the_pinned_address() {
    let authority = Authority::new();
    let host = authority.host(NAME, |_| {}).await;
    let fetcher = trusting(&authority, &host);
    for name in [NAME, "IMAGES.example."] {
        assert_eq!(fetch_all(&fetcher, &host.named("https", name, "/")).await.unwrap(), "picture");
    }
    assert_eq!(host.connections(), 2);
}

#[tokio::test]
async fn a_certificate_for_another_name_or_address_is_refused() {
    let authority = Authority::new();
    let host = authority.host(NAME, |_| {}).await;
    let fetcher = trusting(&authority, &host);
    for name in ["other.example", "127.0.0.1"] {
        assert_eq!(code(&fetcher, &host.named("https", name, "/")).await, "source_tls_error", "{name}");
    }
    assert!(host.requests().is_empty());
}

#[tokio::test]
async fn expired_and_future_certificates_are_refused() {
    let authority = Authority::new();
    for (from, until) in [(2001, 2002), (2090, 2091)] {
        let host = authority
            .host(NAME, |params| {
                params.not_before = date_time_ymd(from, 1, 1);
                params.not_after = date_time_ymd(until, 1, 1);
            })
            .await;
        let fetcher = trusting(&authority, &host);
        assert_eq!(code(&fetcher, &host.named("https", NAME, "/")).await, "source_tls_error", "{from}");
        assert!(host.requests().is_empty());
    }
}

#[tokio::test]
async fn self_signed_certificates_and_unknown_authorities_are_refused() {
    let authority = Authority::new();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![NAME.to_owned()]).unwrap().self_signed(&key).unwrap();
    let host = serve(certificate, &key).await;
    assert_eq!(code(&trusting(&authority, &host), &host.named("https", NAME, "/")).await, "source_tls_error");

    let host = Authority::new().host(NAME, |_| {}).await;
    assert_eq!(code(&trusting(&authority, &host), &host.named("https", NAME, "/")).await, "source_tls_error");
    let untrusting = Fetcher::new(config(&[&host]), names(&[NAME])).unwrap();
    assert_eq!(code(&untrusting, &host.named("https", NAME, "/")).await, "source_tls_error");
}

#[tokio::test]
async fn a_redirect_from_https_to_http_is_refused() {
    let authority = Authority::new();
    let host = authority.host(NAME, |_| {}).await;
    let fetcher = trusting(&authority, &host);
    assert_eq!(code(&fetcher, &host.named("https", NAME, "/down")).await, "url_not_allowed");
    assert_eq!(host.connections(), 1);
}

/// A host that performs `steps` as soon as somebody connects, whatever it is asked.
async fn speaking(steps: Vec<Step>) -> RawHost {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let socket = listener.local_addr().unwrap();
    let mut serving = tokio::task::JoinSet::new();
    serving.spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        for step in steps {
            let _ = perform(&mut stream, step).await;
        }
        let mut rest = [0; 1_024];
        while matches!(tokio::io::AsyncReadExt::read(&mut stream, &mut rest).await, Ok(1..)) {}
    });
    let allow = vec![fetch::TestAllowance::loopback(socket).unwrap()];
    let config = Config {
        allow_private_for_tests: allow,
        connect_timeout: Duration::from_millis(500),
        ..Config::default()
    };
    let fetcher = Fetcher::new(config, names(&[NAME])).unwrap();
    RawHost { fetcher, url: format!("https://{NAME}:{}/", socket.port()), _serving: serving }
}

struct RawHost {
    fetcher: Fetcher,
    url: String,
    _serving: tokio::task::JoinSet<()>,
}

#[tokio::test]
async fn tls_1_0_and_what_is_no_tls_are_refused() {
    // ServerHello of TLS 1.0 with TLS_RSA_WITH_AES_128_CBC_SHA, no session, no extensions.
    let mut hello = vec![0x16, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1];
    hello.extend([7; 32]);
    hello.extend([0, 0, 0x2f, 0]);
    let alert = vec![0x15, 3, 1, 0, 2, 2, 70];
    for bytes in [hello, alert, b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()] {
        let raw = speaking(vec![Step::Send(bytes)]).await;
        assert_eq!(code(&raw.fetcher, &raw.url).await, "source_tls_error");
    }
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_cut() {
    let raw = speaking(Vec::new()).await;
    let error = fetch_all(&raw.fetcher, &raw.url).await.unwrap_err();
    assert!(matches!(error, FetchError::Timeout { phase: Phase::Handshake, .. }), "{error}");
}
