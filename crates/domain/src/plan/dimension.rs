use std::fmt;
use std::str::FromStr;

macro_rules! dimensions {
    ($( $(#[doc = $doc:literal])+ $variant:ident => $text:literal ),+ $(,)?) => {
        /// Something that a plan limits. Each is optional in a plan, and each can be overridden for one account.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Dimension { $( $(#[doc = $doc])+ $variant ),+ }

        impl Dimension {
            /// Every dimension.
            pub const ALL: &[Self] = &[$( Self::$variant ),+];

            /// The name in catalogues, overrides and the API.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $text ),+ }
            }

            /// What it counts, for the documentation.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $( Self::$variant => concat!($($doc),+).trim_ascii() ),+ }
            }
        }
    };
}

dimensions! {
    /// Image credits of a calendar month.
    MonthlyImages => "monthly_images",
    /// Source bytes of a calendar month.
    MonthlySourceBytes => "monthly_source_bytes",
    /// Result bytes of a calendar month.
    BandwidthBytes => "bandwidth_bytes",
    /// Bytes in the Storage Library, a hard cap.
    StorageBytes => "storage_bytes",
    /// Largest source file in bytes.
    FileBytes => "file_bytes",
    /// Requests of one API key in a second.
    RequestsPerSecond => "requests_per_second",
    /// Requests of one API key in a minute.
    RequestsPerMinute => "requests_per_minute",
    /// Requests of one API key in a day (UTC).
    RequestsPerDay => "requests_per_day",
    /// Requests of one API key at the same time.
    ConcurrentRequests => "concurrent_requests",
    /// Results of the account in a fixed minute.
    ResultsPerMinute => "results_per_minute",
    /// Share of one API key in the results of a minute.
    ResultsPerMinutePerKey => "results_per_minute_per_key",
    /// Active API keys.
    ApiKeys => "api_keys",
    /// Team seats, members and open invitations together.
    Seats => "seats",
    /// Days that a result stays that is not saved; 0 is the short window of one hour.
    RetentionDays => "retention_days",
    /// AI credits of a calendar month.
    AiCredits => "ai_credits",
}

impl Dimension {
    /// The limit where a plan states none: without end for what is counted, nothing for what is given.
    pub(crate) const fn unstated(self) -> Option<u64> {
        match self {
            Self::RetentionDays | Self::AiCredits => Some(0),
            _ => None,
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Dimension {
    type Err = UnknownDimension;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|dimension| dimension.as_str() == text)
            .ok_or_else(|| UnknownDimension(text.to_owned()))
    }
}

impl serde::Serialize for Dimension {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Dimension {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        String::deserialize(input)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A text that names no dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownDimension(pub String);

impl fmt::Display for UnknownDimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<_> = Dimension::ALL.iter().map(|dimension| dimension.as_str()).collect();
        write!(f, "unknown limit {:?}; the limits are {}", self.0, known.join(", "))
    }
}

impl std::error::Error for UnknownDimension {}
