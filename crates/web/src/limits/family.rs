use actix_web::http::Method;

/// Routes that are limited together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// One image in, one out.
    Work,
    /// Many files in one request.
    Bundle,
    /// Reads of results.
    Images,
    /// Sign-up, log-in and what else is asked before there are credentials.
    Auth,
    /// Accounts, keys, usage, jobs and batches.
    Account,
    /// Pages and lists for everybody.
    Public,
    /// Health: never limited.
    Probe,
}

impl Family {
    /// The family of a route, by its pattern as routed.
    #[must_use]
    pub fn of(method: &Method, pattern: &str) -> Self {
        match pattern {
            "/api/health" | "/api/healthz/live" | "/api/healthz/ready" => Self::Probe,
            "/api/optimize" | "/api/v1/convert" | "/api/v1/optimize/async" => Self::Work,
            "/api/v1/optimize/batch" | "/api/v1/optimize/async/upload-bundle" => Self::Bundle,
            "/api/access-requests" | "/api/team/accept" | "/api/payments/webhook" => Self::Auth,
            _ if pattern.starts_with("/api/auth/") => Self::Auth,
            _ if pattern.starts_with("/api/images/") => Self::Images,
            _ if pattern.starts_with("/api/") || method != Method::GET => Self::Account,
            _ => Self::Public,
        }
    }

    /// Name of the policy of its cap.
    #[must_use]
    pub const fn policy(self) -> &'static str {
        match self {
            Self::Work => "address-work",
            Self::Bundle => "address-bundle",
            Self::Images => "address-images",
            Self::Auth => "address-auth",
            Self::Account => "address-account",
            Self::Public => "address-public",
            Self::Probe => "address-probe",
        }
    }

    /// Whether an API key's own limits are taken from, and not only shown: polling for a job must not use up
    /// what the work needs.
    #[must_use]
    pub const fn counts_for_keys(self) -> bool {
        matches!(self, Self::Work | Self::Bundle)
    }

    /// Whether callers without credentials have no business here.
    #[must_use]
    pub const fn takes_credentials(self) -> bool {
        matches!(self, Self::Work | Self::Bundle | Self::Account)
    }
}
