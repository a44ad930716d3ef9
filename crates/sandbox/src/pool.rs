use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::admission::Budget;
use crate::child::Child;
use crate::launcher::Starter;
use crate::lease::Lease;
use crate::protocol::Hello;
use crate::scratch::Scratch;
use crate::{Config, Launcher, SandboxError, Verdict};

/// A set of warm children. Cheap to clone; all clones are the same pool.
#[derive(Clone)]
pub struct Pool {
    pub(crate) shared: Arc<Shared>,
}

/// Every free slot has its child on the shelf, except right after the start and after a failed start.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) busy: AtomicUsize,
    starter: Starter,
    slots: Arc<Semaphore>,
    budget: Budget,
    closed: AtomicBool,
    shelf: Mutex<Vec<Child>>,
    // Last: the children's directories lie in it.
    scratch: Scratch,
}

impl Pool {
    /// Makes the temporary directory, starts one child, and the others behind the caller's back. Must be
    /// called inside a Tokio runtime that outlives the pool.
    ///
    /// # Errors
    /// If the directory cannot be made or the first child does not become ready.
    pub async fn start(config: Config, launcher: Launcher) -> Result<Self, SandboxError> {
        let slots = config.slots.max(1);
        let shared = Arc::new(Shared {
            busy: AtomicUsize::new(0),
            starter: Starter::new(launcher)?,
            slots: Arc::new(Semaphore::new(slots)),
            budget: Budget::new(config.memory_budget),
            closed: AtomicBool::new(false),
            shelf: Mutex::default(),
            scratch: Scratch::create(&config.temp_dir)?,
            config: Config { slots, ..config },
        });
        let first = shared.new_child().await?;
        shared.shelf().push(first);
        for _ in 1..slots {
            if let Ok(slot) = Arc::clone(&shared.slots).try_acquire_owned() {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move { shared.refill(slot).await });
            }
        }
        Ok(Self { shared })
    }

    /// A directory for one job's source and result; gone when the value is dropped.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn job_dir(&self) -> Result<TempDir, SandboxError> {
        self.shared.scratch.subdir("job-")
    }

    /// How many jobs can run at once.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.shared.config.slots
    }

    /// How many jobs run now.
    #[must_use]
    pub fn busy(&self) -> usize {
        self.shared.busy.load(Ordering::Relaxed)
    }

    /// Refuses new jobs, waits for those that run or queue, and ends all children.
    pub async fn shutdown(&self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        let all = u32::try_from(self.shared.config.slots).unwrap_or(u32::MAX);
        let _slots = self.shared.slots.acquire_many(all).await;
        self.shared.slots.close();
        let children = std::mem::take(&mut *self.shared.shelf());
        for child in children {
            child.bury(Duration::ZERO).await;
        }
    }

    /// Waits for a slot, for memory and for a child.
    pub(crate) async fn admit(&self, memory_bytes: u64, alone: bool) -> Result<Lease, Verdict> {
        if self.shared.is_closed() {
            return Err(SandboxError::Closed.into());
        }
        let slot = Arc::clone(&self.shared.slots).acquire_owned().await.map_err(|_| SandboxError::Closed)?;
        let memory = self.shared.budget.take(memory_bytes, alone).await?;
        let child = match self.shared.unshelve() {
            Some(child) => child,
            None => self.shared.new_child().await?,
        };
        Ok(Lease::new(Arc::clone(&self.shared), child, slot, memory))
    }
}

impl Shared {
    /// Puts a child that is well back on the shelf and its slot back among the free ones.
    pub(crate) fn shelve(&self, child: Child, slot: OwnedSemaphorePermit) {
        self.shelf().push(child);
        drop(slot);
    }

    /// Starts a child for a slot whose child is gone, and frees the slot.
    pub(crate) async fn refill(&self, slot: OwnedSemaphorePermit) {
        if self.is_closed() {
            return;
        }
        match self.new_child().await {
            Ok(child) => self.shelve(child, slot),
            Err(error) => tracing::error!(%error, "a codec process cannot be replaced"),
        }
    }

    pub(crate) async fn new_child(&self) -> Result<Child, SandboxError> {
        let hello = Hello {
            parent: std::process::id().cast_signed(),
            address_space: self.config.address_space,
            file_size: self.config.file_size,
        };
        Child::start(&self.starter, self.scratch.subdir("child-")?, &hello).await
    }

    /// The child that was used last, because it is warmest; the dead are dropped.
    fn unshelve(&self) -> Option<Child> {
        let mut shelf = self.shelf();
        std::iter::from_fn(|| shelf.pop()).find_map(|mut child| child.is_alive().then_some(child))
    }

    fn shelf(&self) -> std::sync::MutexGuard<'_, Vec<Child>> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }
}
