//! Real signals, sent to this test's own process: one test in a file of its own.
#![cfg(test)]

use std::process::Command;
use std::time::Duration;

use lifecycle::{Config, ReadyState, Shutdown};
use tokio::time::timeout;

fn send(signal: &str) {
    let status = Command::new("kill").args([signal, &std::process::id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[tokio::test]
async fn the_first_signal_begins_the_shutdown_and_the_second_ends_it() {
    let shutdown = Shutdown::new(Config { grace: Duration::from_secs(5), deadline: Duration::from_secs(25) });
    shutdown.listen_for_signals().unwrap();
    send("-TERM");
    timeout(Duration::from_secs(5), shutdown.triggered()).await.unwrap();
    assert_eq!(shutdown.readiness().state(), ReadyState::Draining);
    assert!(!shutdown.soft().is_cancelled() && !shutdown.hard().is_cancelled());
    send("-INT");
    timeout(Duration::from_secs(5), shutdown.hard().cancelled()).await.unwrap();
    assert!(shutdown.soft().is_cancelled());
}
