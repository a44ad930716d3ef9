//! A store that refuses, is not there, or does not answer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod server;

use std::time::{Duration, Instant};

use blob::{Blob, BlobError, Config};
use bytes::Bytes;
use server::source;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// All attempts together, with the limit of 5 s that is the default.
const LIMIT: Duration = Duration::from_secs(6);

async fn assert_unavailable(config: Config) {
    let blob = Blob::connect(&config).await;
    let since = Instant::now();
    let error = blob.put_bytes(&source(b"x"), Bytes::from_static(b"x"), "image/png").await.unwrap_err();
    assert!(matches!(error, BlobError::Unavailable { .. }), "{error:?}");
    assert!(since.elapsed() < LIMIT, "{:?}", since.elapsed());
}

/// Accepts connections, answers each with `answer` after its head, and keeps it open.
async fn fake(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(answer.as_bytes()).await;
            open.push(stream);
        }
    });
    url
}

#[tokio::test]
async fn wrong_credentials_are_refused_for_good() {
    let mut config = server::config().await;
    let right = Blob::connect(&config).await;
    config.keys.as_mut().unwrap().secret_access_key = "wrong".to_owned().into();
    let wrong = Blob::connect(&config).await;
    let key = source(b"x");
    let error = wrong.put_bytes(&key, Bytes::from_static(b"x"), "image/png").await.unwrap_err();
    assert!(matches!(error, BlobError::Other { .. }), "{error:?}");
    assert!(error.to_string().contains("SignatureDoesNotMatch"), "{error}");
    assert_eq!(right.head(&key.to_string()).await.unwrap(), None);
}

#[tokio::test]
async fn a_closed_port_is_unavailable() {
    assert_unavailable(Config { endpoint: Some("http://127.0.0.1:1".into()), ..server::config().await })
        .await;
}

#[tokio::test]
async fn a_server_that_never_answers_is_unavailable() {
    assert_unavailable(Config { endpoint: Some(fake("").await), ..server::config().await }).await;
}

#[tokio::test]
async fn a_server_error_is_unavailable() {
    let answer = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    assert_unavailable(Config { endpoint: Some(fake(answer).await), ..server::config().await }).await;
}

#[tokio::test]
async fn a_body_that_ends_early_is_unavailable_and_leaves_no_file() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\nconnection: close\r\n\r\nabc";
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let blob = Blob::connect(&Config { endpoint: Some(url), ..server::config().await }).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let error = blob.get_to_file("sources/x", &path).await.unwrap_err();
    assert!(matches!(error, BlobError::Unavailable { .. }), "{error:?}");
    assert!(!path.exists());
}
