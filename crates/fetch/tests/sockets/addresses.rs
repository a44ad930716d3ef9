use std::net::{IpAddr, Ipv4Addr};

use fetch::{FetchError, Fetcher, Refusal, Resolver, Script};

use super::host::{Host, Step, code, config, fetch_all, ok, redirect};

const ALLOWED: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Where [`Host::private`] listens.
const PRIVATE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

fn scripted(hosts: &[&Host], script: &Script) -> Fetcher {
    Fetcher::new(config(hosts), Resolver::Scripted(script.clone())).unwrap()
}

/// Two hosts that share a port, so that only the address tells them apart.
async fn twins(script: impl Fn(&str) -> Vec<Step> + Send + Sync + 'static) -> (Host, Host) {
    let allowed = Host::serving(script).await;
    let private = Host::private_on(allowed.socket.port()).await;
    (allowed, private)
}

#[tokio::test]
async fn a_rebinding_name_is_asked_once_and_its_second_answer_is_never_used() {
    let (allowed, private) = twins(|_| vec![Step::Send(ok("picture"))]).await;
    let script = Script::default().answer("rebind.example", &[ALLOWED]).answer("rebind.example", &[PRIVATE]);
    let fetcher = scripted(&[&allowed], &script);
    let url = allowed.named("http", "rebind.example", "/");
    assert_eq!(fetch_all(&fetcher, &url).await.unwrap(), "picture");
    assert_eq!(script.questions(), 1);
    assert_eq!(code(&fetcher, &url).await, "url_not_allowed");
    assert_eq!((allowed.connections(), private.connections()), (1, 0));
}

#[tokio::test]
async fn a_name_that_rebinds_between_two_hops_is_refused() {
    let (allowed, private) = twins(|_| vec![Step::Send(redirect(302, "/again"))]).await;
    let script = Script::default().answer("rebind.example", &[ALLOWED]).answer("rebind.example", &[PRIVATE]);
    let fetcher = scripted(&[&allowed], &script);
    let url = allowed.named("http", "rebind.example", "/");
    assert_eq!(code(&fetcher, &url).await, "url_not_allowed");
    assert_eq!((allowed.connections(), private.connections()), (1, 0));
}

#[tokio::test]
async fn one_private_address_among_others_refuses_the_name() {
    let (allowed, private) = twins(|_| vec![Step::Send(ok("picture"))]).await;
    for answer in [[ALLOWED, PRIVATE], [PRIVATE, ALLOWED], [ALLOWED, Ipv4Addr::new(10, 0, 0, 1).into()]] {
        let fetcher = scripted(&[&allowed], &Script::default().answer("mixed.example", &answer));
        let url = allowed.named("http", "mixed.example", "/");
        assert_eq!(code(&fetcher, &url).await, "url_not_allowed", "{answer:?}");
    }
    assert_eq!((allowed.connections(), private.connections()), (0, 0));
}

#[tokio::test]
async fn names_of_private_addresses_are_refused_without_a_connection() {
    let private = Host::private().await;
    for text in
        ["127.0.0.2", "::ffff:127.0.0.2", "::1", "169.254.169.254", "10.0.0.1", "64:ff9b::7f00:2", "0.0.0.0"]
    {
        let script = Script::default().answer("127-0-0-2.nip.example", &[text.parse().unwrap()]);
        for port in [80, private.socket.port()] {
            // The port is known to the policy, so only the address can be the reason.
            let config = fetch::Config { allowed_ports: vec![80, port], ..config(&[]) };
            let fetcher = Fetcher::new(config, Resolver::Scripted(script.clone())).unwrap();
            let refused = fetcher.get(&format!("http://127-0-0-2.nip.example:{port}/"), 9).await;
            assert!(matches!(refused, Err(FetchError::NotAllowed(Refusal::Address))), "{text}");
        }
    }
    assert_eq!(private.connections(), 0);
}

#[tokio::test]
async fn every_spelling_of_a_private_address_is_refused_without_a_connection() {
    let private = Host::private().await;
    let port = private.socket.port();
    let config = fetch::Config { allowed_ports: vec![port], ..config(&[]) };
    let script = Script::default();
    let fetcher = Fetcher::new(config, Resolver::Scripted(script.clone())).unwrap();
    for host in [
        "127.0.0.2",
        "127.2",
        "2130706434",
        "0x7f000002",
        "0177.0.0.2",
        "0x7f.2",
        "127.0.0.2.",
        "①②⑦。⓪。⓪。②",
        "[::ffff:127.0.0.2]",
        "[::ffff:7f00:2]",
        "[::127.0.0.2]",
        "[::1]",
        "[::]",
        "0",
        "0.0.0.0",
        "localhost",
        "localhost.",
        "good.com@127.0.0.2",
        "[fe80::1%25lo]",
    ] {
        assert_eq!(code(&fetcher, &format!("http://{host}:{port}/")).await, "url_not_allowed", "{host}");
    }
    assert_eq!((private.connections(), script.questions()), (0, 0));
}

#[tokio::test]
async fn a_name_without_an_address_and_a_closed_port_are_no_answer() {
    let gone = Host::sending(ok("x")).await;
    let fetcher = scripted(&[&gone], &Script::default().answer("gone.example", &[ALLOWED]));
    let url = gone.named("http", "gone.example", "/");
    drop(gone);
    assert_eq!(code(&fetcher, "http://nowhere.example/").await, "source_timeout");
    // The listener closes when its aborted task ends.
    let closed = async {
        while !matches!(fetcher.get(&url, 9).await, Err(FetchError::Unreachable(_))) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), closed).await.unwrap();
    assert_eq!(code(&fetcher, &url).await, "source_timeout");
}

#[tokio::test]
async fn own_hosts_are_refused_even_where_they_could_be_reached() {
    let host = Host::sending(ok("recursion")).await;
    let config = fetch::Config { own_hosts: vec!["api.example.com".parse().unwrap()], ..config(&[&host]) };
    let script = Script::default().answer("api.example.com", &[ALLOWED]);
    let fetcher = Fetcher::new(config, Resolver::Scripted(script)).unwrap();
    assert_eq!(code(&fetcher, &host.named("http", "api.example.com", "/")).await, "url_not_allowed");
    assert_eq!(host.connections(), 0);
}
