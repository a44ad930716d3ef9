use std::time::Duration;

use fetch::{Config, FetchError, Phase};

use super::host::{Host, Step, code, config, fetch_all, fetcher, ok, redirect};

/// Redirects `/n` to `/n-1`; `/0` is the file.
async fn countdown(status: u16) -> Host {
    Host::serving(move |target| {
        let left: u32 = target.trim_start_matches('/').parse().unwrap();
        vec![Step::Send(if left == 0 { ok("picture") } else { redirect(status, &format!("{}", left - 1)) })]
    })
    .await
}

#[tokio::test]
async fn five_redirects_are_followed_and_six_are_not() {
    for status in [301, 302, 303, 307, 308] {
        let host = countdown(status).await;
        let fetcher = fetcher(config(&[&host]));
        assert_eq!(fetch_all(&fetcher, &host.url("/5")).await.unwrap(), "picture", "{status}");
        assert_eq!(host.connections(), 6);
        assert_eq!(code(&fetcher, &host.url("/6")).await, "too_many_redirects", "{status}");
        assert_eq!(host.connections(), 12);
    }
}

#[tokio::test]
async fn a_loop_ends() {
    let host = Host::sending(redirect(302, "/")).await;
    assert_eq!(code(&fetcher(config(&[&host])), &host.url("/")).await, "too_many_redirects");
    assert_eq!(host.connections(), 6);
}

#[tokio::test]
async fn redirects_to_private_addresses_are_refused_without_a_connection() {
    let private = Host::private().await;
    let port = private.socket.port();
    for status in [301, 302, 303, 307, 308] {
        for target in ["127.0.0.2", "2130706434", "[::ffff:127.0.0.2]", "localhost", "x@127.0.0.2"] {
            let host = Host::sending(redirect(status, &format!("http://{target}:{port}/"))).await;
            let config = Config { allowed_ports: vec![port], ..config(&[&host]) };
            assert_eq!(code(&fetcher(config), &host.url("/")).await, "url_not_allowed", "{target}");
            assert_eq!(host.connections(), 1);
        }
    }
    assert_eq!(private.connections(), 0);
}

#[tokio::test]
async fn redirects_to_other_schemes_ports_and_nowhere_are_refused() {
    for (location, expected) in [
        ("file:///etc/passwd", "unsupported_scheme"),
        ("gopher://example.com/", "unsupported_scheme"),
        ("data:image/png;base64,AA==", "unsupported_scheme"),
        ("ftp://example.com/x", "unsupported_scheme"),
        ("http://example.com:22/", "url_not_allowed"),
        ("http://169.254.169.254/latest/meta-data/", "url_not_allowed"),
        ("http://metadata.google.internal/", "url_not_allowed"),
        ("http://", "source_invalid"),
        ("/%0d%0aX: y", "source_invalid"),
    ] {
        let host = Host::sending(redirect(302, location)).await;
        assert_eq!(code(&fetcher(config(&[&host])), &host.url("/")).await, expected, "{location}");
    }
}

#[tokio::test]
async fn the_total_time_covers_all_hops() {
    let host =
        Host::serving(|_| vec![Step::Send(b"HTTP/1.1 302 Found\r\nLocation: /".to_vec()), Step::Hold]).await;
    let total_timeout = Duration::from_millis(300);
    let fetcher = fetcher(Config { total_timeout, ..config(&[&host]) });
    let error = fetch_all(&fetcher, &host.url("/")).await.unwrap_err();
    assert!(matches!(error, FetchError::Timeout { phase: Phase::Total, limit } if limit == total_timeout));
}
