use std::time::Duration;

use settings::{Reader, Seconds, Secret};

/// How to reach PostgreSQL.
#[derive(Debug, Clone)]
pub struct Config {
    /// `postgres://user:password@host:port/database`. TLS only with `?sslmode=require`, and then the
    /// server's certificate must be valid for the host under the public (Mozilla) roots.
    pub url: Secret,
    /// Most connections at once.
    pub max_connections: usize,
    /// Longest wait for a connection, from the pool or from the server, and how long the server may leave
    /// what was sent unacknowledged. Under one second, so that a missing database is answered in time
    /// (RELIABILITY R4).
    pub connect_timeout: Duration,
    /// Longest time of one statement; the server cancels it then.
    pub statement_timeout: Duration,
}

impl Config {
    /// Reads `DATABASE_URL`, `DATABASE_POOL_SIZE`, `DATABASE_CONNECT_TIMEOUT_SECONDS` and
    /// `DATABASE_STATEMENT_TIMEOUT_SECONDS`.
    pub fn read(reader: &mut Reader) -> Self {
        let url = reader.required(
            "DATABASE_URL",
            "postgres://optimagio:optimagio@localhost:5432/optimagio",
            "PostgreSQL; add ?sslmode=require for TLS.",
        );
        let max_connections =
            reader.or("DATABASE_POOL_SIZE", 16_usize, "Most connections of one process to PostgreSQL.");
        if max_connections == 0 {
            reader.fail("DATABASE_POOL_SIZE", "must be at least 1");
        }
        let Seconds(connect_timeout) = reader.or(
            "DATABASE_CONNECT_TIMEOUT_SECONDS",
            Seconds(Duration::from_millis(800)),
            "Longest wait for a database connection; requests fail with database_unavailable after it.",
        );
        let Seconds(statement_timeout) = reader.or(
            "DATABASE_STATEMENT_TIMEOUT_SECONDS",
            Seconds(Duration::from_secs(10)),
            "Longest time of one database statement.",
        );
        for (name, timeout) in [
            ("DATABASE_CONNECT_TIMEOUT_SECONDS", connect_timeout),
            ("DATABASE_STATEMENT_TIMEOUT_SECONDS", statement_timeout),
        ] {
            if timeout < Duration::from_millis(1) {
                reader.fail(name, "must be at least 0.001");
            }
        }
        Self { url, max_connections, connect_timeout, statement_timeout }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_answer_within_a_second() {
        let mut reader = Reader::from_pairs([("DATABASE_URL", "postgres://localhost/x")]);
        let config = Config::read(&mut reader);
        assert!(reader.finish().is_ok());
        assert!(config.connect_timeout < Duration::from_secs(1));
        assert_eq!(config.max_connections, 16);
    }

    #[test]
    fn a_pool_without_connections_is_refused() {
        let mut reader = Reader::from_pairs([("DATABASE_URL", "postgres://x"), ("DATABASE_POOL_SIZE", "0")]);
        Config::read(&mut reader);
        let errors = reader.finish().unwrap_err().to_string();
        assert!(errors.contains("DATABASE_POOL_SIZE: must be at least 1"), "{errors}");
    }
}
