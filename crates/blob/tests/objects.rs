//! Small objects on the real server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod server;

use std::ops::Range;

use blob::{Blob, BlobError, Object};
use bytes::Bytes;
use futures_util::TryStreamExt;
use server::{bucket, source};

async fn collect(object: Object) -> Vec<u8> {
    object.into_stream().map_ok(|chunk| chunk.to_vec()).try_concat().await.unwrap()
}

async fn read(blob: &Blob, key: &str, range: Option<Range<u64>>) -> (u64, u64, Vec<u8>) {
    let object = blob.get(key, range).await.unwrap();
    (object.size, object.length, collect(object).await)
}

#[tokio::test]
async fn what_is_put_can_be_read_whole_and_in_ranges() {
    let blob = bucket().await;
    let bytes: Vec<u8> = (0..1_000_u32).map(|n| (n % 251) as u8).collect();
    let key = source(&bytes);
    blob.put_bytes(&key, Bytes::from(bytes.clone()), "image/png").await.unwrap();
    let key = key.to_string();
    assert_eq!(blob.head(&key).await.unwrap(), Some(1_000));
    assert_eq!(read(&blob, &key, None).await, (1_000, 1_000, bytes.clone()));
    assert_eq!(read(&blob, &key, Some(10..30)).await, (1_000, 20, bytes[10..30].to_vec()));
    assert_eq!(read(&blob, &key, Some(990..5_000)).await, (1_000, 10, bytes[990..].to_vec()));
    assert!(matches!(blob.get(&key, Some(5..5)).await, Err(BlobError::Range)));
    assert!(matches!(blob.get(&key, Some(1_000..1_001)).await, Err(BlobError::Range)));
    blob.delete(&key).await.unwrap();
    assert_eq!(blob.head(&key).await.unwrap(), None);
    blob.delete(&key).await.unwrap();
}

#[tokio::test]
async fn an_empty_object_is_an_object_and_a_second_put_replaces() {
    let blob = bucket().await;
    let key = source(b"");
    blob.put_bytes(&key, Bytes::new(), "image/png").await.unwrap();
    assert_eq!(read(&blob, &key.to_string(), None).await, (0, 0, Vec::new()));
    blob.put_bytes(&key, Bytes::from_static(b"new"), "image/png").await.unwrap();
    assert_eq!(read(&blob, &key.to_string(), None).await, (3, 3, b"new".to_vec()));
}

#[tokio::test]
async fn what_is_missing_is_missing_and_leaves_no_file() {
    let blob = bucket().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    assert!(matches!(blob.get("sources/none", None).await, Err(BlobError::Missing)));
    assert!(matches!(blob.get_to_file("sources/none", &path).await, Err(BlobError::Missing)));
    assert!(!path.exists());
    let absent = folder.path().join("absent");
    let error = blob.put_file(&source(b"x"), &absent, "image/png").await.unwrap_err();
    assert!(matches!(error, BlobError::File { .. }), "{error:?}");
}

#[tokio::test]
async fn a_bucket_is_created_once_and_missed_before() {
    let mut config = server::config().await;
    config.bucket = format!("test-{}", uuid::Uuid::now_v7());
    let blob = Blob::connect(&config).await;
    assert!(matches!(blob.ping().await, Err(BlobError::Missing)));
    let (one, two) = tokio::join!(blob.ensure_bucket(), blob.ensure_bucket());
    one.unwrap();
    two.unwrap();
    blob.ping().await.unwrap();
}
