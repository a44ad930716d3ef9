use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use domain::ErrorCode;
use tokio::time::timeout;

use crate::protocol::{self, Answer, Order, Refusal};
use crate::work::{crashed, timed_out};
use crate::{Config, Done, Pool, SandboxError, Verdict, Work};

/// The pipe of a dying child closes a moment before the process can be waited for.
const DEATH_GRACE: Duration = Duration::from_millis(500);

/// What one job may use.
struct Limits {
    wall_clock: Duration,
    cpu_seconds: u64,
    address_space: u64,
}

impl Limits {
    const fn of(config: &Config, solo: bool) -> Self {
        let share = if solo { 2 } else { 1 };
        Self {
            wall_clock: Duration::from_millis(config.wall_clock.as_millis() as u64 / share),
            cpu_seconds: config.cpu_seconds.div_ceil(share),
            address_space: config.address_space / share,
        }
    }
}

impl Pool {
    /// Runs one job in a child, as soon as a slot and memory are free. If the returned future is dropped,
    /// the child is killed.
    ///
    /// # Errors
    /// A [`Verdict`]; only [`Verdict::Broken`] is worth another attempt.
    pub async fn run(&self, work: Work) -> Result<Done, Verdict> {
        let limits = Limits::of(&self.shared.config, work.solo);
        let frame = frame(&work, &limits)?;
        let mut lease = self.admit(work.memory_bytes, work.solo).await?;
        lease.hand_over(&frame).await?;
        match timeout(limits.wall_clock, lease.answer()).await {
            Ok(Ok(answer)) => {
                let outcome = judge(answer, &work.result);
                lease.give_back().await;
                outcome
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "a codec process did not answer");
                let status = lease.end(DEATH_GRACE).await;
                Err(post_mortem(status, &work, &limits))
            }
            Err(_) => {
                lease.end(Duration::ZERO).await;
                Err(timed_out(work.pixels, limits.wall_clock))
            }
        }
    }
}

fn frame(work: &Work, limits: &Limits) -> Result<Vec<u8>, SandboxError> {
    let order = Order {
        source: work.source.clone(),
        result: work.result.clone(),
        request: work.request,
        address_space: limits.address_space,
        cpu_seconds: limits.cpu_seconds,
    };
    protocol::frame(&order).map_err(|error| SandboxError::Order(Arc::new(error)))
}

fn judge(answer: Answer, result: &Path) -> Result<Done, Verdict> {
    match answer {
        Answer::Done { report, sha256, codec_micros, peak_rss_bytes } => {
            // The child is not trusted: neither with the size nor with leaving a link to another file.
            let found = fs::symlink_metadata(result).ok().filter(fs::Metadata::is_file);
            let (Some(found), Ok(sha256)) = (found, sha256.parse()) else { return Err(crashed()) };
            let codec = Duration::from_micros(codec_micros);
            Ok(Done { report, size: found.len(), sha256, codec, peak_rss_bytes })
        }
        Answer::Rejected(refusal) => {
            log_refusal(&refusal);
            Err(Verdict::Rejected(refusal.rejection))
        }
        Answer::Failed(problem) => Err(SandboxError::Files(problem).into()),
        Answer::Ready | Answer::Accepted => Err(crashed()),
    }
}

/// An image may be bad; a codec that fails on a good one is ours to look into.
fn log_refusal(Refusal { rejection, detail }: &Refusal) {
    let (code, detail) = (rejection.code.as_str(), detail.as_deref().unwrap_or_default());
    if rejection.code == ErrorCode::ProcessingFailed {
        tracing::warn!(code, detail, "the codec failed on an image");
    } else {
        tracing::debug!(code, detail, "the codec refused an image");
    }
}

/// The verdict on a job whose child is dead: out of processor time is a timeout, all else a crash.
fn post_mortem(status: Option<ExitStatus>, work: &Work, limits: &Limits) -> Verdict {
    let signal = status.and_then(|status| status.signal());
    tracing::info!(?status, ?signal, source = %work.source.display(), "a codec process died on an image");
    if signal == Some(libc::SIGXCPU) {
        timed_out(work.pixels, Duration::from_secs(limits.cpu_seconds))
    } else {
        crashed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_or_nothing_in_place_of_the_result_is_a_crash() {
        let dir = tempfile::tempdir().unwrap();
        let (secret, link) = (dir.path().join("secret"), dir.path().join("link"));
        fs::write(&secret, "secret").unwrap();
        std::os::unix::fs::symlink(&secret, &link).unwrap();
        let report = r#"{"format":"webp","width":1,"height":1,"frames":1,"encoder":"x",
           "decode_micros":1,"encode_micros":1}"#;
        let answer = || Answer::Done {
            report: serde_json::from_str(report).unwrap(),
            sha256: "00".repeat(32),
            codec_micros: 1,
            peak_rss_bytes: None,
        };
        assert_eq!(judge(answer(), &secret).unwrap().size, 6);
        assert!(matches!(judge(answer(), &link), Err(Verdict::Crashed(_))));
        assert!(matches!(judge(answer(), &dir.path().join("none")), Err(Verdict::Crashed(_))));
    }
}
