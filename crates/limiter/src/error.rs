/// What can go wrong when the limiter is set up or asked for its health. Taking from a limit never fails.
#[derive(Debug, thiserror::Error)]
pub enum LimiterError {
    /// `REDIS_URL` cannot be used.
    #[error("the Redis URL cannot be used: {0}")]
    Url(#[source] redis::RedisError),
    /// There is no connection to Redis; local windows decide until there is one again.
    #[error("Redis is not connected")]
    NotConnected,
    /// Redis answered with an error, or the connection broke.
    #[error("Redis failed: {0}")]
    Redis(#[source] redis::RedisError),
    /// Redis did not answer in time.
    #[error("Redis did not answer within the time limit")]
    Timeout,
}
