//! Private servers stop, die and come back with their data.

use std::time::Duration;

use testkit::own;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_postgres::NoTls;

/// Waits until nobody listens: the kernel closes the sockets of a killed process a moment after its death.
async fn closed(address: &str) {
    let deadline = Duration::from_secs(5);
    testkit::wait_until(deadline, "the port to close", async || TcpStream::connect(address).await.is_err())
        .await;
}

#[tokio::test]
async fn postgres_keeps_its_rows_through_an_outage() {
    let server = own::Postgres::start().await;
    let (client, connection) = tokio_postgres::connect(&server.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    let insert = "INSERT INTO accounts (id, email, tier) VALUES (gen_random_uuid(), 'a@b.c', 'free')";
    client.batch_execute(insert).await.unwrap();
    server.stop().await;
    assert!(tokio_postgres::connect(&server.url(), NoTls).await.is_err());
    server.start_again().await;
    server.kill().await;
    assert!(tokio_postgres::connect(&server.url(), NoTls).await.is_err());
    server.start_again().await;
    let (client, connection) = tokio_postgres::connect(&server.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    let accounts: i64 = client.query_one("SELECT count(*) FROM accounts", &[]).await.unwrap().get(0);
    assert_eq!(accounts, 1);
}

#[tokio::test]
async fn redis_and_s3_come_back_after_an_outage() {
    let (redis, s3) = tokio::join!(own::Redis::start(), own::S3::start());
    for address in [redis.address(), s3.address()] {
        assert!(TcpStream::connect(address).await.is_ok());
    }
    tokio::join!(redis.kill(), s3.kill());
    for address in [redis.address(), s3.address()] {
        closed(&address).await;
    }
    tokio::join!(redis.start_again(), s3.start_again());
    let mut socket = TcpStream::connect(redis.address()).await.unwrap();
    socket.write_all(b"PING\r\n").await.unwrap();
    let mut reply = [0; 5];
    socket.read_exact(&mut reply).await.unwrap();
    assert_eq!(&reply, b"+PONG");
}

#[tokio::test]
async fn rabbitmq_comes_back_after_an_outage() {
    let server = own::RabbitMq::start().await;
    let address = server.address();
    assert!(TcpStream::connect(&address).await.is_ok());
    server.kill().await;
    closed(&address).await;
    server.start_again().await;
    assert!(TcpStream::connect(&address).await.is_ok());
}
