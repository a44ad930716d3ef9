//! The numbers behind every answer about usage.

use std::time::Duration;

use domain::credits::{Bucket, CreditKind, Funds, Purse};
use domain::{ApiKeyId, BillingMonth};
use store::Usage;
use web::{ApiError, key_subject};

use super::subject::Subject;
use crate::app::App;

/// Credits, seats and jobs of an account in this month.
pub(crate) struct Figures {
    pub(crate) month: BillingMonth,
    pub(crate) active_seats: u64,
    pub(crate) pending_seats: u64,
    pub(crate) paused_jobs: u64,
    purses: Vec<(CreditKind, Purse)>,
    usage: Usage,
}

impl Figures {
    pub(crate) async fn read(app: &App, subject: &Subject) -> Result<Self, ApiError> {
        let account = &subject.account;
        let month = BillingMonth::containing(app.clock.now());
        let funds = Funds::of(&subject.limits, &app.plans.plan(account.tier).overage);
        let usage = app.store.usage(account.id, month).await?;
        let now = app.clock.now();
        let active_seats = app.store.list_members(account.id).await?.len() as u64;
        let invitations = app.store.list_invitations(account.id).await?;
        let pending_seats =
            invitations.iter().filter(|invitation| invitation.expires_at > now).count() as u64;
        let paused_jobs = app.store.paused_jobs(account.id).await?;
        let purses = usage.kinds.iter().map(|used| (used.kind, purse(used, &funds))).collect();
        Ok(Self { month, active_seats, pending_seats, paused_jobs, purses, usage })
    }

    /// The account's credits of one kind.
    pub(crate) fn of(&self, kind: CreditKind) -> Purse {
        self.purses.iter().find(|(known, _)| *known == kind).map(|(_, purse)| *purse).unwrap_or_default()
    }

    /// What is left of one kind, those on top included; no limit where the plan has none or sells more.
    pub(crate) fn available(&self, kind: CreditKind) -> Option<u64> {
        let purse = self.of(kind);
        let counted = purse.monthly.limit.is_some() && !purse.sells_more;
        counted.then(|| purse.monthly.free().saturating_add(purse.topup.free()))
    }

    /// What was sold beyond the month and what is on top.
    pub(crate) fn overage(&self, kind: CreditKind) -> u64 {
        self.usage.kinds.iter().find(|used| used.kind == kind).map_or(0, |used| used.overage)
    }

    /// Whether one more image can be made.
    pub(crate) fn can_work(&self) -> bool {
        self.of(CreditKind::Images).reserve(1).is_some()
            && self.of(CreditKind::SourceBytes).has_any()
            && self.of(CreditKind::ResultBytes).has_any()
    }
}

fn purse(used: &store::KindUsage, funds: &Funds) -> Purse {
    let fund = funds.get(used.kind);
    Purse {
        monthly: Bucket { limit: fund.monthly, used: used.used, reserved: used.reserved },
        topup: Bucket {
            limit: Some(used.topup_granted),
            used: used.topup_used,
            reserved: used.topup_reserved,
        },
        sells_more: fund.sells_more,
    }
}

/// How the limits of requests stand.
pub(crate) struct Rates {
    /// Results of the account in this minute.
    pub(crate) results_this_minute: u32,
    /// Requests of the account today.
    pub(crate) requests_today: u64,
    /// Answers that a limit refused in the last 24 hours.
    pub(crate) hits_24h: u32,
    /// The highest tier of the escalation among the keys asked about.
    pub(crate) escalation_tier: u8,
    /// The longest rest of a block among them.
    pub(crate) blocked_for: Duration,
}

impl Rates {
    /// Of the key that asks; of all active keys where a session asks.
    pub(crate) async fn read(app: &App, subject: &Subject) -> Result<Self, ApiError> {
        let account = subject.account.id;
        let now = app.clock.now();
        let today = now.date_naive();
        let counts = app.store.daily_counts(account, today, today).await?;
        // What this process has counted and not written yet is a few seconds old at most.
        let requests_today = counts.iter().map(|count| count.requests).sum();
        let keys = match subject.key {
            Some(key) => vec![key],
            None => active_keys(app, subject).await?,
        };
        let mut rates = Self {
            results_this_minute: app.gate.results_used(account, &subject.limits).await,
            requests_today,
            hits_24h: 0,
            escalation_tier: 0,
            blocked_for: Duration::ZERO,
        };
        for key in keys {
            let key = key_subject(key);
            let standing = app.limiter.standing(&key).await;
            rates.hits_24h = rates.hits_24h.saturating_add(app.limiter.hits_24h(&key).await);
            rates.escalation_tier = rates.escalation_tier.max(standing.tier);
            rates.blocked_for = rates.blocked_for.max(standing.blocked_for);
        }
        Ok(rates)
    }
}

async fn active_keys(app: &App, subject: &Subject) -> Result<Vec<ApiKeyId>, ApiError> {
    let now = app.clock.now();
    let keys = app.store.list_api_keys(subject.account.id).await?;
    let active = keys
        .into_iter()
        .filter(|key| key.revoked_at.is_none() && key.expires_at.is_none_or(|expires| expires > now));
    Ok(active.map(|key| key.id).collect())
}
