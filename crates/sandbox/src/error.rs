use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// What is wrong with the sandbox itself, never with an image. Cloneable, because one cause may end
/// several jobs.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SandboxError {
    /// A temporary directory cannot be made or cleared.
    #[error("the codec's temporary directory {} cannot be used: {source}", path.display())]
    TempDir {
        /// The directory.
        path: PathBuf,
        /// The cause.
        source: Arc<io::Error>,
    },
    /// The child's program cannot be run.
    #[error("the codec process {} cannot be started: {source}", program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// The cause.
        source: Arc<io::Error>,
    },
    /// The child ran but did not become ready.
    #[error("the codec process did not become ready: {reason}; it said: {said:?}")]
    NotReady {
        /// What it did instead.
        reason: String,
        /// The end of what it wrote to stderr.
        said: String,
    },
    /// The child could not read the source or write the result.
    #[error("the codec process cannot use its files: {0}")]
    Files(String),
    /// A control message cannot be formed, for example because a path is not Unicode.
    #[error("the job cannot be sent to the codec process: {0}")]
    Order(Arc<io::Error>),
    /// The pool is shutting down.
    #[error("the codec pool is shut down")]
    Closed,
}

impl SandboxError {
    pub(crate) fn temp_dir(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::TempDir { path: path.into(), source: Arc::new(source) }
    }
}
