use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{LifecycleError, Shutdown};

impl Shutdown {
    /// Turns SIGTERM and SIGINT into a shutdown: the first begins it, the second ends it at once. The
    /// handlers stand when this returns. Must be called on a Tokio runtime.
    ///
    /// # Errors
    /// [`LifecycleError::Signal`] if a handler cannot be installed.
    pub fn listen_for_signals(&self) -> Result<(), LifecycleError> {
        let mut terminate = handler("SIGTERM", SignalKind::terminate())?;
        let mut interrupt = handler("SIGINT", SignalKind::interrupt())?;
        let shutdown = self.clone();
        tokio::spawn(async move {
            loop {
                let name = tokio::select! {
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                };
                if shutdown.is_triggered() {
                    tracing::warn!(signal = name, "second signal: shutting down at once");
                    shutdown.trigger_hard();
                } else {
                    tracing::info!(signal = name, "shutting down");
                    shutdown.trigger();
                }
            }
        });
        Ok(())
    }
}

fn handler(name: &'static str, kind: SignalKind) -> Result<Signal, LifecycleError> {
    signal(kind).map_err(|source| LifecycleError::Signal { signal: name, source })
}
