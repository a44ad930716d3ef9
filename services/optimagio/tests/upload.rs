//! The main path over HTTP: uploads, every format, caching, and reading the result.

#![cfg(test)]

mod system;

use std::io::Cursor;

use domain::Tier;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use system::{Client, Form, System, json};

fn decoded(bytes: &[u8]) -> image::DynamicImage {
    image::ImageReader::new(Cursor::new(bytes)).with_guessed_format().unwrap().decode().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_becomes_smaller_and_a_repeat_costs_no_work() {
    let system = System::start().await;
    let client = system.client(Tier::Business).await;
    let source = testkit::images::photo_jpeg(640, 480, 1);
    let form = || {
        Form::image("holiday photo.jpg", source.clone())
            .text("format", "webp")
            .text("compression", "max")
            .text("width", "320")
            .text("storage_commit", "true")
    };
    let response = client.post(form()).await;
    let timing = response.headers()["server-timing"].to_str().unwrap().to_owned();
    for part in ["fetch;dur=", "queue;dur=", "codec;dur=", "store;dur="] {
        assert!(timing.contains(part), "{timing}");
    }
    assert!(response.headers().contains_key("x-request-id"));
    let (status, body) = json(response).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!((&body["success"], &body["cached"]), (&true.into(), &false.into()));
    assert_eq!(body["original_filename"], "holiday photo.jpg");
    assert_eq!(body["original_size"], source.len());
    assert_eq!(body["data"]["src_url"], Value::Null);
    assert_eq!((&body["data"]["width"], &body["data"]["height"]), (&320.into(), &240.into()));
    assert_eq!(body["data"]["format"], "webp");
    assert_eq!(body["data"]["size"], body["optimized_size"]);
    let id = body["data"]["id"].as_str().unwrap();
    assert!(id.starts_with("v2-") && id.ends_with("-cmax-w0320-h0000-webp-exiffalse"), "{id}");
    assert_eq!(body["data"]["optimized_url"], format!("/api/images/{id}"));
    let after = body["optimized_size"].as_u64().unwrap();
    assert!(after < source.len() as u64);
    #[allow(clippy::cast_precision_loss, reason = "sizes of a small picture")]
    let saved = (1.0 - after as f64 / source.len() as f64) * 100.0;
    assert_eq!(body["compression_ratio"], format!("{saved:.1}% saved"));
    assert_eq!(body["percent"].as_f64().unwrap(), saved.round());

    let image = decoded(&system.anonymous().download(&body).await);
    assert_eq!((image.width(), image.height()), (320, 240));

    let (_, again) = client.optimize(form()).await;
    assert_eq!(again["cached"], true);
    assert_eq!(again["data"]["id"], id);
    assert_eq!(again["data"]["processed_at"], body["data"]["processed_at"]);
    system.assert_no_errors_logged();
}

#[tokio::test(flavor = "multi_thread")]
async fn identical_requests_at_once_do_the_work_once() {
    let system = System::start().await;
    let client = system.client(Tier::Pro).await;
    let source = testkit::images::photo_jpeg(300, 250, 2);
    let requests =
        (0..8).map(|_| client.optimize(Form::image("a.jpg", source.clone()).text("format", "avif")));
    let answers = futures_util::future::join_all(requests).await;
    let first = &answers[0].1["data"]["id"];
    for (status, body) in &answers {
        assert_eq!(*status, 200, "{body}");
        assert_eq!(&body["data"]["id"], first);
    }
    let line = system.roles[0].logged("worker is working").await;
    let address = line["fields"]["metrics"].as_str().unwrap().to_owned();
    let metrics = Client::new(&format!("http://{address}"), None).get("/metrics").await.text().await.unwrap();
    assert!(metrics.contains("imgopt_jobs_total{outcome=\"completed\"} 1\n"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_input_goes_into_every_output() {
    let system = System::start().await;
    let client = system.client(Tier::Business).await;
    let avif = {
        let form = Form::image("a.png", testkit::images::png_rgb(120, 90, 9)).text("format", "avif");
        client.download(&client.optimize(form).await.1).await
    };
    let inputs = [
        ("a.jpeg", testkit::images::photo_jpeg(120, 90, 3)),
        ("a.png", testkit::images::png_rgba(120, 90, 3)),
        ("a.webp", testkit::images::webp(120, 90, 3)),
        ("a.gif", testkit::images::gif_animated(120, 90, 3)),
        ("a.avif", avif),
        ("a.tiff", testkit::images::tiff(120, 90, 3)),
        ("a.bmp", testkit::images::bmp(120, 90, 3)),
    ];
    for (name, bytes) in inputs {
        for format in ["jpeg", "png", "webp", "gif", "avif", "auto"] {
            let form = Form::image(name, bytes.clone()).text("format", format);
            let (status, body) = client.optimize(form).await;
            assert_eq!(status, 200, "{name} to {format}: {body}");
            assert_eq!((&body["data"]["width"], &body["data"]["height"]), (&120.into(), &90.into()));
            let result = client.download(&body).await;
            let header = container::inspect_bytes(&result).unwrap();
            assert_eq!(header.format.as_str(), body["data"]["format"].as_str().unwrap());
            assert!(format == "auto" || body["data"]["format"] == format, "{name} to {format}: {body}");
        }
        let (_, kept) = client.optimize(Form::image(name, bytes)).await;
        let own = name.rsplit_once('.').unwrap().1;
        let only_read = ["tiff", "bmp"].contains(&own);
        assert!(
            only_read || kept["data"]["format"] == own,
            "without `format` the source's own is kept: {kept}"
        );
    }
    system.assert_no_errors_logged();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_read_with_validators_ranges_and_a_guard_against_embedding() {
    let system = System::start().await;
    let client = system.client(Tier::Starter).await;
    let form = Form::image("Größe \"1\".png", testkit::images::png_rgb(200, 100, 4)).text("format", "jpeg");
    let (_, body) = client.optimize(form).await;
    let path = body["data"]["optimized_url"].as_str().unwrap();
    let anonymous = system.anonymous();

    let whole = anonymous.get(path).await;
    let header = |name: &str| whole.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "image/jpeg");
    assert_eq!(header("cache-control"), "private, no-cache, max-age=0, must-revalidate");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-security-policy").ends_with("sandbox"));
    assert_eq!(header("cross-origin-resource-policy"), "same-site");
    assert_eq!(header("accept-ranges"), "bytes");
    let disposition = header("content-disposition");
    assert!(disposition.starts_with("inline; filename=\"Gr"), "{disposition}");
    assert!(disposition.contains("filename*=UTF-8''Gr%C3%B6%C3%9Fe"), "{disposition}");
    let etag = header("etag");
    let bytes = whole.bytes().await.unwrap();

    let head = anonymous.request(Method::HEAD, path).send().await.unwrap();
    assert_eq!(head.headers()["content-length"], bytes.len().to_string().as_str());
    assert!(head.bytes().await.unwrap().is_empty());

    let ask =
        |name: &'static str, value: &str| anonymous.request(Method::GET, path).header(name, value).send();
    let unchanged = ask("If-None-Match", &etag).await.unwrap();
    assert_eq!(unchanged.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(unchanged.headers()["etag"], etag.as_str());
    assert_eq!(unchanged.headers()["cache-control"], "private, no-cache, max-age=0, must-revalidate");

    let range = ask("Range", "bytes=10-19").await.unwrap();
    assert_eq!(range.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(range.headers()["content-range"], format!("bytes 10-19/{}", bytes.len()).as_str());
    assert_eq!(range.bytes().await.unwrap(), bytes.slice(10..20));
    let outside = ask("Range", "bytes=99999999-").await.unwrap();
    assert_eq!(outside.status(), StatusCode::RANGE_NOT_SATISFIABLE);

    let (status, body) = json(ask("Sec-Fetch-Site", "cross-site").await.unwrap()).await;
    assert_eq!((status, &body["error"]), (403, &"cross_site_blocked".into()));
    for missing in ["/api/images/nonsense", &path.replace("-w0000", "-w0100"), "/api/images/v2-..%2F..%2Fx"] {
        let (status, body) = json(anonymous.get(missing).await).await;
        assert_eq!((status, &body["error"]), (404, &"not_found".into()), "{missing}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_never_sees_what_is_cached() {
    let system = System::start().await;
    let (one, two) = (system.client(Tier::Free).await, system.client(Tier::Free).await);
    let source = testkit::images::photo_jpeg(64, 64, 5);
    let (_, first) = one.optimize(Form::image("a.jpg", source.clone())).await;
    let (_, second) = two.optimize(Form::image("a.jpg", source)).await;
    assert_eq!(second["cached"], false);
    assert_ne!(first["data"]["id"], second["data"]["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_prefers_it_gets_a_job_instead_of_a_wait() {
    let system = System::start().await;
    let client = system.client(Tier::Pro).await;
    let request = client.request(Method::POST, "/api/optimize").header("Prefer", "respond-async, wait=0");
    let part = reqwest::multipart::Part::bytes(testkit::images::photo_jpeg(800, 600, 6)).file_name("big.jpg");
    let form = reqwest::multipart::Form::new().part("image", part).text("format", "avif");
    let response = request.multipart(form).send().await.unwrap();
    assert_eq!(response.headers()["preference-applied"], "respond-async");
    let (status, body) = json(response).await;
    assert_eq!(status, 202, "{body}");
    let status_url = body["status_url"].as_str().unwrap().to_owned();
    assert_eq!(status_url, format!("/api/v1/jobs/{}", body["job_id"].as_str().unwrap()));
    let mut job = Value::Null;
    testkit::wait_until(system::SOON, "the job to end", async || {
        job = json(client.get(&status_url).await).await.1;
        job["status"] == "completed"
    })
    .await;
    assert_eq!(job["progress"], 100);
    let result = client.get(job["result_url"].as_str().unwrap()).await;
    assert_eq!(result.status(), 200);
    let stranger = system.client(Tier::Pro).await;
    assert_eq!(json(stranger.get(&status_url).await).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_states_the_visual_quality() {
    let system = System::start().await;
    let client = system.client(Tier::Pro).await;
    let source = testkit::images::png_rgb(160, 120, 5);
    let form = || Form::image("a.png", source.clone());
    let (status, level) = client.optimize(form().text("format", "webp").text("compression", "medium")).await;
    assert_eq!(status, 200, "{level}");
    assert!(level["data"]["quality_score"].as_f64().unwrap() >= 80.0, "{level}");
    assert!(level["data"]["quality"].is_number() && level["data"]["encoder"] == "libwebp", "{level}");

    let (status, asked) = client.optimize(form().text("format", "webp").text("target_score", "60")).await;
    assert_eq!(status, 200, "{asked}");
    let id = asked["data"]["id"].as_str().unwrap();
    assert!(id.contains("-cauto-w0000-h0000-webp-exiffalse-o"), "{id}");
    assert!(asked["data"]["size"].as_u64() < level["data"]["size"].as_u64(), "{asked}");
    let (_, again) = client.optimize(form().text("format", "webp").text("target_score", "60.0")).await;
    assert_eq!((&again["cached"], &again["data"]), (&true.into(), &asked["data"]));

    let (status, square) = client
        .optimize(
            form().text("width", "50").text("height", "50").text("fit", "cover").text("gravity", "attention"),
        )
        .await;
    assert_eq!((status, &square["data"]["width"], &square["data"]["height"]), (200, &50.into(), &50.into()));
    let image = decoded(&client.download(&square).await);
    assert_eq!((image.width(), image.height()), (50, 50));

    let (status, refused) = client.optimize(form().text("quality", "80").text("target_bytes", "5000")).await;
    assert_eq!((status, &refused["error"]), (400, &"conflicting_options".into()), "{refused}");
    let (status, refused) = client.optimize(form().text("format", "webp").text("target_bytes", "100")).await;
    assert_eq!((status, &refused["field"]), (400, &"target_bytes".into()), "{refused}");
    system.assert_no_errors_logged();
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_stays_within_what_the_client_accepts() {
    let system = System::start().await;
    let client = system.client(Tier::Pro).await;
    let source = testkit::images::photo_jpeg(200, 150, 9);
    let formats = ["image/webp,*/*", "image/jpeg", "*/*"].map(|accept| {
        let (client, source) = (client.clone(), source.clone());
        async move {
            let form = Form::image("a.jpg", source).text("format", "auto");
            let response = client.post_with(form, "Accept", accept).await;
            assert_eq!(response.headers()["vary"], "Accept");
            system::json(response).await.1["data"]["format"].as_str().unwrap().to_owned()
        }
    });
    let [webp, jpeg, free] = futures_util::future::join_all(formats).await.try_into().unwrap();
    assert_ne!(webp, "avif");
    assert_eq!(jpeg, "jpeg");
    assert!(["avif", "webp", "jpeg"].contains(&free.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn variants_are_made_side_by_side_and_billed_one_by_one() {
    let system = System::start().await;
    let (account, key) = system.account(Tier::Pro).await;
    let client = Client::new(system.base(), Some(key));
    let source = testkit::images::photo_jpeg(240, 180, 4);
    let variants = r#"[{"width":60},{"width":120},{"width":120,"format":"avif"},{"width":60}]"#;
    let form = || Form::image("a.jpg", source.clone()).text("format", "webp").text("variants", variants);
    let (status, body) = client.optimize(form()).await;
    assert_eq!(status, 200, "{body}");
    let list = body["variants"].as_array().unwrap();
    let widths: Vec<_> = list.iter().map(|one| one["data"]["width"].as_u64().unwrap()).collect();
    assert_eq!(widths, [60, 120, 120, 60]);
    assert_eq!(list[0]["data"]["id"], list[3]["data"]["id"], "the same wish is the same result");
    for one in list {
        let header = container::inspect_bytes(&client.download(one).await).unwrap();
        assert_eq!(header.width, one["data"]["width"].as_u64().unwrap() as u32);
    }
    let webp = body["srcset"]["image/webp"].as_str().unwrap();
    assert!(webp.contains(" 60w, /api/images/") && webp.ends_with(" 120w"), "{webp}");
    assert!(body["srcset"]["image/avif"].as_str().unwrap().ends_with(" 120w"), "{body}");
    assert_eq!(system.ledger_rows(account).await, 3, "one row for each result");

    let (_, again) = client.optimize(form()).await;
    assert!(again["variants"].as_array().unwrap().iter().all(|one| one["cached"] == true), "{again}");
    assert_eq!(system.ledger_rows(account).await, 3);

    let bad = Form::image("a.jpg", source.clone()).text("variants", r#"[{"width":60},{"width":9000}]"#);
    let (status, refused) = client.optimize(bad).await;
    assert_eq!((status, &refused["field"]), (400, &"width".into()), "{refused}");
    assert!(refused["message"].as_str().unwrap().starts_with("variants[1]"), "{refused}");
    system.assert_no_errors_logged();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placeholder_is_answered_when_asked_for_and_costs_nothing() {
    let system = System::start().await;
    let (account, key) = system.account(Tier::Pro).await;
    let client = Client::new(system.base(), Some(key));
    let source = testkit::images::photo_jpeg(200, 150, 7);
    let form = || Form::image("a.jpg", source.clone()).text("format", "webp");
    let (_, plain) = client.optimize(form()).await;
    assert!(plain["data"].get("placeholder").is_none(), "{plain}");
    let (status, body) = client.optimize(form().text("placeholder", "true")).await;
    assert_eq!((status, &body["cached"]), (200, &true.into()), "{body}");
    assert_eq!(body["data"]["id"], plain["data"]["id"], "it does not make another result");
    let placeholder = &body["data"]["placeholder"];
    let colour = placeholder["dominant_color"].as_str().unwrap();
    assert!(colour.len() == 7 && colour.starts_with('#'), "{placeholder}");
    assert!((20..=36).contains(&placeholder["thumbhash"].as_str().unwrap().len()), "{placeholder}");
    assert_eq!(system.ledger_rows(account).await, 1);

    let variants = form().text("placeholder", "true").text("variants", r#"[{"width":50},{"width":90}]"#);
    let (_, body) = client.optimize(variants).await;
    for one in body["variants"].as_array().unwrap() {
        assert!(one["data"]["placeholder"].is_object(), "{one}");
    }
    let (status, refused) = client.optimize(form().text("placeholder", "maybe")).await;
    assert_eq!((status, &refused["field"]), (400, &"placeholder".into()), "{refused}");

    let (_, wide) = client.optimize(form().text("keep_icc", "true")).await;
    assert_ne!(wide["data"]["id"], plain["data"]["id"], "another colour space is another result");
    system.assert_no_errors_logged();
}
