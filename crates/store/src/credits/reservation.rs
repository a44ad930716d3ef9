use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::JobId;
use domain::credits::{CreditKind, Split};
use uuid::Uuid;

use crate::StoreError;
use crate::convert::{named, number};
use crate::schema::reservations;
use crate::statement::statement;

/// What a job has set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reservation {
    pub(crate) images: Split,
    pub(crate) source_bytes: Split,
}

statement! {
    /// One row for each job and kind.
    InsertReservations {
        jobs: Vec<Uuid> as Array<SqlUuid>,
        kinds: Vec<&'static str> as Array<Text>,
        monthly: Vec<i64> as Array<BigInt>,
        topup: Vec<i64> as Array<BigInt>,
        overage: Vec<i64> as Array<BigInt>,
    } =
    "INSERT INTO reservations (job_id, kind, monthly, topup, overage)
     SELECT * FROM unnest(? ::uuid[], ? ::text[], ? ::bigint[], ? ::bigint[], ? ::bigint[])"
}

/// The rows of `reservations`.
pub(crate) struct Reservations;

impl Reservations {
    /// What jobs have set aside, for rows whose jobs exist.
    pub(crate) async fn insert(
        connection: &AsyncPgConnection,
        of_jobs: &[(JobId, Reservation)],
    ) -> Result<(), StoreError> {
        let mut rows = InsertReservations {
            jobs: Vec::new(),
            kinds: Vec::new(),
            monthly: Vec::new(),
            topup: Vec::new(),
            overage: Vec::new(),
        };
        for (job, reservation) in of_jobs {
            let splits = [
                (CreditKind::Images, reservation.images),
                (CreditKind::SourceBytes, reservation.source_bytes),
            ];
            for (kind, split) in splits {
                rows.jobs.push(job.0);
                rows.kinds.push(kind.as_str());
                rows.monthly.push(number("reservations.monthly", split.monthly)?);
                rows.topup.push(number("reservations.topup", split.topup)?);
                rows.overage.push(number("reservations.overage", split.overage)?);
            }
        }
        rows.execute(&mut &*connection).await?;
        Ok(())
    }

    /// What a job has set aside, by kind; nothing where the version before accepted it.
    pub(crate) async fn of(
        connection: &AsyncPgConnection,
        job: JobId,
    ) -> Result<BTreeMap<CreditKind, Split>, StoreError> {
        let rows = reservations::table
            .filter(reservations::job_id.eq(job.0))
            .select((reservations::kind, reservations::monthly, reservations::topup, reservations::overage))
            .load::<(String, i64, i64, i64)>(&mut &*connection)
            .await?;
        rows.into_iter()
            .map(|(kind, monthly, topup, overage)| {
                let split = Split {
                    monthly: number("reservations.monthly", monthly)?,
                    topup: number("reservations.topup", topup)?,
                    overage: number("reservations.overage", overage)?,
                };
                Ok((named("reservations.kind", &kind)?, split))
            })
            .collect()
    }

    /// Forgets what a job has set aside.
    pub(crate) async fn delete(connection: &AsyncPgConnection, job: JobId) -> QueryResult<()> {
        diesel::delete(reservations::table.filter(reservations::job_id.eq(job.0)))
            .execute(&mut &*connection)
            .await
            .map(drop)
    }
}
