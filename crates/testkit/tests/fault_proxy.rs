//! A broken network, as a client sees it.

use std::io::ErrorKind;
use std::time::Duration;

use testkit::{FaultProxy, Link, wait_until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(5);

/// A server that sends every byte back.
async fn echo() -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut reads, mut writes) = socket.split();
                let _ = tokio::io::copy(&mut reads, &mut writes).await;
            });
        }
    });
    Ok(address)
}

async fn ping(socket: &mut TcpStream) -> std::io::Result<u8> {
    socket.write_u8(7).await?;
    socket.read_u8().await
}

#[tokio::test]
async fn it_forwards_cuts_and_forwards_again() {
    let proxy = FaultProxy::start(echo().await.unwrap()).await;
    let mut socket = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ping(&mut socket).await.unwrap(), 7);
    proxy.cut();
    assert!(timeout(DEADLINE, socket.read_u8()).await.unwrap().is_err());
    let mut socket = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ping(&mut socket).await.unwrap(), 7);
}

#[tokio::test]
async fn it_refuses_like_a_server_that_is_gone() {
    let proxy = FaultProxy::start(echo().await.unwrap()).await;
    let mut socket = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ping(&mut socket).await.unwrap(), 7);
    proxy.set(Link::Refuse);
    assert!(timeout(DEADLINE, socket.read_u8()).await.unwrap().is_err());
    wait_until(DEADLINE, "a refused connection", async || {
        let refused = TcpStream::connect(proxy.address()).await;
        refused.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    })
    .await;
    proxy.set(Link::Forward);
    wait_until(DEADLINE, "a connection", async || match TcpStream::connect(proxy.address()).await {
        Ok(mut socket) => ping(&mut socket).await.is_ok(),
        Err(_) => false,
    })
    .await;
}

#[tokio::test]
async fn it_stalls_and_loses_nothing() {
    let proxy = FaultProxy::start(echo().await.unwrap()).await;
    let mut socket = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ping(&mut socket).await.unwrap(), 7);
    proxy.set(Link::Stall);
    assert!(timeout(Duration::from_millis(100), ping(&mut socket)).await.is_err());
    proxy.set(Link::Forward);
    assert_eq!(timeout(DEADLINE, socket.read_u8()).await.unwrap().unwrap(), 7);
}
