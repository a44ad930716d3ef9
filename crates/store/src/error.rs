use std::error::Error;

use diesel::result::{DatabaseErrorKind, Error as QueryError};

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// PostgreSQL cannot be reached, is starting or stopping, has no connection left, or the connection was
    /// lost in the middle. Trying again later may help; what was asked may or may not have happened.
    #[error("the database is unavailable")]
    Unavailable {
        /// What the driver said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Something with this name exists.
    #[error("{what} already exists")]
    AlreadyExists {
        /// What exists.
        what: &'static str,
    },
    /// There may be no more of it.
    #[error("the limit of {limit} is reached")]
    LimitReached {
        /// The limit.
        limit: u32,
    },
    /// A text holds U+0000, which PostgreSQL cannot store. The caller's fault.
    #[error("{what} holds a NUL character")]
    InvalidText {
        /// The field.
        what: &'static str,
    },
    /// A row, or a number on its way in, does not map to its type.
    #[error("{what} does not map to its type")]
    Corrupt {
        /// The column, or the fact that contradicts itself.
        what: &'static str,
    },
    /// The settings do not describe a server.
    #[error("the database settings are not usable")]
    Config {
        /// What is wrong.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A migration could not be applied.
    #[error("the database cannot be migrated")]
    Migration {
        /// Which one and why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Any other refusal: a fault of ours.
    #[error("a database statement failed")]
    Query {
        /// What the server said.
        source: QueryError,
    },
}

impl StoreError {
    /// Whether the database is down rather than the request wrong.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    pub(crate) fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable { source: source.into() }
    }
}

/// How the messages of the server begin when it ends connections (SQLSTATE 57P01, 57P02, 57P03, 57P05 and
/// 53300). The driver does not hand over the SQLSTATE of such an error.
const SERVER_GOES_AWAY: [&str; 5] = [
    "terminating connection",
    "the database system is",
    "sorry, too many clients",
    "remaining connection slots",
    "too many connections",
];

impl From<QueryError> for StoreError {
    fn from(source: QueryError) -> Self {
        let lost = match &source {
            QueryError::DatabaseError(
                DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection,
                _,
            )
            | QueryError::BrokenTransactionManager => true,
            QueryError::DatabaseError(_, information) => {
                SERVER_GOES_AWAY.iter().any(|start| information.message().starts_with(start))
            }
            QueryError::RollbackErrorOnCommit { .. } => true,
            _ => false,
        };
        if lost { Self::unavailable(source) } else { Self::Query { source } }
    }
}

/// Whether the server refused because of the unique index `name`.
pub(crate) fn violates(error: &QueryError, name: &str) -> bool {
    matches!(error, QueryError::DatabaseError(DatabaseErrorKind::UniqueViolation, information)
        if information.constraint_name() == Some(name))
}
