//! Images by URL, in each of the three bodies, from a loopback server that the settings allow.

#![cfg(test)]

mod system;

use std::net::SocketAddr;

use domain::Tier;
use reqwest::Method;
use serde_json::Value;
use system::{Form, System, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Serves `image.jpg`, a page, and a 404 for everything else.
async fn image_server(image: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let image = image.clone();
            tokio::spawn(async move {
                let mut request = vec![0; 4_096];
                let length = socket.read(&mut request).await.unwrap();
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                let (status, kind, body) = match request.split(' ').nth(1).unwrap_or_default() {
                    "/image.jpg" => ("200 OK", "image/jpeg", image),
                    "/login" => ("200 OK", "text/html", b"<!doctype html><title>Log in</title>".to_vec()),
                    _ => ("404 Not Found", "text/plain", b"no".to_vec()),
                };
                let head = format!(
                    "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                socket.write_all(head.as_bytes()).await.unwrap();
                socket.write_all(&body).await.unwrap();
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_examples_work_in_every_body() {
    let source = testkit::images::photo_jpeg(400, 300, 1);
    let address = image_server(source.clone()).await;
    let settings = testkit::settings()
        .await
        .with("FETCH_TEST_ALLOW", address.to_string())
        .with("FETCH_PORTS", format!("80,443,{}", address.port()));
    let system = System::with(settings).await;
    let client = system.client(Tier::Pro).await;
    let url = format!("http://{address}/image.jpg");

    let multipart = Form::empty()
        .text("url", &url)
        .text("compression", "medium")
        .text("storage_commit", "true")
        .text("width", "192")
        .text("height", "108");
    let (status, first) = client.optimize(multipart).await;
    assert_eq!(status, 200, "{first}");
    assert_eq!(first["data"]["src_url"], url);
    assert_eq!(first["original_filename"], "image.jpg");
    assert_eq!(first["original_size"], source.len());
    assert_eq!((&first["data"]["width"], &first["data"]["height"]), (&144.into(), &108.into()));

    let fields =
        [("url", url.as_str()), ("compression", "medium"), ("format", "webp"), ("storage_commit", "true")];
    let (status, urlencoded) =
        json(client.request(Method::POST, "/api/optimize").form(&fields).send().await.unwrap()).await;
    assert_eq!((status, &urlencoded["data"]["format"]), (200, &"webp".into()), "{urlencoded}");

    let body = serde_json::json!({"url": url, "compression": "auto", "format": "webp", "width": 120, "keep_exif": false});
    let (status, answer) =
        json(client.request(Method::POST, "/api/optimize").json(&body).send().await.unwrap()).await;
    assert_eq!((status, &answer["data"]["width"]), (200, &120.into()), "{answer}");

    let (_, upload) = client
        .optimize(
            Form::image("x.jpg", source)
                .text("compression", "medium")
                .text("width", "192")
                .text("height", "108"),
        )
        .await;
    assert_eq!(upload["cached"], true, "the same bytes by upload are the same image");
    assert_eq!(upload["data"]["id"], first["data"]["id"]);

    refused(&client, &format!("http://{address}/missing.jpg"), "source_http_error", Some(404)).await;
    refused(&client, &format!("http://{address}/login"), "unsupported_format", None).await;
    system.assert_no_errors_logged();
}

async fn refused(client: &system::Client, url: &str, code: &str, upstream: Option<u16>) -> Value {
    let (status, body) = client.optimize(Form::empty().text("url", url)).await;
    assert_eq!((status, &body["error"]), (400, &code.into()), "{url}: {body}");
    assert_eq!(body["upstream_status"].as_u64(), upstream.map(u64::from), "{body}");
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn private_addresses_and_odd_urls_are_refused_in_words_that_reveal_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let settings = testkit::settings().await.with("FETCH_PORTS", format!("80,443,{}", address.port()));
    let system = System::with(settings).await;
    let client = system.client(Tier::Pro).await;
    let port = address.port();
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://0x7f.1:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://0.0.0.0:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://metadata.google.internal/".to_owned(),
        "http://10.0.0.1/".to_owned(),
        "http://user:pass@example.com/a.jpg".to_owned(),
        "http://example.com:22/a.jpg".to_owned(),
    ] {
        let (status, body) = client.optimize(Form::empty().text("url", &url)).await;
        assert_eq!((status, &body["error"]), (400, &"url_not_allowed".into()), "{url}: {body}");
    }
    for (url, code) in [
        ("file:///etc/passwd", "unsupported_scheme"),
        ("gopher://example.com/", "unsupported_scheme"),
        ("not a url", "invalid_url"),
        ("http://425.510.425.510/", "invalid_url"),
    ] {
        refused(&client, url, code, None).await;
    }
    let connected = tokio::time::timeout(std::time::Duration::from_millis(50), listener.accept()).await;
    assert!(connected.is_err(), "a refused address was connected to");
    system.assert_no_errors_logged();
}
