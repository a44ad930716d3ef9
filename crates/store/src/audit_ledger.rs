//! Whether ledger, buckets, reservations, jobs and stored results agree: what `optimagio audit-ledger`
//! prints.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use domain::AccountId;
use uuid::Uuid;

use crate::{Store, StoreError};

/// Two records of the same fact that say different things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discrepancy {
    /// Which check found it, e.g. `bucket_used`.
    pub kind: &'static str,
    /// Whose credits.
    pub account: AccountId,
    /// The month (`2026-11`), `topup`, or empty where it is about no period.
    pub period: String,
    /// The kind of credit, or the job or row that it is about.
    pub subject: String,
    /// What the other records say.
    pub expected: i64,
    /// What is written.
    pub found: i64,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    account: Uuid,
    #[diesel(sql_type = Text)]
    period: String,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = BigInt)]
    expected: i64,
    #[diesel(sql_type = BigInt)]
    found: i64,
}

/// The checks: each answers rows of account, period, subject, expected and found, and none where all is well.
const CHECKS: [(&str, &str); 14] = [
    ("ledger_rows", include_str!("audit/ledger_rows.sql")),
    ("ledger_owner", include_str!("audit/ledger_owner.sql")),
    ("ledger_images", include_str!("audit/ledger_images.sql")),
    ("ledger_source_bytes", include_str!("audit/ledger_source_bytes.sql")),
    ("ledger_result_bytes", include_str!("audit/ledger_result_bytes.sql")),
    ("ledger_parts", include_str!("audit/ledger_parts.sql")),
    ("bucket_used", include_str!("audit/bucket_used.sql")),
    ("bucket_overage", include_str!("audit/bucket_overage.sql")),
    ("topup_granted", include_str!("audit/topup_granted.sql")),
    ("topup_overdrawn", include_str!("audit/topup_overdrawn.sql")),
    ("bucket_reserved", include_str!("audit/bucket_reserved.sql")),
    ("reservation_amount", include_str!("audit/reservation_amount.sql")),
    ("reservation_of_no_work", include_str!("audit/reservation_of_no_work.sql")),
    ("stored_bytes", include_str!("audit/stored_bytes.sql")),
];

impl Store {
    /// Every disagreement, all seen at the same moment; work goes on meanwhile. It reads whole tables, and
    /// the time limit of statements does not hold for it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn audit_ledger(&self) -> Result<Vec<Discrepancy>, StoreError> {
        let mut connection = self.connection().await?;
        let mut transaction = connection.build_transaction().repeatable_read().read_only();
        transaction.run(async |connection: &mut AsyncPgConnection| check_all(connection).await).await
    }
}

async fn check_all(connection: &mut AsyncPgConnection) -> Result<Vec<Discrepancy>, StoreError> {
    connection.batch_execute("SET LOCAL statement_timeout = 0").await?;
    let mut found = Vec::new();
    for (kind, query) in CHECKS {
        let rows: Vec<Row> = diesel::sql_query(query).load(connection).await?;
        found.extend(rows.into_iter().map(|row| Discrepancy {
            kind,
            account: AccountId(row.account),
            period: row.period,
            subject: row.subject,
            expected: row.expected,
            found: row.found,
        }));
    }
    Ok(found)
}
