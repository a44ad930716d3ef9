use std::process::Command;
use std::sync::Arc;

use super::host::{Host, Step, config, fetch_all, fetcher, names, ok, read, redirect};
use fetch::Fetcher;
use tokio::task::JoinSet;

#[tokio::test]
async fn a_plain_file_arrives() {
    let host = Host::sending(ok("picture")).await;
    let download = fetcher(config(&[&host])).get(&host.url("/a/example.jpg?size=3"), 7).await.unwrap();
    assert_eq!(download.content_length, Some(7));
    assert_eq!(download.file_name.as_deref(), Some("example.jpg"));
    assert_eq!(download.final_url.as_str(), host.url("/a/example.jpg?size=3"));
    assert_eq!(read(download).await.unwrap(), b"picture");
    assert_eq!(host.connections(), 1);
}

#[tokio::test]
async fn a_name_leads_to_the_vetted_address_and_stays_in_the_host_header() {
    let host = Host::sending(ok("picture")).await;
    let fetcher = Fetcher::new(config(&[&host]), names(&["images.example"])).unwrap();
    let url = host.named("http", "Images.Example", "/x%20y?a=b#c");
    assert_eq!(fetch_all(&fetcher, &url).await.unwrap(), "picture");
    let expected = format!(
        "get /x%20y?a=b http/1.1\r\nhost: images.example:{}\r\nuser-agent: optimagio/2.0\r\n\
         accept: image/*, */*;q=0.5\r\naccept-encoding: identity\r\nconnection: close\r\n\r\n",
        host.socket.port()
    );
    assert_eq!(host.requests(), [expected]);
}

#[tokio::test]
async fn cookies_credentials_and_referrers_are_never_sent() {
    let host = Host::serving(|target| {
        vec![Step::Send(if target == "/start" { redirect(302, "/end") } else { ok("picture") })]
    })
    .await;
    let fetcher = fetcher(config(&[&host]));
    assert_eq!(fetch_all(&fetcher, &host.url("/start")).await.unwrap(), "picture");
    let requests = host.requests();
    assert_eq!(requests.len(), 2);
    for name in ["\r\ncookie", "\r\nauthorization", "\r\nreferer", "\r\nproxy", "\r\norigin", "\r\nx-"] {
        assert!(!requests[1].contains(name), "{}", requests[1]);
    }
}

#[tokio::test]
async fn chunks_trailers_and_bodies_that_end_with_the_connection_arrive() {
    let fine = [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\npic\r\n4;x=y\r\nture\r\n0\r\nT: u\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\npicture",
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: identity\r\n\r\npicture",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n\
         HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\npicture",
    ];
    for answer in fine {
        let host = Host::sending(answer).await;
        assert_eq!(
            fetch_all(&fetcher(config(&[&host])), &host.url("/")).await.unwrap(),
            "picture",
            "{answer}"
        );
    }
}

#[tokio::test]
async fn chunks_of_one_byte_arrive() {
    let mut answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    answer.extend(b"1\r\nx\r\n".repeat(1_000));
    answer.extend(b"0\r\n\r\n");
    let host = Host::sending(answer).await;
    assert_eq!(fetch_all(&fetcher(config(&[&host])), &host.url("/")).await.unwrap(), "x".repeat(1_000));
}

#[tokio::test]
async fn what_follows_the_announced_body_is_not_read() {
    let host = Host::sending([ok("picture"), ok("smuggled")].concat()).await;
    assert_eq!(fetch_all(&fetcher(config(&[&host])), &host.url("/")).await.unwrap(), "picture");
}

#[tokio::test]
async fn the_name_comes_from_the_final_url_if_the_requested_one_has_none() {
    let host = Host::serving(|target| {
        vec![Step::Send(if target == "/end.png" { ok("x") } else { redirect(302, "/end.png") })]
    })
    .await;
    let fetcher = fetcher(config(&[&host]));
    let name = async |path| fetcher.get(&host.url(path), 9).await.unwrap().file_name;
    assert_eq!(name("/").await.as_deref(), Some("end.png"));
    assert_eq!(name("/start.jpg").await.as_deref(), Some("start.jpg"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn downloads_run_side_by_side() {
    let host = Host::serving(|target| vec![Step::Send(ok(target))]).await;
    let fetcher = Arc::new(fetcher(config(&[&host])));
    let mut running = JoinSet::new();
    for number in 0..50 {
        let (fetcher, url) = (Arc::clone(&fetcher), host.url(&format!("/{number}")));
        running.spawn(async move { (number, fetch_all(&fetcher, &url).await.unwrap()) });
    }
    for (number, body) in running.join_all().await {
        assert_eq!(body, format!("/{number}"));
    }
    assert_eq!(host.connections(), 50);
}

/// Runs a test of this file again in a process whose environment names a proxy.
#[tokio::test]
async fn proxies_of_the_environment_are_ignored() {
    let proxy = Host::sending(ok("from the proxy")).await;
    let address = proxy.url("/");
    let again = tokio::task::spawn_blocking(move || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "downloads::a_plain_file_arrives"])
            .envs(
                ["http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
                    .map(|name| (name, &address)),
            )
            .output()
            .unwrap()
    })
    .await
    .unwrap();
    let output = String::from_utf8_lossy(&again.stdout);
    assert!(again.status.success() && output.contains("1 passed"), "{output}");
    assert_eq!(proxy.connections(), 0);
}
