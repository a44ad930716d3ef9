//! The S3 server for development speaks enough S3.

use std::net::SocketAddr;
use std::path::Path;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use testkit::TestBucket;
use testkit::s3::{Keys, Server, TcpDelay};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

fn client(bucket: &TestBucket) -> Client {
    let keys = Credentials::new(&bucket.access_key_id, &bucket.secret_access_key, None, None, "test");
    Client::from_conf(
        aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(&bucket.endpoint)
            .region(Region::new(bucket.region.clone()))
            .credentials_provider(keys)
            .force_path_style(true)
            .build(),
    )
}

async fn serve(root: &Path) -> anyhow::Result<(TestBucket, oneshot::Sender<()>, JoinHandle<()>)> {
    let keys = Keys { access_key_id: "key".to_owned(), secret_access_key: "secret".to_owned() };
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = Server::bind(listen, root, keys, TcpDelay::Off).await?;
    let bucket = TestBucket {
        endpoint: format!("http://{}", server.local_addr()?),
        bucket: "abc".to_owned(),
        region: "us-east-1".to_owned(),
        access_key_id: "key".to_owned(),
        secret_access_key: "secret".to_owned(),
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    Ok((bucket, stop, task))
}

#[tokio::test]
async fn an_object_comes_back_and_outlives_a_restart() {
    let root = tempfile::tempdir().unwrap();
    let (bucket, stop, task) = serve(root.path()).await.unwrap();
    testkit::create_bucket(&bucket).await;
    let s3 = client(&bucket);
    let put = s3.put_object().bucket("abc").key("a/b").content_type("image/webp");
    put.body(ByteStream::from_static(b"bytes")).send().await.unwrap();
    drop(s3);
    stop.send(()).unwrap();
    task.await.unwrap();

    let (bucket, _stop, _task) = serve(root.path()).await.unwrap();
    let object = client(&bucket).get_object().bucket("abc").key("a/b").send().await.unwrap();
    assert_eq!(object.content_type(), Some("image/webp"));
    assert_eq!(object.body.collect().await.unwrap().to_vec(), b"bytes");
}

#[tokio::test]
async fn a_wrong_secret_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let (bucket, _stop, _task) = serve(root.path()).await.unwrap();
    testkit::create_bucket(&bucket).await;
    let wrong = TestBucket { secret_access_key: "guess".to_owned(), ..bucket };
    let error = client(&wrong).get_object().bucket("abc").key("a").send().await.unwrap_err();
    assert_eq!(error.raw_response().map(|response| response.status().as_u16()), Some(403));
}

#[tokio::test]
async fn a_missing_object_is_404() {
    let bucket = testkit::bucket().await;
    let error = client(&bucket).get_object().bucket(&bucket.bucket).key("none").send().await.unwrap_err();
    assert!(error.into_service_error().is_no_such_key());
}
