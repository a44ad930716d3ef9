use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;

use crate::SandboxError;
use crate::child::Child;
use crate::pool::Shared;
use crate::protocol::Answer;

/// One job's hold on a slot, on memory and on a child. If it is dropped half way (the caller went away),
/// the child is killed, because nobody knows what it is doing, and the slot comes back with a new one.
pub(crate) struct Lease {
    shared: Arc<Shared>,
    held: Option<Held>,
}

struct Held {
    child: Child,
    slot: OwnedSemaphorePermit,
    memory: OwnedSemaphorePermit,
}

impl Lease {
    pub(crate) fn new(
        shared: Arc<Shared>,
        child: Child,
        slot: OwnedSemaphorePermit,
        memory: OwnedSemaphorePermit,
    ) -> Self {
        shared.busy.fetch_add(1, Ordering::Relaxed);
        Self { shared, held: Some(Held { child, slot, memory }) }
    }

    /// Gives the child its job. One that died or was stopped while it was idle is replaced first, so that
    /// no image is blamed for it.
    pub(crate) async fn hand_over(&mut self, frame: &[u8]) -> Result<(), SandboxError> {
        let held = self.held.as_mut().ok_or(SandboxError::Closed)?;
        let Err(error) = held.child.hand_over(frame).await else { return Ok(()) };
        tracing::warn!(%error, "an idle codec process was gone");
        let idle = std::mem::replace(&mut held.child, self.shared.new_child().await?);
        tokio::spawn(idle.bury(Duration::ZERO));
        held.child.hand_over(frame).await.map_err(|error| SandboxError::NotReady {
            reason: format!("it took no job: {error}"),
            said: String::new(),
        })
    }

    /// Waits for the child's answer to its job; an error means that the child is of no more use.
    pub(crate) async fn answer(&mut self) -> io::Result<Answer> {
        match &mut self.held {
            Some(held) => held.child.answer().await,
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// The job is over and the child is well: it goes back, or is replaced if it has done enough.
    pub(crate) async fn give_back(mut self) {
        let Some(held) = &self.held else { return };
        let tidy = held.child.tidy().await;
        if let Err(error) = &tidy {
            tracing::warn!(%error, "a codec process is replaced because its directory cannot be emptied");
        }
        let fresh = held.child.jobs() < self.shared.config.recycle_after;
        if !fresh || tidy.is_err() {
            return;
        }
        if let Some(Held { child, slot, memory }) = self.held.take() {
            drop(memory);
            self.shared.shelve(child, slot);
        }
    }

    /// The child is of no more use: waits up to `grace` until it has ended by itself, kills it otherwise.
    /// Returns how it ended by itself. A new one is started meanwhile.
    pub(crate) async fn end(mut self, grace: Duration) -> Option<ExitStatus> {
        let held = self.held.take()?;
        let runtime = Handle::current();
        replace(Arc::clone(&self.shared), held, grace, &runtime).await.ok().flatten()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.shared.busy.fetch_sub(1, Ordering::Relaxed);
        // Without a runtime the program is ending: dropping the child kills it, and that is enough.
        if let (Some(held), Ok(runtime)) = (self.held.take(), Handle::try_current()) {
            drop(replace(Arc::clone(&self.shared), held, Duration::ZERO, &runtime));
        }
    }
}

/// Buries the child in a task of its own, so that it happens even if the job's caller goes away. Memory
/// comes back once the process is gone, the slot once there is a new child in it.
fn replace(
    shared: Arc<Shared>,
    held: Held,
    grace: Duration,
    runtime: &Handle,
) -> JoinHandle<Option<ExitStatus>> {
    let Held { mut child, slot, memory } = held;
    if grace.is_zero() {
        child.kill();
    }
    let spawner = runtime.clone();
    runtime.spawn(async move {
        let status = child.bury(grace).await;
        drop(memory);
        spawner.spawn(async move { shared.refill(slot).await });
        status
    })
}
