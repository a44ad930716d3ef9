use std::fmt::Display;
use std::time::Duration;

use tokio::time::Instant;

use crate::or_fail::fail;

/// Time between two looks.
const INTERVAL: Duration = Duration::from_millis(10);

/// Waits until `predicate` is true, and fails the test after `deadline` with what it waited for.
///
/// ```
/// # use std::time::Duration;
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let mut looks = 0;
/// testkit::wait_until(Duration::from_secs(1), "the third look", async || {
///     looks += 1;
///     looks == 3
/// })
/// .await;
/// # });
/// ```
///
/// # Panics
/// After the deadline. The predicate is looked at once more at the deadline, and always at least once.
pub async fn wait_until(deadline: Duration, what: impl Display, mut predicate: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + deadline;
    loop {
        let last = Instant::now() >= end;
        match tokio::time::timeout(deadline.max(INTERVAL), predicate()).await {
            Ok(true) => return,
            Ok(false) if !last => tokio::time::sleep(INTERVAL).await,
            _ => fail(format_args!("waited {deadline:?} in vain for {what}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_ends_as_soon_as_the_predicate_is_true() {
        let mut looks = 0;
        wait_until(Duration::from_secs(5), "the third look", async || {
            looks += 1;
            looks == 3
        })
        .await;
        assert_eq!(looks, 3);
    }

    #[tokio::test]
    #[should_panic(expected = "waited 30ms in vain for a miracle")]
    async fn it_names_what_did_not_happen() {
        wait_until(Duration::from_millis(30), "a miracle", async || false).await;
    }

    #[tokio::test]
    #[should_panic(expected = "in vain for an answer")]
    async fn a_predicate_that_hangs_does_not_hang_the_test() {
        wait_until(Duration::from_millis(30), "an answer", std::future::pending).await;
    }
}
