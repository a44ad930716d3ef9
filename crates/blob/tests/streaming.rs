//! A large object goes from disc to the store and back with flat memory. Alone in its file, because it
//! looks at the memory of its process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod server;

use domain::Sha256Hash;
use server::{bucket, source};

const SIZE: usize = 20_000_000;

/// The largest resident set so far, in KiB (proc(5), `VmHWM`).
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn write_source(path: &std::path::Path) -> Sha256Hash {
    let bytes: Vec<u8> = (0..SIZE as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    std::fs::write(path, &bytes).unwrap();
    Sha256Hash::of(&bytes)
}

#[tokio::test]
async fn twenty_megabytes_pass_with_flat_memory() {
    let blob = bucket().await;
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    // A file of zeros that was never in this process's memory: its peak is what the transfer took.
    let key = source(b"twenty megabytes");
    let file = std::fs::File::create(&from).unwrap();
    file.set_len(SIZE as u64).unwrap();
    let before = peak_kib();
    assert_eq!(blob.put_file(&key, &from, "image/png").await.unwrap(), SIZE as u64);
    assert_eq!(blob.get_to_file(&key.to_string(), &to).await.unwrap(), SIZE as u64);
    let grown = peak_kib() - before;
    assert!(grown < 10_000, "the memory grew by {grown} KiB");
    assert_eq!(std::fs::metadata(&to).unwrap().len(), SIZE as u64);
    blob.delete(&key.to_string()).await.unwrap();
}

#[tokio::test]
async fn twenty_megabytes_arrive_unchanged() {
    let blob = bucket().await;
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    let hash = write_source(&from);
    let key = source(b"the same");
    blob.put_file(&key, &from, "image/png").await.unwrap();
    blob.get_to_file(&key.to_string(), &to).await.unwrap();
    assert_eq!(Sha256Hash::of(&std::fs::read(&to).unwrap()), hash);
    blob.delete(&key.to_string()).await.unwrap();
}
