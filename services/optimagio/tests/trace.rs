//! One trace from the caller through gateway and queue to the worker, received by a real OTLP endpoint.

#![cfg(test)]

mod system;

use std::sync::{Arc, Mutex};

use domain::Tier;
use reqwest::Method;
use system::{SOON, System};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Collects the bodies of `POST /v1/traces`.
async fn collector() -> (String, Arc<Mutex<Vec<Vec<u8>>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let sink = bodies.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let sink = sink.clone();
            tokio::spawn(async move {
                let mut received = Vec::new();
                let mut chunk = vec![0; 65_536];
                while let Ok(length @ 1..) = socket.read(&mut chunk).await {
                    received.extend_from_slice(&chunk[..length]);
                    while let Some((body, rest)) = split_request(&received) {
                        sink.lock().unwrap().push(body);
                        received = rest;
                        let answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
                        socket.write_all(answer).await.unwrap();
                    }
                }
            });
        }
    });
    (endpoint, bodies)
}

/// The body of the first complete request, and what follows it.
fn split_request(bytes: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let length: usize = text.split("content-length: ").nth(1)?.split("\r\n").next()?.parse().ok()?;
    let end = head + length;
    (bytes.len() >= end).then(|| (bytes[head..end].to_vec(), bytes[end..].to_vec()))
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_joins_gateway_queue_and_worker() {
    let (endpoint, bodies) = collector().await;
    let settings = testkit::settings().await.with("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    let system = System::apart(settings, 1).await;
    let client = system.client(Tier::Pro).await;
    let trace = rand::random::<[u8; 16]>();
    let parent = format!("00-{}-00f067aa0ba902b7-01", hex::encode(trace));
    let part =
        reqwest::multipart::Part::bytes(testkit::images::photo_jpeg(60, 40, 1)).file_name("secret-name.jpg");
    let form = reqwest::multipart::Form::new().part("image", part);
    let request = client.request(Method::POST, "/api/optimize").header("traceparent", parent).multipart(form);
    assert_eq!(request.send().await.unwrap().status(), 200);

    // A span names its trace in raw bytes beside its own name.
    let seen = |name: &[u8]| {
        bodies.lock().unwrap().iter().any(|body| contains(body, name) && contains(body, &trace))
    };
    testkit::wait_until(SOON, "both spans of the trace", async || {
        seen(b"POST /api/optimize") && seen(b"process jobs")
    })
    .await;
    for body in bodies.lock().unwrap().iter() {
        assert!(!contains(body, b"secret-name"), "a file name left in a trace");
        assert!(!contains(body, client.key().as_bytes()), "a key left in a trace");
    }
    let logs = system.logs();
    assert!(!logs.contains("secret-name") && !logs.contains(client.key()));
}
