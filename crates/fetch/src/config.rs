use std::fmt::{self, Display};
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use settings::{Reader, Seconds};
use url::Host;

/// What the downloader permits. [`Config::default`] is what RELIABILITY T31–T57 ask for.
#[derive(Debug, Clone)]
pub struct Config {
    /// The ports that may be connected to.
    pub allowed_ports: Vec<u16>,
    /// How many redirects are followed; one more is refused.
    pub max_redirects: u32,
    /// The longest wait for each of: the name's addresses, one TCP connection, the TLS handshake.
    pub connect_timeout: Duration,
    /// The longest wait from the request to the complete head of the response, on each hop.
    pub first_byte_timeout: Duration,
    /// The longest time from the call to the last byte, all hops together.
    pub total_timeout: Duration,
    /// The slowest body that is still read, in bytes per second over each `rate_window`.
    pub min_bytes_per_second: u64,
    /// The span of waiting over which the rate is measured.
    pub rate_window: Duration,
    /// The largest response head in bytes; hyper enforces no less than 8,192.
    pub max_header_bytes: usize,
    /// The most header lines of a response.
    pub max_headers: usize,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// This service's own public host names and addresses: a source there would be a request to ourselves.
    pub own_hosts: Vec<OwnHost>,
    /// PEM certificates of authorities that are trusted in addition to Mozilla's.
    pub extra_ca_pem: Option<String>,
    /// Loopback sockets that may be connected to although they are not public: for tests and demos only.
    pub allow_private_for_tests: Vec<TestAllowance>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            allowed_ports: vec![80, 443],
            max_redirects: 5,
            connect_timeout: Duration::from_secs(3),
            first_byte_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(15),
            min_bytes_per_second: 10_000,
            rate_window: Duration::from_secs(5),
            max_header_bytes: 32 << 10,
            max_headers: 100,
            user_agent: "Optimagio/2.0".to_owned(),
            own_hosts: Vec::new(),
            extra_ca_pem: None,
            allow_private_for_tests: Vec::new(),
        }
    }
}

impl Config {
    /// Reads the `FETCH_*` variables.
    pub fn read(reader: &mut Reader) -> Self {
        let default = Self::default();
        Self {
            allowed_ports: reader
                .or("FETCH_PORTS", List(default.allowed_ports), "Ports of a source URL, separated by commas")
                .0,
            max_redirects: reader.or(
                "FETCH_MAX_REDIRECTS",
                default.max_redirects,
                "Redirects that a source URL may take",
            ),
            connect_timeout: positive_seconds(
                reader,
                "FETCH_CONNECT_TIMEOUT_SECONDS",
                default.connect_timeout,
                "Longest wait for a source's addresses, its TCP connection and its TLS handshake, each",
            ),
            first_byte_timeout: positive_seconds(
                reader,
                "FETCH_FIRST_BYTE_TIMEOUT_SECONDS",
                default.first_byte_timeout,
                "Longest wait for the head of a source's response",
            ),
            total_timeout: positive_seconds(
                reader,
                "FETCH_TOTAL_TIMEOUT_SECONDS",
                default.total_timeout,
                "Longest download of a source, redirects included",
            ),
            min_bytes_per_second: reader.or(
                "FETCH_MIN_BYTES_PER_SECOND",
                default.min_bytes_per_second,
                "Slowest download of a source, measured over 5 s",
            ),
            own_hosts: list(
                reader,
                "FETCH_OWN_HOSTS",
                "Public host names and addresses of this service, separated by commas: never fetched",
            ),
            extra_ca_pem: reader.optional(
                "FETCH_EXTRA_CA",
                "PEM certificates of further authorities that sources may use (FETCH_EXTRA_CA_FILE names a file)",
            ),
            allow_private_for_tests: list(
                reader,
                "FETCH_TEST_ALLOW",
                "For tests and demos only: loopback sockets such as 127.0.0.1:8080 that may be fetched",
            ),
            ..Self::default()
        }
    }
}

fn positive_seconds(
    reader: &mut Reader,
    name: &'static str,
    default: Duration,
    help: &'static str,
) -> Duration {
    let Seconds(duration) = reader.or(name, Seconds(default), help);
    if duration.is_zero() {
        reader.fail(name, "must be more than 0 seconds");
    }
    duration
}

fn list<T>(reader: &mut Reader, name: &'static str, help: &'static str) -> Vec<T>
where
    T: FromStr + Display,
    T::Err: Display,
{
    reader.or(name, List(Vec::new()), help).0
}

/// A host name or address of this service, in the form in which URLs are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnHost(Host);

impl OwnHost {
    /// Whether a URL's host is this one; a name also with its closing dot.
    pub(crate) fn is(&self, host: &Host<&str>) -> bool {
        match (&self.0, host) {
            (Host::Domain(own), Host::Domain(other)) => {
                own.trim_end_matches('.') == other.trim_end_matches('.')
            }
            (Host::Ipv4(own), Host::Ipv4(other)) => own == other,
            (Host::Ipv6(own), Host::Ipv6(other)) => own == other,
            _ => false,
        }
    }
}

impl FromStr for OwnHost {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Host::parse(text)
            .map(Self)
            .map_err(|error| format!("expected host names without scheme and port, but {text:?}: {error}"))
    }
}

impl Display for OwnHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One exact loopback socket that may be connected to although it is not public. Nothing but loopback can
/// be allowed, so a setting left behind by a demo opens no door into a private network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestAllowance(SocketAddr);

impl TestAllowance {
    /// Allows `socket`; `None` unless it is a loopback address.
    #[must_use]
    pub fn loopback(socket: SocketAddr) -> Option<Self> {
        socket.ip().is_loopback().then_some(Self(socket))
    }

    /// The socket.
    #[must_use]
    pub fn socket(&self) -> SocketAddr {
        self.0
    }
}

impl FromStr for TestAllowance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse()
            .ok()
            .and_then(Self::loopback)
            .ok_or_else(|| format!("expected loopback sockets such as 127.0.0.1:8080, not {text:?}"))
    }
}

impl Display for TestAllowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Values separated by commas.
#[derive(Debug)]
struct List<T>(Vec<T>);

impl<T: FromStr> FromStr for List<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl<T: Display> Display for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, item) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{item}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, String> {
        let mut reader = Reader::from_pairs(pairs.iter().copied());
        let config = Config::read(&mut reader);
        reader.finish().map(|()| config).map_err(|errors| errors.to_string())
    }

    #[test]
    fn nothing_private_is_allowed_by_default() {
        let config = read(&[]).unwrap();
        assert_eq!(config.allowed_ports, [80, 443]);
        assert!(config.allow_private_for_tests.is_empty());
        assert_eq!(config.total_timeout, Duration::from_secs(15));
    }

    #[test]
    fn lists_are_separated_by_commas() {
        let config = read(&[
            ("FETCH_PORTS", "80, 443,8443"),
            ("FETCH_TEST_ALLOW", "127.0.0.1:8080,[::1]:9"),
            ("FETCH_OWN_HOSTS", "API.example.com, 198.51.100.7"),
        ])
        .unwrap();
        assert_eq!(config.allowed_ports, [80, 443, 8443]);
        assert_eq!(List(config.allow_private_for_tests).to_string(), "127.0.0.1:8080,[::1]:9");
        assert_eq!(List(config.own_hosts).to_string(), "api.example.com,198.51.100.7");
    }

    #[test]
    fn only_loopback_can_be_allowed_and_every_failure_names_its_variable() {
        let errors = read(&[
            ("FETCH_TEST_ALLOW", "10.0.0.1:80"),
            ("FETCH_OWN_HOSTS", "https://example.com/"),
            ("FETCH_PORTS", "70000"),
            ("FETCH_CONNECT_TIMEOUT_SECONDS", "0"),
        ])
        .unwrap_err();
        for name in ["FETCH_TEST_ALLOW", "FETCH_OWN_HOSTS", "FETCH_PORTS", "FETCH_CONNECT_TIMEOUT_SECONDS"] {
            assert!(errors.contains(name), "{name} in {errors}");
        }
        assert!("0.0.0.0:80".parse::<TestAllowance>().is_err());
        assert!("127.0.0.1".parse::<TestAllowance>().is_err());
    }
}
