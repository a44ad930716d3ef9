use std::time::Duration;

use fetch::{Config, FetchError, Phase};

use super::host::{Host, Step, code, config, fetch_all, fetcher, ok, read};

const OK_UNTIL_CLOSED: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";
const OK_CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn an_announced_size_above_the_limit_is_refused_before_the_body() {
    for size in ["1001", "99999999999"] {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n");
        let host = Host::answering([Step::Send(head.into_bytes()), Step::Hold]).await;
        let refused = fetcher(config(&[&host])).get(&host.url("/"), 1_000).await;
        assert!(matches!(refused, Err(FetchError::TooLarge { limit_bytes: 1_000 })), "{size}");
    }
}

#[tokio::test]
async fn exactly_the_limit_passes() {
    let host = Host::sending(ok(&"x".repeat(1_000))).await;
    assert_eq!(fetch_all(&fetcher(config(&[&host])), &host.url("/")).await.unwrap().len(), 1_000);
    let host = Host::sending([OK_UNTIL_CLOSED, &[b'x'; 1_000]].concat()).await;
    assert_eq!(fetch_all(&fetcher(config(&[&host])), &host.url("/")).await.unwrap().len(), 1_000);
    let host = Host::sending([OK_UNTIL_CLOSED, &[b'x'; 1_001]].concat()).await;
    assert_eq!(code(&fetcher(config(&[&host])), &host.url("/")).await, "source_too_large");
}

#[tokio::test]
async fn an_endless_body_is_cut_and_never_gives_more_than_the_limit() {
    for (head, piece) in [(OK_UNTIL_CLOSED, "x".repeat(999)), (OK_CHUNKED, "5\r\nabcde\r\n".repeat(99))] {
        let host = Host::answering([Step::Send(head.to_vec()), Step::Forever(piece.into_bytes())]).await;
        let mut download = fetcher(config(&[&host])).get(&host.url("/"), 100_000).await.unwrap();
        assert_eq!(download.content_length, None);
        let mut received = 0;
        let error = loop {
            match download.next_chunk().await {
                Ok(Some(chunk)) => received += chunk.len(),
                Ok(None) => panic!("an endless body ended"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, FetchError::TooLarge { limit_bytes: 100_000 }), "{error}");
        assert!(received <= 100_000);
        assert!(matches!(download.next_chunk().await, Err(FetchError::TooLarge { .. })));
    }
}

async fn missed(steps: impl Into<Vec<Step>>, change: impl FnOnce(Config) -> Config) -> Phase {
    let host = Host::answering(steps).await;
    let fetcher = fetcher(change(config(&[&host])));
    let error = fetch_all(&fetcher, &host.url("/")).await.unwrap_err();
    assert_eq!(error.rejection().code.as_str(), "source_timeout");
    match error {
        FetchError::Timeout { phase, .. } => phase,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn silence_and_heads_that_never_end_miss_the_first_byte_limit() {
    let short = |config| Config { first_byte_timeout: SHORT, ..config };
    assert_eq!(missed([Step::Hold], short).await, Phase::Head);
    let drip = |text: &str| Step::Drip(text.as_bytes().to_vec(), Duration::from_millis(5));
    assert_eq!(
        missed([Step::Send(b"HTTP/1.1 200 OK\r\n".to_vec()), drip("X: y\r\n")], |config| {
            Config { max_headers: 10_000, ..short(config) }
        })
        .await,
        Phase::Head
    );
    assert_eq!(missed([drip("HTTP/1.1 100 Continue\r\n\r\n")], short).await, Phase::Head);
}

#[tokio::test]
async fn a_body_that_stops_or_drips_misses_the_minimum_rate() {
    let short = |config| Config { rate_window: SHORT, ..config };
    assert_eq!(missed([Step::Send(OK_UNTIL_CLOSED.to_vec()), Step::Hold], short).await, Phase::Rate);
    let drip = Step::Drip(b"x".to_vec(), Duration::from_millis(5));
    assert_eq!(missed([Step::Send(OK_UNTIL_CLOSED.to_vec()), drip], short).await, Phase::Rate);
    let drip = Step::Drip(b"1\r\nx\r\n".to_vec(), Duration::from_millis(5));
    assert_eq!(missed([Step::Send(OK_CHUNKED.to_vec()), drip], short).await, Phase::Rate);
}

#[tokio::test]
async fn a_body_fast_enough_but_endless_misses_the_total_limit() {
    let drip = Step::Drip(b"x".to_vec(), Duration::from_millis(5));
    let phase = missed([Step::Send(OK_UNTIL_CLOSED.to_vec()), drip], |config| Config {
        min_bytes_per_second: 1,
        rate_window: SHORT,
        total_timeout: Duration::from_millis(700),
        ..config
    });
    assert_eq!(phase.await, Phase::Total);
}

#[tokio::test]
async fn a_reader_that_comes_late_finds_the_download_over() {
    let limit = Duration::from_secs(1);
    let host = Host::sending(ok("picture")).await;
    let fetcher = fetcher(Config { total_timeout: limit, ..config(&[&host]) });
    let started = std::time::Instant::now();
    let download = fetcher.get(&host.url("/"), 9).await.unwrap();
    while started.elapsed() <= limit {
        tokio::task::yield_now().await;
    }
    let late = read(download).await;
    assert!(matches!(late, Err(FetchError::Timeout { phase: Phase::Total, .. })), "{late:?}");
}

#[tokio::test]
async fn dropping_a_download_closes_its_connection() {
    let (left, mut gone) = tokio::sync::mpsc::unbounded_channel();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let socket = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = Step::Send(OK_UNTIL_CLOSED.to_vec());
        super::host::perform(&mut stream, head).await.unwrap();
        let _ = super::host::perform(&mut stream, Step::Forever(vec![0; 1_000])).await;
        left.send(()).unwrap();
    });
    let allow = vec![fetch::TestAllowance::loopback(socket).unwrap()];
    let fetcher = fetcher(Config { allow_private_for_tests: allow, ..Config::default() });
    let download = fetcher.get(&format!("http://{socket}/"), u64::MAX).await.unwrap();
    drop(download);
    tokio::time::timeout(Duration::from_secs(10), gone.recv()).await.unwrap().unwrap();
}
