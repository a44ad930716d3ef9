use std::io;
use std::time::Duration;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a source could not be downloaded.
///
/// The text of an error never holds a resolved address; its sources may, so they are for the log only.
/// [`FetchError::rejection`] gives the words for the caller.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The URL is malformed or too long.
    #[error("the URL is not valid: {0}")]
    InvalidUrl(UrlFault),
    /// The URL, or the target of a redirect, is neither `http` nor `https`.
    #[error("the URL is neither http nor https")]
    UnsupportedScheme,
    /// The URL, or the target of a redirect, is one that may not be fetched.
    #[error("the URL may not be fetched: {0}")]
    NotAllowed(Refusal),
    /// One redirect more than permitted.
    #[error("more than {limit} redirects")]
    TooManyRedirects {
        /// The most redirects that are followed.
        limit: u32,
    },
    /// The body is larger than permitted, by its announcement or in fact.
    #[error("the source is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The largest body that is read.
        limit_bytes: u64,
    },
    /// Something took longer than permitted.
    #[error("no timely answer from the source: {phase}, limit {limit:?}")]
    Timeout {
        /// What took too long.
        phase: Phase,
        /// The longest permitted time, or the span over which the rate was measured.
        limit: Duration,
    },
    /// The name has no address, or nobody accepts a connection there.
    #[error("the source cannot be reached")]
    Unreachable(#[source] Cause),
    /// The source answered with another status than 200.
    #[error("the source answered with status {0}")]
    Status(u16),
    /// The certificate or the TLS handshake is not acceptable.
    #[error("no acceptable TLS connection to the source")]
    Tls(#[source] io::Error),
    /// The answer is not a plain HTTP/1 body.
    #[error("the source's answer is not valid: {0}")]
    Invalid(#[source] InvalidAnswer),
    /// At start-up: the system's resolver configuration cannot be read.
    #[error("cannot set up the name resolver")]
    ResolverSetup(#[source] Cause),
    /// At start-up: the trusted certificates cannot be used.
    #[error("cannot set up the trusted certificates")]
    CertificateSetup(#[source] Cause),
}

impl FetchError {
    /// The status that the source answered with, where that is the reason.
    #[must_use]
    pub fn upstream_status(&self) -> Option<u16> {
        match self {
            Self::Status(status) => Some(*status),
            _ => None,
        }
    }
}

/// What is wrong with a URL as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlFault {
    /// Longer than [`domain::limits::MAX_URL_BYTES`].
    #[error("it is longer than {} bytes", domain::limits::MAX_URL_BYTES)]
    TooLong,
    /// A space or a control character, raw or percent-encoded.
    #[error("it contains a space or a control character")]
    ControlCharacter,
    /// The host name is longer than 253 bytes, has an empty or overlong label, or a forbidden character.
    #[error("its host is not a valid name: at most 253 bytes, labels of 1 to 63 letters, digits and hyphens")]
    Host,
    /// Path and query cannot be written into a request.
    #[error("its path cannot be requested")]
    Target,
    /// The URL Standard's parser refuses it.
    #[error("{0}")]
    Syntax(#[from] url::ParseError),
}

/// Why a well-formed URL may not be fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A user name, a password, or something that another parser would take for one.
    #[error("it contains user information")]
    UserInfo,
    /// An IPv6 address with a zone.
    #[error("its address has a zone")]
    Zone,
    /// A port that is not permitted.
    #[error("its port is not one of {allowed}")]
    Port {
        /// The permitted ports, separated by commas.
        allowed: String,
    },
    /// A name that belongs to the local network by definition.
    #[error("its host name is a local one")]
    LocalName,
    /// A host of this service itself.
    #[error("it points back to this service")]
    OwnHost,
    /// An address, written or resolved, that is not public.
    #[error("it does not point to a public address")]
    Address,
    /// From `https` to `http`.
    #[error("it redirects from https to http")]
    Downgrade,
}

/// What took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Phase {
    /// Finding the addresses of the name.
    #[error("resolving the name")]
    Resolve,
    /// The TCP connection.
    #[error("connecting")]
    Connect,
    /// The TLS handshake.
    #[error("the TLS handshake")]
    Handshake,
    /// The head of the response.
    #[error("the head of the response")]
    Head,
    /// The body, slower than the minimum rate.
    #[error("the body's rate")]
    Rate,
    /// Everything together.
    #[error("the whole download")]
    Total,
}

/// What is wrong with a response.
#[derive(Debug, thiserror::Error)]
pub enum InvalidAnswer {
    /// The head is not HTTP/1, too large, has too many lines, or ended early.
    #[error("its head is not HTTP/1 of at most {max_bytes} bytes and {max_lines} lines")]
    Head {
        /// The largest head in bytes.
        max_bytes: usize,
        /// The most header lines.
        max_lines: usize,
        /// What hyper found.
        #[source]
        source: hyper::Error,
    },
    /// The body's framing is broken, or it ended early.
    #[error("its body is broken or incomplete")]
    Body(#[source] hyper::Error),
    /// A `Content-Encoding` other than `identity`, although no other was accepted.
    #[error("its body carries a content encoding")]
    ContentEncoding,
    /// A `Transfer-Encoding` other than `chunked`, or one together with a `Content-Length`.
    #[error("its body's framing is ambiguous or unsupported")]
    TransferEncoding,
    /// A redirect to something that is no URL.
    #[error("it redirects to an invalid URL")]
    Location,
}
