//! Warnings that a month's credits or the Storage Library run out: once for each threshold and month, by mail
//! and as an event, in the transaction that passes the threshold.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::credits::{CreditKind, Funds, passed};
use domain::{AccountId, BillingMonth};
use serde_json::json;
use uuid::Uuid;

use crate::StoreError;
use crate::convert::number;
use crate::credits::Buckets;
use crate::events::NewEvent;
use crate::library::Place;
use crate::schema::{accounts, events, mails, quota_alerts};

/// When accounts are warned, and where they are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alerts {
    /// Percents of a limit.
    pub thresholds: Vec<u32>,
    /// The page on which an account gets more; not mentioned where it is empty.
    pub upgrade_url: String,
}

impl Default for Alerts {
    fn default() -> Self {
        Self { thresholds: vec![80, 95, 100], upgrade_url: String::new() }
    }
}

/// What a limit is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limited {
    Credits(CreditKind),
    Storage,
}

/// A threshold that was reached just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Passed {
    of: Limited,
    threshold: u32,
    used: u64,
    limit: u64,
    month: BillingMonth,
}

impl Alerts {
    /// What the changes of buckets have passed. A month that is over is nothing to be warned of.
    pub(crate) fn of_credits(
        &self,
        buckets: &Buckets,
        kinds: &[CreditKind],
        funds: &Funds,
        now: DateTime<Utc>,
    ) -> Vec<Passed> {
        let month = buckets.month();
        if month != BillingMonth::containing(now) {
            return Vec::new();
        }
        let of = |kind: &CreditKind| {
            let (kind, (before, used)) = (*kind, buckets.monthly_used(*kind));
            funds.get(kind).monthly.into_iter().flat_map(move |limit| {
                passed(&self.thresholds, limit, before, used).map(move |threshold| Passed {
                    of: Limited::Credits(kind),
                    threshold,
                    used,
                    limit,
                    month,
                })
            })
        };
        kinds.iter().flat_map(of).collect()
    }

    /// What a change of the Storage Library has passed.
    pub(crate) fn of_storage(
        &self,
        place: &Place,
        cap: Option<u64>,
        now: DateTime<Utc>,
    ) -> impl Iterator<Item = Passed> {
        let (before, used) = (place.before, place.after);
        cap.into_iter().flat_map(move |limit| {
            passed(&self.thresholds, limit, before, used).map(move |threshold| Passed {
                of: Limited::Storage,
                threshold,
                used,
                limit,
                month: BillingMonth::containing(now),
            })
        })
    }
}

/// Warns of what was passed and not warned of before.
pub(crate) async fn raise(
    connection: &AsyncPgConnection,
    alerts: &Alerts,
    account: Uuid,
    passed: Vec<Passed>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for one in passed {
        let row = (
            quota_alerts::account_id.eq(account),
            quota_alerts::kind.eq(one.of.as_str()),
            quota_alerts::period.eq(one.month.to_string()),
            quota_alerts::threshold.eq(number::<_, i32>("threshold", one.threshold)?),
            quota_alerts::created_at.eq(now),
        );
        let inserted = diesel::insert_into(quota_alerts::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(&mut &*connection)
            .await?;
        if inserted == 1 {
            tell(connection, alerts, account, &one, now).await?;
        }
    }
    Ok(())
}

async fn tell(
    connection: &AsyncPgConnection,
    alerts: &Alerts,
    account: Uuid,
    passed: &Passed,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (email, name): (String, String) = accounts::table
        .find(account)
        .select((accounts::email, accounts::name))
        .first(&mut &*connection)
        .await?;
    let (subject, body) = passed.letter(if name.is_empty() { &email } else { &name }, &alerts.upgrade_url);
    let mail = (
        mails::recipient.eq(&email),
        mails::subject.eq(subject),
        mails::body.eq(body),
        mails::created_at.eq(now),
        mails::next_attempt_at.eq(now),
    );
    diesel::insert_into(mails::table).values(mail).execute(&mut &*connection).await?;
    let payload = json!({
        "kind": passed.of.as_str(),
        "threshold": passed.threshold,
        "used": passed.used,
        "limit": passed.limit,
        "period": passed.month.to_string(),
    });
    let event = NewEvent::new(AccountId(account), "quota.threshold", payload, now);
    diesel::insert_into(events::table).values(event).execute(&mut &*connection).await?;
    Ok(())
}

impl Limited {
    /// The name in the database and in events.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Credits(kind) => kind.as_str(),
            Self::Storage => "storage",
        }
    }

    const fn noun(self) -> &'static str {
        match self {
            Self::Credits(CreditKind::Images) => "image credits",
            Self::Credits(CreditKind::SourceBytes) => "source bytes",
            Self::Credits(CreditKind::ResultBytes) => "bandwidth",
            Self::Credits(CreditKind::Ai) => "AI credits",
            Self::Storage => "Storage Library",
        }
    }

    /// An amount as a person reads it.
    fn amount(self, amount: u64) -> String {
        match self {
            Self::Credits(CreditKind::Images | CreditKind::Ai) => amount.to_string(),
            _ => bytes(amount),
        }
    }
}

/// Bytes in decimal units with one digit, rounded down.
fn bytes(amount: u64) -> String {
    let units = [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    let unit = units.into_iter().find(|(_, size)| amount >= *size);
    unit.map_or_else(
        || format!("{amount} bytes"),
        |(name, size): (&str, u64)| format!("{}.{} {name}", amount / size, amount % size / (size / 10)),
    )
}

impl Passed {
    /// Subject and text of the mail.
    fn letter(&self, account: &str, upgrade_url: &str) -> (String, String) {
        let (threshold, noun) = (self.threshold, self.of.noun());
        let (used, limit) = (self.of.amount(self.used), self.of.amount(self.limit));
        let subject = format!("{threshold} % of your {noun} are used");
        let reset = self.month.reset_at().format("%Y-%m-%d %H:%M UTC");
        let next = match self.of {
            Limited::Credits(_) => format!("The month's credits are renewed on {reset}."),
            Limited::Storage => format!(
                "What is full stays full until results are deleted; this warning is given once a month, again \
                 after {reset}."
            ),
        };
        let more = if upgrade_url.is_empty() { String::new() } else { format!("\n\nMore: {upgrade_url}") };
        let body = format!(
            "Account: {account}\n{noun}: {used} of {limit} are used ({threshold} %).\n\n{next}{more}\n"
        );
        (subject, body)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn a_letter_names_account_kind_used_limit_reset_and_where_to_go() {
        let month = BillingMonth::containing(Utc.with_ymd_and_hms(2026, 11, 20, 0, 0, 0).unwrap());
        let of = Limited::Credits(CreditKind::ResultBytes);
        let passed = Passed { of, threshold: 80, used: 812_340_000_000, limit: 1_000_000_000_000, month };
        let (subject, body) = passed.letter("Cats Ltd", "https://example.com/plans");
        assert_eq!(subject, "80 % of your bandwidth are used");
        for part in ["Cats Ltd", "812.3 GB of 1.0 TB", "2026-12-01 00:00 UTC", "https://example.com/plans"] {
            assert!(body.contains(part), "{body}");
        }
        let storage = Passed { of: Limited::Storage, used: 999, limit: 1_500, ..passed };
        assert!(storage.letter("a", "").1.contains("999 bytes of 1.5 kB"));
    }
}
