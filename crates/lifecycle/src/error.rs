/// What can go wrong when a process prepares for its end.
#[derive(Debug, thiserror::Error)]
pub enum LifecycleError {
    /// The operating system refused a signal handler.
    #[error("cannot listen for {signal}")]
    Signal {
        /// The signal's name.
        signal: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}
