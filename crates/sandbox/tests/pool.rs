//! The pool against real child processes. The child is this very test binary, started again for the one
//! test [`child_entry`], with a codec that does what the source's text says.

#[cfg(test)]
mod codec;
#[cfg(test)]
mod pools;

use std::time::{Duration, Instant};

use domain::ErrorCode;
use pools::{Bench, TestPool, exists, wait_until};
use sandbox::{SandboxError, Verdict};

/// The child's side; without the extra argument it is an empty test.
#[test]
fn child_entry() {
    if std::env::args().any(|argument| argument == pools::CHILD_ARGUMENT) {
        let _ = sandbox::serve(|| Ok(()), codec::obey);
        std::process::exit(0);
    }
}

/// A process with a pool whose only child is busy: the parent that the test below kills.
#[tokio::test]
async fn parent_entry() {
    let mut arguments = std::env::args().skip_while(|argument| argument != pools::PARENT_ARGUMENT);
    if let (Some(_), Some(temp_dir)) = (arguments.next(), arguments.next()) {
        let pool = TestPool::start(|config| config.temp_dir = temp_dir.clone().into()).await;
        let _ = pool.run(&format!("note {temp_dir}/pid")).await;
    }
}

#[tokio::test]
async fn a_killed_parent_takes_its_busy_child_along_and_its_files_are_swept() {
    let temp = tempfile::tempdir().unwrap();
    let mut parent = pools::parent_process(temp.path());
    let pid = pools::read_when_there(&temp.path().join("pid")).await;
    assert!(exists(&pid));
    parent.kill().unwrap();
    parent.wait().unwrap();
    wait_until(|| !exists(&pid)).await;
    let left =
        || std::fs::read_dir(temp.path()).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir());
    assert_eq!(left().count(), 1, "the killed parent could not clear up");
    drop(TestPool::start(|config| config.temp_dir = temp.path().to_owned()).await.stop().await);
    assert_eq!(left().count(), 0);
}

#[tokio::test]
async fn a_result_is_a_file_with_its_checksum() {
    let pool = TestPool::start(|_| {}).await;
    let job = pool.job("ok hello");
    let done = job.run().await.unwrap();
    let bytes = std::fs::read(job.result()).unwrap();
    assert_eq!(bytes, b"hello");
    assert_eq!(done.size, 5);
    assert_eq!(done.sha256, domain::Sha256Hash::of(&bytes));
    assert_eq!(done.report, codec::report());
    assert!(done.peak_rss_bytes.unwrap() > 1 << 20);
}

#[tokio::test]
async fn a_refusal_is_the_codecs_and_keeps_the_child() {
    let pool = TestPool::start(|_| {}).await;
    let Err(Verdict::Rejected(rejection)) = pool.run("reject").await else { panic!() };
    assert_eq!(rejection, codec::rejection());
    let first = pool.text("pid").await;
    assert_eq!(first, pool.text("pid").await);
}

#[tokio::test]
async fn a_child_that_dies_is_a_verdict_on_the_image_and_is_replaced() {
    let pool = TestPool::start(|_| {}).await;
    for death in ["abort", "panic", "exit", "garbage"] {
        let died = Instant::now();
        let verdict = pool.run(death).await;
        let Err(Verdict::Crashed(rejection)) = verdict else { panic!("{death}: {verdict:?}") };
        assert_eq!(rejection.code, ErrorCode::InvalidImage);
        assert!(rejection.message.contains("the decoder stopped on it"), "{rejection}");
        assert_eq!(pool.text("ok next").await, "next", "after {death}");
        assert!(died.elapsed() < Duration::from_secs(2), "{death}: {:?}", died.elapsed());
    }
}

#[tokio::test]
async fn an_endless_loop_ends_at_the_deadline() {
    let pool = TestPool::start(|config| config.wall_clock = Duration::from_millis(300)).await;
    let begin = Instant::now();
    let Err(Verdict::TimedOut(rejection)) = pool.run("loop").await else { panic!() };
    assert_eq!(rejection.code, ErrorCode::InvalidImage);
    assert!(rejection.message.contains("0.3 seconds"), "{rejection}");
    assert_eq!(pool.text("ok next").await, "next");
    assert!(begin.elapsed() < Duration::from_millis(2_300), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn processor_time_is_limited_beside_the_clock() {
    let pool = TestPool::start(|config| config.cpu_seconds = 0).await;
    let Err(Verdict::TimedOut(rejection)) = pool.run("loop").await else { panic!() };
    assert!(rejection.message.contains("0 seconds"), "{rejection}");
}

#[tokio::test]
async fn memory_beyond_the_address_space_ends_the_child_only() {
    let pool = TestPool::start(|config| config.address_space = 512 << 20).await;
    assert_eq!(pool.text("hog 100").await, "100");
    assert!(matches!(pool.run("hog 600").await, Err(Verdict::Crashed(_))));
    assert_eq!(pool.text("hog 100").await, "100");
}

#[tokio::test]
async fn a_solo_job_has_half_the_limits_and_the_next_one_all() {
    let pool = TestPool::start(|config| {
        config.address_space = 400 << 20;
        config.wall_clock = Duration::from_secs(6);
    })
    .await;
    assert_eq!(pool.text("hog 250").await, "250");
    assert!(matches!(pool.job("hog 250").solo().run().await, Err(Verdict::Crashed(_))));
    let Err(Verdict::TimedOut(rejection)) = pool.job("sleep").solo().run().await else { panic!() };
    assert!(rejection.message.contains("3 seconds"), "{rejection}");
    assert!(pool.job("hog 50").solo().run().await.is_ok());
    assert_eq!(pool.text("hog 250").await, "250");
}

#[tokio::test]
async fn a_solo_job_runs_beside_no_other() {
    let pool = TestPool::start(|config| {
        config.slots = 2;
        config.wall_clock = Duration::from_secs(1);
    })
    .await;
    let (sleeper, solo) = (pool.job("sleep"), pool.job("ok alone").solo());
    let begin = Instant::now();
    let (slept, alone) = tokio::join!(sleeper.run(), solo.run());
    assert!(matches!(slept, Err(Verdict::TimedOut(_))));
    assert!(alone.is_ok());
    assert!(begin.elapsed() >= Duration::from_secs(1), "it did not wait: {:?}", begin.elapsed());
}

#[tokio::test]
async fn jobs_share_the_memory_budget() {
    let pool = TestPool::start(|config| {
        config.slots = 2;
        config.memory_budget = 100 << 20;
        config.wall_clock = Duration::from_secs(1);
    })
    .await;
    let (sleeper, large, small) =
        (pool.job("sleep").memory(60 << 20), pool.job("ok x").memory(60 << 20), pool.job("ok x"));
    let begin = Instant::now();
    let mut waiting = Box::pin(sleeper.run());
    assert!(started(&mut waiting).await);
    wait_until(|| pool.pool.busy() == 1).await;
    small.run().await.unwrap();
    assert!(begin.elapsed() < Duration::from_secs(1), "a small job had to wait");
    let (_, large) = tokio::join!(waiting, large.run());
    assert!(large.is_ok());
    assert!(begin.elapsed() >= Duration::from_secs(1), "two large jobs ran at once");
    // Larger than the whole budget: alone, but not for ever in the queue.
    pool.job("ok x").memory(1 << 40).run().await.unwrap();
}

/// Polls a future once, so that it starts; true while it is not done.
async fn started<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_pending())
    })
    .await
}

#[tokio::test]
async fn what_a_job_spills_into_its_temporary_directory_is_gone() {
    let pool = TestPool::start(|config| config.wall_clock = Duration::from_millis(500)).await;
    let dir = std::path::PathBuf::from(pool.text("spill").await);
    assert!(dir.starts_with(pool.temp.path()), "{}", dir.display());
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0, "a file was left");
    assert!(matches!(pool.run("spill-and-abort").await, Err(Verdict::Crashed(_))));
    wait_until(|| !dir.exists()).await;
    pool.run("spill").await.unwrap();
    let temp = pool.stop().await;
    assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn too_large_a_file_ends_the_child() {
    let pool = TestPool::start(|config| config.file_size = 1_000_000).await;
    assert!(matches!(pool.run("write 2000000").await, Err(Verdict::Crashed(_))));
    assert_eq!(pool.text("write 1000").await, "1000");
    assert!(pool.run("large-result 900000").await.is_ok());
    assert!(matches!(pool.run("large-result 1100000").await, Err(Verdict::Crashed(_))));
}

#[tokio::test]
async fn the_environment_holds_no_secret() {
    let pool = TestPool::start(|_| {}).await;
    let names = pool.text("env").await;
    assert_eq!(
        names,
        "CODEC_TEST LANG MALLOC_ARENA_MAX MALLOC_MMAP_THRESHOLD_ MALLOC_TRIM_THRESHOLD_ PATH TMPDIR VIPSHOME \
         VIPS_BLOCK_UNTRUSTED"
    );
    let own = std::fs::read_to_string("/proc/self/environ").unwrap();
    assert!(own.contains("CARGO_MANIFEST_DIR="), "the parent has nothing to hide: {own}");
}

#[tokio::test]
async fn a_child_is_recycled_after_its_jobs() {
    let pool = TestPool::start(|config| config.recycle_after = 3).await;
    let mut pids = Vec::new();
    for _ in 0..7 {
        pids.push(pool.text("pid").await);
    }
    assert_eq!((&pids[0], &pids[3]), (&pids[2], &pids[5]));
    pids.dedup();
    assert_eq!(pids.len(), 3, "{pids:?}");
}

#[tokio::test]
async fn system_calls_of_no_use_to_a_codec_fail_and_threads_work() {
    let pool = TestPool::start(|_| {}).await;
    for call in ["socket", "exec", "kill-parent"] {
        assert_eq!(pool.text(call).await, "Operation not permitted (os error 1)", "{call}");
    }
    assert_eq!(pool.text("thread").await, "a thread ran");
    assert_eq!(pool.text("print").await, "printed");
}

#[tokio::test]
async fn a_dropped_job_ends_its_child_and_frees_the_slot() {
    let pool = TestPool::start(|_| {}).await;
    let noted = pool.temp.path().join("pid");
    let job = pool.job(&format!("note {}", noted.display()));
    let mut running = Box::pin(job.run());
    let pid = tokio::select! {
        outcome = &mut running => panic!("{outcome:?}"),
        pid = pools::read_when_there(&noted) => pid,
    };
    assert!(exists(&pid));
    assert_eq!(pool.pool.busy(), 1);
    drop(running);
    assert_eq!(pool.pool.busy(), 0);
    wait_until(|| !exists(&pid)).await;
    assert_eq!(pool.text("ok next").await, "next");
}

#[tokio::test]
async fn an_idle_child_killed_from_outside_costs_no_job() {
    let pool = TestPool::start(|_| {}).await;
    let pid = pool.text("pid").await;
    pools::kill(&pid);
    assert_eq!(pool.text("ok next").await, "next");
}

#[tokio::test]
async fn the_pools_end_is_the_childrens_end() {
    let pool = TestPool::start(|_| {}).await;
    let pid = pool.text("pid").await;
    drop(pool);
    wait_until(|| !exists(&pid)).await;
    let pool = TestPool::start(|_| {}).await;
    pool.pool.shutdown().await;
    assert!(matches!(pool.run("ok late").await, Err(Verdict::Broken(SandboxError::Closed))));
}

#[tokio::test]
async fn a_program_that_is_no_codec_is_named() {
    let temp = tempfile::tempdir().unwrap();
    let error = pools::start_with("/nonexistent/codec", temp.path()).await.unwrap_err();
    assert!(matches!(error, SandboxError::Spawn { .. }), "{error}");
    assert!(error.to_string().contains("/nonexistent/codec"), "{error}");
    let error = pools::start_with("/bin/true", temp.path()).await.unwrap_err();
    assert!(matches!(error, SandboxError::NotReady { .. }), "{error}");
    assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn our_own_faults_are_not_the_images() {
    let pool = TestPool::start(|_| {}).await;
    let mut job = pool.job("ok x");
    job.work.source = "/nonexistent/source".into();
    let Err(Verdict::Broken(error)) = job.run().await else { panic!() };
    assert!(error.to_string().contains("the source"), "{error}");
}

/// The measure of what the sandbox costs a tiny image whose child is warm.
#[tokio::test]
async fn a_warm_child_adds_little() {
    let pool = TestPool::start(|_| {}).await;
    let mut added = Bench::default();
    for _ in 0..50 {
        let job = pool.job("ok x");
        let begin = Instant::now();
        let done = job.run().await.unwrap();
        added.push(begin.elapsed().saturating_sub(done.codec));
    }
    println!("added by the sandbox: median {:?}", added.median());
    assert!(added.median() < Duration::from_millis(20), "{:?}", added.median());
}
