//! What must be refused: the code, the field, no 5xx, nothing charged and nothing left behind.

#![cfg(test)]

mod system;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use domain::Tier;
use reqwest::Method;
use serde_json::Value;
use system::{Client, Form, System, files, json};

async fn refused(client: &Client, form: Form, status: u16, code: &str) -> Value {
    let (got, body) = client.optimize(form).await;
    assert_eq!((got, &body["error"]), (status, &code.into()), "{body}");
    assert!(body["message"].as_str().unwrap().len() > 15, "{body}");
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_fields_name_themselves() {
    let system = System::start().await;
    let client = system.client(Tier::Free).await;
    let image = testkit::images::photo_jpeg(32, 32, 1);
    for (name, value) in [
        ("width", "0"),
        ("width", "8001"),
        ("height", "-1"),
        ("height", "12px"),
        ("format", "heic"),
        ("compression", "extreme"),
        ("keep_exif", "perhaps"),
        ("keep_original", "true"),
        ("subscription_tier", "scale"),
    ] {
        let form = Form::image("a.jpg", image.clone()).text(name, value);
        let body = refused(&client, form, 400, "invalid_request").await;
        assert_eq!(body["field"], name);
    }
    let twice = Form::image("a.jpg", image.clone()).text("width", "10").text("resize_width", "20");
    assert_eq!(refused(&client, twice, 400, "invalid_request").await["field"], "width");
    refused(&client, Form::empty().text("width", "10"), 400, "invalid_request").await;
    refused(&client, Form::empty().text("accept_file", "true"), 400, "invalid_request").await;
    let both = Form::image("a.jpg", image).text("url", "http://example.com/a.jpg");
    refused(&client, both, 400, "conflicting_options").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_images_are_refused_without_a_charge_or_a_trace() {
    let system = System::start().await;
    let (account, key) = system.account(Tier::Business).await;
    let client = Client::new(system.base(), Some(key));
    let jpeg = testkit::images::photo_jpeg(200, 200, 2);
    let png = testkit::images::png_rgb(64, 64, 2);
    let mut huge = png.clone();
    huge[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    let crc = crc32fast::hash(&huge[12..29]);
    huge[29..33].copy_from_slice(&crc.to_be_bytes());
    let cases: [(&str, Vec<u8>, &str); 8] = [
        ("empty.jpg", Vec::new(), "unsupported_format"),
        ("page.png", b"<!doctype html><html></html>".to_vec(), "unsupported_format"),
        ("drawing.png", b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(), "unsupported_format"),
        ("half.jpg", jpeg[..jpeg.len() / 2].to_vec(), "invalid_image"),
        ("half.png", png[..png.len() / 2].to_vec(), "invalid_image"),
        ("huge.png", huge, "image_too_large"),
        ("soi.jpg", b"\xff\xd8\xff".to_vec(), "invalid_image"),
        (
            "lying.gif",
            b"GIF89a\x01\x00\x01\x00\x00\x00\x00,\xe8\xfd\xe8\xfd\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
                .to_vec(),
            "image_too_large",
        ),
    ];
    for (name, bytes, code) in cases {
        refused(&client, Form::image(name, bytes), 400, code).await;
    }
    // Bytes win over names and declared types.
    let (status, body) = client.optimize(Form::image("really.png", jpeg)).await;
    assert_eq!((status, &body["data"]["format"]), (200, &"jpeg".into()));
    assert_eq!(system.ledger_rows(account).await, 1, "only the good one is in the ledger");
    assert_eq!(files(&system.roles[0].uploads()), 0);
    assert_eq!(files(&system.roles[0].codec()), 1, "nothing but the lock of the running process");
    system.assert_no_errors_logged();
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_hold_at_the_limit() {
    let settings = testkit::settings().await.with("SYNC_BODY_LIMIT", "300000");
    let system = System::with(settings).await;
    let client = system.client(Tier::Free).await;
    let body = refused(&client, Form::image("a.jpg", vec![0xff; 300_001]), 413, "file_size_exceeded").await;
    assert_eq!(body["limit"], 300_000);
    assert!(body["used"].as_u64().unwrap() > 300_000);
    assert_eq!((&body["current_tier"], &body["next_tier"]), (&"free".into(), &"starter".into()));
    assert!(body["message"].as_str().unwrap().contains("/api/v1/optimize/batch"));
    let mut padded = testkit::images::photo_jpeg(64, 64, 1);
    padded.resize(290_000, 0);
    let (status, _) = client.optimize(Form::image("a.jpg", padded)).await;
    assert_eq!(status, 200, "a body just below the limit is taken");

    // The plan's own limit, with a body cap above it: 10 MB for the free tier.
    let settings = testkit::settings().await.with("SYNC_BODY_LIMIT", "20MB");
    let system = System::with(settings).await;
    let client = system.client(Tier::Free).await;
    let body =
        refused(&client, Form::image("a.jpg", vec![0xff; 10_000_001]), 413, "file_size_exceeded").await;
    assert_eq!(body["limit"], 10_000_000);
    let message = body["message"].as_str().unwrap();
    assert!(message.ends_with("exceeds free tier limit of 10000000 bytes."), "{message}");
    assert_eq!(files(&system.roles[0].uploads()), 0, "a refused upload leaves no file");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_bodies_have_their_own_codes() {
    let system = System::start().await;
    let client = system.client(Tier::Free).await;
    let send = |kind: &'static str, body: &'static str| {
        client.request(Method::POST, "/api/optimize").header("Content-Type", kind).body(body).send()
    };
    for (kind, body, code) in [
        ("multipart/form-data", "x", "invalid_multipart"),
        (
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=\"url\"\r\n\r\nx",
            "invalid_multipart",
        ),
        (
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
            "invalid_multipart",
        ),
        ("multipart/form-data; boundary=b", "garbage", "invalid_multipart"),
        ("text/plain", "url=http://example.com/a.jpg", "invalid_request"),
        ("application/xml", "<url/>", "invalid_request"),
        ("application/json", "[1]", "invalid_request"),
        ("application/json", "{\"url\":{\"deep\":1}}", "invalid_request"),
        ("application/json", "{\"url\":", "invalid_request"),
    ] {
        let (status, answer) = json(send(kind, body).await.unwrap()).await;
        assert_eq!((status, &answer["error"]), (400, &code.into()), "{kind} {body}: {answer}");
    }
    let coded = client.request(Method::POST, "/api/optimize").header("Content-Encoding", "gzip").body("x");
    let (status, answer) = json(coded.send().await.unwrap()).await;
    assert_eq!((status, &answer["error"]), (400, &"unsupported_encoding".into()));
    let two = Form::image("a.jpg", vec![1]).second_image();
    refused(&client, two, 400, "too_many_files").await;

    let wrong_method = client.get("/api/optimize").await;
    assert!(wrong_method.headers()["allow"].to_str().unwrap().contains("POST"));
    let (status, answer) = json(wrong_method).await;
    assert_eq!((status, &answer["error"]), (405, &"method_not_allowed".into()));
    let (status, answer) = json(client.get("/api/nowhere").await).await;
    assert_eq!((status, &answer["error"]), (404, &"not_found".into()));
    system.assert_no_errors_logged();
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_problem_documents_for_those_who_ask() {
    let system = System::start().await;
    let request = system.anonymous().request(Method::GET, "/api/nowhere");
    let request = request.header("Accept", "application/problem+json").header("X-Request-Id", "my-request.1");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.headers()["x-request-id"], "my-request.1");
    let (status, body) = json(response).await;
    assert_eq!(status, 404);
    assert_eq!(body["type"], "/docs/errors#not_found");
    assert_eq!(body["status"], 404);
    assert_eq!(body["error"], "not_found");
    assert_eq!(body["instance"], "urn:request:my-request.1");
    assert_eq!(body["detail"], body["message"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_never_ends_does_not_hold_its_connection() {
    let system = System::start().await;
    let address = system.base().strip_prefix("http://").unwrap().to_owned();
    let heads = [
        "POST /nope HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET /api/health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        "POST /api/optimize HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
    ];
    for head in heads {
        let address = address.clone();
        let ended = tokio::task::spawn_blocking(move || {
            let mut socket = TcpStream::connect(address).unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
            socket.write_all(head.as_bytes()).unwrap();
            let mut answer = Vec::new();
            // Ends with the connection, or with the time-out that the test is about.
            socket.read_to_end(&mut answer).is_ok() && answer.starts_with(b"HTTP/1.1 ")
        })
        .await
        .unwrap();
        assert!(ended, "still open: {head:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_stops_arriving_is_closed_with_408() {
    let settings = testkit::settings().await.with("UPLOAD_RATE_WINDOW_SECONDS", "0.3");
    let system = System::with(settings).await;
    let (_, key) = system.account(Tier::Free).await;
    let address = system.base().strip_prefix("http://").unwrap().to_owned();
    let answer = tokio::task::spawn_blocking(move || {
        let mut socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        write!(
            socket,
            "POST /api/optimize HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nContent-Length: 5000\r\n\
             Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"image\"\r\n\r\nslow"
        )
        .unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    })
    .await
    .unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("\"request_timeout\""), "{answer}");
    assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
    assert_eq!(files(&system.roles[0].uploads()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_loses_its_connection() {
    let settings = testkit::settings()
        .await
        .with("HTTP_SEND_GRACE_SECONDS", "1")
        .with("HTTP_SEND_MIN_BYTES_PER_SECOND", "100MB");
    let system = System::with(settings).await;
    let client = system.client(Tier::Pro).await;
    let image = testkit::images::png_rgb(600, 400, 1);
    let (status, made) = client.optimize(Form::image("a.png", image)).await;
    assert_eq!(status, 200, "{made}");
    let (path, size) =
        (made["data"]["optimized_url"].as_str().unwrap(), made["data"]["size"].as_u64().unwrap());
    // More than the buffers of any socket.
    let (request, wanted) = (format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"), 32_000_000 / size);
    let address = system.base().strip_prefix("http://").unwrap().to_owned();
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket.write_all(request.repeat(usize::try_from(wanted).unwrap()).as_bytes()).unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let received = tokio::task::spawn_blocking(move || {
        let mut answer = Vec::new();
        match socket.read_to_end(&mut answer) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("still open"),
            _ => answer.len() as u64,
        }
    })
    .await
    .unwrap();
    assert!(received < wanted * size, "{received} of {wanted} x {size}");
    assert_eq!(client.get(path).await.bytes().await.unwrap().len() as u64, size, "others are served");
}
