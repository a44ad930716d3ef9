use fetch::{FetchError, InvalidAnswer};

use super::host::{Host, Step, code, config, fetch_all, fetcher};

async fn failure(answer: impl Into<Vec<u8>>) -> FetchError {
    let host = Host::sending(answer).await;
    fetch_all(&fetcher(config(&[&host])), &host.url("/")).await.unwrap_err()
}

fn with_headers(headers: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: 3\r\n\r\nabc")
}

#[tokio::test]
async fn only_status_200_is_a_source() {
    for status in
        [101, 201, 203, 204, 205, 206, 300, 302, 304, 305, 400, 401, 403, 404, 410, 429, 500, 503, 999]
    {
        let error =
            failure(format!("HTTP/1.1 {status} Text\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")).await;
        assert_eq!(error.upstream_status(), Some(status));
        assert_eq!(error.rejection().code.as_str(), "source_http_error");
    }
}

#[tokio::test]
async fn any_content_coding_is_refused_before_the_body() {
    for coding in ["gzip", "br", "zstd", "deflate", "gzip, gzip", "x-unknown", ""] {
        let error = failure(with_headers(&format!("Content-Encoding: {coding}\r\n"))).await;
        assert!(matches!(error, FetchError::Invalid(InvalidAnswer::ContentEncoding)), "{coding}: {error}");
    }
}

#[tokio::test]
async fn ambiguous_framing_is_refused() {
    for headers in [
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Content-Length: 4\r\n",
        "Content-Length: x\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 99999999999999999999999\r\n",
    ] {
        assert_eq!(
            failure(with_headers(headers)).await.rejection().code.as_str(),
            "source_invalid",
            "{headers}"
        );
    }
}

#[tokio::test]
async fn what_is_not_http_1_is_refused() {
    for answer in [
        "",
        "<html>HTTP/0.9</html>",
        "picture",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbroken header\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\nfolded",
    ] {
        let error = failure(answer).await;
        assert!(matches!(error, FetchError::Invalid(InvalidAnswer::Head { .. })), "{answer:?}: {error}");
    }
}

#[tokio::test]
async fn broken_and_incomplete_bodies_are_refused() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let flood = format!("0\r\n{}\r\n", "T: u\r\n".repeat(10_000));
    let extension = format!("3;{}\r\nabc\r\n0\r\n\r\n", "x".repeat(100_000));
    for body in [
        "zz\r\nabc\r\n",
        "fffffffffffffffff\r\nabc",
        "3\r\nabcX",
        "3\r\nabc\r\n",
        "-1\r\n",
        &flood,
        &extension,
    ] {
        let error = failure(format!("{chunked}{body}")).await;
        assert!(matches!(error, FetchError::Invalid(InvalidAnswer::Body(_))), "{error}");
    }
    let short = failure("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc").await;
    assert!(matches!(short, FetchError::Invalid(InvalidAnswer::Body(_))), "{short}");
}

#[tokio::test]
async fn heads_beyond_their_limits_are_refused() {
    let big = "x".repeat(64_000);
    for answer in [
        with_headers(&format!("X: {big}\r\n")),
        with_headers(&"X: y\r\n".repeat(1_000)),
        with_headers(&"X: y\r\n".repeat(100)),
        format!("HTTP/1.1 302 Found\r\nLocation: /{big}\r\n\r\n"),
        format!("HTTP/1.1 200 {big}\r\n\r\n"),
    ] {
        let error = failure(answer).await;
        let rejection = error.rejection();
        assert_eq!(rejection.code.as_str(), "source_invalid");
        assert!(rejection.message.contains("32768 bytes and 100 lines"), "{}", rejection.message);
    }
    let host = Host::sending(with_headers(&"X: y\r\n".repeat(99))).await;
    assert_eq!(fetch_all(&fetcher(config(&[&host])), &host.url("/")).await.unwrap(), "abc");
}

#[tokio::test]
async fn endless_heads_are_cut() {
    for endless in ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"] {
        let host = Host::answering([Step::Forever(endless.as_bytes().repeat(50))]).await;
        assert_eq!(code(&fetcher(config(&[&host])), &host.url("/")).await, "source_invalid");
    }
    let host =
        Host::answering([Step::Send(b"HTTP/1.1 200 OK\r\n".to_vec()), Step::Forever(b"X: y\r\n".to_vec())])
            .await;
    assert_eq!(code(&fetcher(config(&[&host])), &host.url("/")).await, "source_invalid");
}
