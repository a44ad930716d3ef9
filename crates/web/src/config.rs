use std::time::Duration;

use settings::{ByteSize, Reader, Seconds};

use crate::TrustedHops;

/// What every HTTP service reads besides its own listener's address.
#[derive(Debug, Clone)]
pub struct Config {
    /// Threads that serve HTTP; 0 means one a core.
    pub threads: usize,
    /// Most open connections of the service.
    pub max_connections: usize,
    /// Time for the head of a request to arrive.
    pub head_timeout: Duration,
    /// Time that an idle connection stays open.
    pub keep_alive: Duration,
    /// Time for a client to take a response of any size.
    pub send_grace: Duration,
    /// Least average rate at which a client takes a response.
    pub send_min_bytes_per_second: u64,
    /// Proxies in front of the service.
    pub trusted_hops: TrustedHops,
}

impl Config {
    /// Reads `HTTP_*`.
    pub fn read(reader: &mut Reader) -> Self {
        let seconds = |duration: u64| Seconds(Duration::from_secs(duration));
        Self {
            threads: reader.or("HTTP_THREADS", 0, "HTTP threads of a service; 0 means one a core"),
            max_connections: reader.or("HTTP_MAX_CONNECTIONS", 10_000, "open connections of a service"),
            head_timeout: reader
                .or("HTTP_HEAD_TIMEOUT_SECONDS", seconds(5), "time for a request's head to arrive")
                .0,
            keep_alive: reader
                .or("HTTP_KEEP_ALIVE_SECONDS", seconds(75), "time an idle connection stays open")
                .0,
            send_grace: reader
                .or(
                    "HTTP_SEND_GRACE_SECONDS",
                    seconds(30),
                    "time for a client to take a response of any size",
                )
                .0,
            send_min_bytes_per_second: reader
                .or(
                    "HTTP_SEND_MIN_BYTES_PER_SECOND",
                    ByteSize(10_000),
                    "least rate at which a client takes a larger response",
                )
                .0,
            trusted_hops: TrustedHops(reader.or(
                "HTTP_TRUSTED_PROXIES",
                0,
                "proxies in front that append to X-Forwarded-For and may be believed",
            )),
        }
    }
}
