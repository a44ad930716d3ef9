use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, HOST, TRANSFER_ENCODING,
    USER_AGENT,
};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio::time::timeout;
use url::{Position, Url};

use crate::head_budget::{Budgeted, HeadBudget};
use crate::{Config, FetchError, InvalidAnswer, Phase, UrlFault};

/// The smallest read buffer that hyper accepts.
const MIN_BUFFER_BYTES: usize = 8_192;

/// One response whose head is complete, and the task that feeds its body; dropping it closes the connection.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) response: Response<Incoming>,
    pub(crate) connection: JoinSet<()>,
}

/// Sends the one request of a fresh connection and waits for the head of the final response.
pub(crate) async fn exchange<S>(stream: S, url: &Url, config: &Config) -> Result<Exchange, FetchError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limit = config.first_byte_timeout;
    timeout(limit, head(stream, url, config))
        .await
        .unwrap_or(Err(FetchError::Timeout { phase: Phase::Head, limit }))
}

async fn head<S>(stream: S, url: &Url, config: &Config) -> Result<Exchange, FetchError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let buffer = config.max_header_bytes.max(MIN_BUFFER_BYTES);
    // Twice, because up to one buffer of the body is read together with the head.
    let budget = HeadBudget::new(buffer.saturating_mul(2) as u64);
    let io = TokioIo::new(Budgeted::new(stream, budget.clone()));
    let broken = |source| {
        let (max_bytes, max_lines) = (config.max_header_bytes, config.max_headers);
        FetchError::Invalid(InvalidAnswer::Head { max_bytes, max_lines, source })
    };
    let (mut sender, driver) = http1::Builder::new()
        .max_headers(config.max_headers)
        .max_header_size(config.max_header_bytes)
        .max_buf_size(buffer)
        .handshake(io)
        .await
        .map_err(broken)?;
    let mut connection = JoinSet::new();
    connection.spawn(async move {
        // A failure of the connection also reaches whoever waits for the response or the body.
        let _ = driver.await;
    });
    let response = sender.send_request(request(url, config)?).await.map_err(broken)?;
    budget.lift();
    Ok(Exchange { response, connection })
}

fn request(url: &Url, config: &Config) -> Result<Request<Empty<Bytes>>, FetchError> {
    Request::get(&url[Position::BeforePath..Position::AfterQuery])
        .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
        .header(USER_AGENT, &config.user_agent)
        .header(ACCEPT, "image/*, */*;q=0.5")
        .header(ACCEPT_ENCODING, "identity")
        .header(CONNECTION, "close")
        .body(Empty::new())
        .map_err(|_| FetchError::InvalidUrl(UrlFault::Target))
}

/// Refuses a body that is coded or whose length two headers state differently.
pub(crate) fn vet_head<B>(response: &Response<B>) -> Result<(), FetchError> {
    let headers = response.headers();
    let only = |name, value: &str| {
        headers.get_all(name).iter().all(|given| given.as_bytes().eq_ignore_ascii_case(value.as_bytes()))
    };
    if !only(CONTENT_ENCODING, "identity") {
        return Err(FetchError::Invalid(InvalidAnswer::ContentEncoding));
    }
    let both = headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH);
    if both || !only(TRANSFER_ENCODING, "chunked") {
        return Err(FetchError::Invalid(InvalidAnswer::TransferEncoding));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vet_url;

    #[test]
    fn the_request_holds_nothing_but_the_fixed_headers() {
        let url = Url::parse("https://Example.com:8443/a b?c=d#fragment").unwrap();
        let request = request(&url, &Config::default()).unwrap();
        assert_eq!(request.uri(), "/a%20b?c=d");
        let mut headers: Vec<_> =
            request.headers().iter().map(|(n, v)| (n.as_str(), v.to_str().unwrap())).collect();
        headers.sort_unstable();
        let expected = [
            ("accept", "image/*, */*;q=0.5"),
            ("accept-encoding", "identity"),
            ("connection", "close"),
            ("host", "example.com:8443"),
            ("user-agent", "Optimagio/2.0"),
        ];
        assert_eq!(headers, expected);
    }

    #[test]
    fn only_identity_and_plain_chunks_pass() {
        let verdict = |pairs: &[(&str, &str)]| {
            let builder = pairs.iter().fold(Response::builder(), |b, (name, value)| b.header(*name, *value));
            vet_head(&builder.body(()).unwrap()).is_ok()
        };
        assert!(verdict(&[]));
        assert!(verdict(&[("content-encoding", "Identity"), ("transfer-encoding", "Chunked")]));
        for coding in ["gzip", "br", "zstd", "gzip, gzip", "identity, gzip", ""] {
            assert!(!verdict(&[("content-encoding", coding)]), "{coding:?}");
        }
        assert!(!verdict(&[("content-encoding", "identity"), ("content-encoding", "gzip")]));
        assert!(!verdict(&[("transfer-encoding", "gzip, chunked")]));
        assert!(!verdict(&[("transfer-encoding", "chunked"), ("content-length", "3")]));
    }

    proptest! {
        #[test]
        fn every_vetted_url_can_be_requested(rest in "[!-~é€]{0,60}") {
            if let Ok(url) = vet_url(&format!("https://example.com/{rest}")) {
                let request = request(&url, &Config::default());
                prop_assert!(request.is_ok_and(|request| request.uri().path().starts_with('/')), "{}", url);
            }
        }
    }
}
