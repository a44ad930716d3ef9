use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::BillingMonth;
use uuid::Uuid;

use crate::schema::credit_buckets;
use crate::statement::statement;

/// The period of what was bought.
pub(crate) const TOPUP: &str = "topup";

statement! {
    /// The rows that are missing, in the order of the key. Whether one is missing is seen without waiting for
    /// those who change it.
    EnsureBuckets { account: Uuid as SqlUuid, month: String as Text } =
    "INSERT INTO credit_buckets (account_id, period, kind)
     SELECT input.account, periods.period, kinds.kind
     FROM (SELECT ? ::uuid AS account, ? ::text AS month) AS input
     CROSS JOIN LATERAL unnest(ARRAY[input.month, 'topup']) AS periods (period)
     CROSS JOIN unnest(ARRAY['images', 'result_bytes', 'source_bytes']) AS kinds (kind)
     WHERE NOT EXISTS (SELECT FROM credit_buckets AS present
         WHERE present.account_id = input.account AND present.period = periods.period
             AND present.kind = kinds.kind)
     ORDER BY periods.period, kinds.kind
     ON CONFLICT DO NOTHING"
}

statement! {
    /// Adds to rows that the transaction has locked.
    ChangeBuckets {
        account: Uuid as SqlUuid,
        periods: Vec<String> as Array<Text>,
        kinds: Vec<&'static str> as Array<Text>,
        used: Vec<i64> as Array<BigInt>,
        reserved: Vec<i64> as Array<BigInt>,
        overage: Vec<i64> as Array<BigInt>,
    } =
    "UPDATE credit_buckets AS bucket
     SET used = bucket.used + change.used, reserved = bucket.reserved + change.reserved,
         overage = bucket.overage + change.overage
     FROM (SELECT ? ::uuid AS account) AS input,
         unnest(? ::text[], ? ::text[], ? ::bigint[], ? ::bigint[], ? ::bigint[])
             AS change (period, kind, used, reserved, overage)
     WHERE bucket.account_id = input.account AND bucket.period = change.period AND bucket.kind = change.kind"
}

/// Makes the rows of an account's month and of its top-ups where they are missing. To be called before any of
/// them is locked: rows are inserted and locked in the order of the key, so nobody waits in a circle.
pub(crate) async fn ensure(
    connection: &AsyncPgConnection,
    account: Uuid,
    month: BillingMonth,
) -> QueryResult<()> {
    let missing = EnsureBuckets { account, month: month.to_string() };
    missing.execute(&mut &*connection).await.map(drop)
}

/// Period, kind, granted, used and reserved of a bucket.
pub(super) type Row = (String, String, i64, i64, i64);

/// The rows of an account's month and of its top-ups.
#[diesel::dsl::auto_type(no_type_alias)]
fn of(account: Uuid, month: String) -> _ {
    let columns: (
        credit_buckets::period,
        credit_buckets::kind,
        credit_buckets::granted,
        credit_buckets::used,
        credit_buckets::reserved,
    ) = (
        credit_buckets::period,
        credit_buckets::kind,
        credit_buckets::granted,
        credit_buckets::used,
        credit_buckets::reserved,
    );
    let bought: diesel::dsl::Eq<credit_buckets::period, &'static str> = credit_buckets::period.eq(TOPUP);
    credit_buckets::table
        .filter(credit_buckets::account_id.eq(account))
        .filter(credit_buckets::period.eq(month).or(bought))
        .select(columns)
}

/// The rows, held until the transaction ends.
pub(super) async fn lock(
    connection: &AsyncPgConnection,
    account: Uuid,
    month: BillingMonth,
) -> QueryResult<Vec<Row>> {
    of(account, month.to_string())
        .order((credit_buckets::period, credit_buckets::kind))
        .for_update()
        .load(&mut &*connection)
        .await
}

/// The rows, not held: they may have changed already.
pub(super) async fn peek(
    connection: &AsyncPgConnection,
    account: Uuid,
    month: BillingMonth,
) -> QueryResult<Vec<Row>> {
    of(account, month.to_string()).load(&mut &*connection).await
}
