use settings::Reader;

use super::Family;

/// Caps of one client address in a minute (layer 1). High enough for a busy server behind one address: what a
/// caller with credentials may do is decided by key and account.
#[derive(Debug, Clone, Copy)]
pub struct EdgeConfig {
    /// Optimize requests.
    pub work: u32,
    /// Batch and bundle uploads.
    pub bundle: u32,
    /// Reads of results.
    pub images: u32,
    /// Everything about accounts, jobs and batches.
    pub account: u32,
    /// Public pages.
    pub public: u32,
    /// Requests without credentials to routes that take them.
    pub anonymous: u32,
    /// Requests with wrong credentials.
    pub bad_credentials: u32,
    /// Reads of results that are not there.
    pub misses: u32,
    /// Optimize requests without credentials, where they are let in.
    pub anonymous_work: AnonymousWork,
}

/// What one client address may do without credentials, where the service lets it optimize at all.
#[derive(Debug, Clone, Copy)]
pub struct AnonymousWork {
    /// Requests in a minute.
    pub per_minute: u32,
    /// Requests in a day (UTC).
    pub per_day: u32,
    /// Requests at the same time.
    pub concurrent: u32,
}

impl EdgeConfig {
    /// Reads `EDGE_*_PER_MINUTE` and `ANONYMOUS_*`.
    pub fn read(reader: &mut Reader) -> Self {
        let mut cap = |name, default, help| {
            let cap: u32 = reader.or(name, default, help);
            if cap == 0 {
                reader.fail(name, "must be at least 1");
            }
            cap
        };
        Self {
            work: cap("EDGE_WORK_PER_MINUTE", 12_000, "optimize requests of one address in a minute"),
            bundle: cap("EDGE_BUNDLE_PER_MINUTE", 1_200, "batch uploads of one address in a minute"),
            images: cap("EDGE_IMAGES_PER_MINUTE", 6_000, "reads of results of one address in a minute"),
            account: cap(
                "EDGE_ACCOUNT_PER_MINUTE",
                1_200,
                "account, job and batch requests of one address in a minute",
            ),
            public: cap(
                "EDGE_PUBLIC_PER_MINUTE",
                300,
                "requests for public pages of one address in a minute",
            ),
            anonymous: cap(
                "EDGE_ANONYMOUS_PER_MINUTE",
                60,
                "requests without credentials of one address in a minute, to routes that take them",
            ),
            bad_credentials: cap(
                "EDGE_BAD_CREDENTIALS_PER_MINUTE",
                20,
                "requests with wrong credentials of one address in a minute",
            ),
            misses: cap("EDGE_MISSES_PER_MINUTE", 120, "reads of absent results of one address in a minute"),
            anonymous_work: AnonymousWork {
                per_minute: cap(
                    "ANONYMOUS_PER_MINUTE",
                    10,
                    "optimize requests without credentials of one address in a minute, where ANONYMOUS_ACCOUNT is set",
                ),
                per_day: cap("ANONYMOUS_PER_DAY", 100, "the same in a day"),
                concurrent: cap("ANONYMOUS_CONCURRENT", 2, "the same at once"),
            },
        }
    }

    /// The cap of a family.
    #[must_use]
    pub const fn of(&self, family: Family) -> u32 {
        match family {
            Family::Work => self.work,
            Family::Bundle => self.bundle,
            Family::Images => self.images,
            Family::Account | Family::Auth => self.account,
            Family::Public => self.public,
            Family::Probe => u32::MAX,
        }
    }
}
