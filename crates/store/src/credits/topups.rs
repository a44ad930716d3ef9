use std::num::NonZeroU64;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::credits::CreditKind;
use domain::{AccountId, UserId};
use serde_json::json;
use uuid::Uuid;

use super::rows::TOPUP;
use crate::convert::{named, number, storable, without_nul};
use crate::events::NewEvent;
use crate::schema::{credit_buckets, events, topups};
use crate::{Actor, AuditEntry, Store, StoreError, audit_log};

/// Credits that an account gets on top of its plan's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTopup {
    /// Who gets them.
    pub account_id: AccountId,
    /// What they buy.
    pub kind: CreditKind,
    /// How many, in the kind's own unit.
    pub amount: NonZeroU64,
    /// Where they come from.
    pub source: TopupSource,
    /// Why, for people.
    pub note: String,
}

/// Where a top-up comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopupSource {
    /// Given by an operator; each time anew.
    Admin {
        /// Who; nobody at the command line.
        by: Option<UserId>,
    },
    /// Bought.
    Payment {
        /// The payment's id: a second notice of it grants nothing.
        reference: String,
    },
}

/// What became of a top-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granted {
    /// The credits can be spent from now on.
    Granted(Uuid),
    /// They were granted before, for the same payment.
    AlreadyGranted,
}

/// Credits that an account was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topup {
    /// Its identity.
    pub id: Uuid,
    /// What they buy.
    pub kind: CreditKind,
    /// How many there were, in the kind's own unit.
    pub amount: u64,
    /// Where they came from.
    pub source: TopupSource,
    /// Why, for people.
    pub note: String,
    /// When.
    pub created_at: DateTime<Utc>,
}

type Row = (Uuid, String, i64, String, Option<String>, String, Option<Uuid>, DateTime<Utc>);

impl Store {
    /// Gives credits that persist until they are spent, after the month's. Paused jobs go on by themselves.
    ///
    /// # Errors
    /// [`StoreError::InvalidText`] where the reference holds a NUL.
    pub async fn grant_topup(&self, new: NewTopup, now: DateTime<Utc>) -> Result<Granted, StoreError> {
        if let TopupSource::Payment { reference } = &new.source {
            storable("reference", reference)?;
        }
        let mut connection = self.connection().await?;
        let id = Uuid::now_v7();
        let granted = (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                let granted = grant(connection, id, &new, now).await?;
                if let (true, TopupSource::Admin { by }) = (granted, &new.source) {
                    audit_log::record(connection, granted_by(&new, id, *by), now).await?;
                }
                Ok::<_, StoreError>(granted)
            })
            .await?;
        Ok(if granted { Granted::Granted(id) } else { Granted::AlreadyGranted })
    }

    /// What an account was given, the newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn topups(&self, account: AccountId) -> Result<Vec<Topup>, StoreError> {
        let mut connection = self.connection().await?;
        let rows = topups::table
            .filter(topups::account_id.eq(account.0))
            .order((topups::created_at.desc(), topups::id.desc()))
            .select((
                topups::id,
                topups::kind,
                topups::amount,
                topups::source,
                topups::reference,
                topups::note,
                topups::granted_by,
                topups::created_at,
            ))
            .load::<Row>(&mut connection)
            .await?;
        rows.into_iter().map(topup).collect()
    }
}

/// False where the payment was seen before.
async fn grant(
    connection: &AsyncPgConnection,
    id: Uuid,
    new: &NewTopup,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let amount: i64 = number("amount", new.amount.get())?;
    let (source, reference, by) = match &new.source {
        TopupSource::Admin { by } => ("admin", None, by.map(|user| user.0)),
        TopupSource::Payment { reference } => ("payment", Some(reference.as_str()), None),
    };
    let row = (
        topups::id.eq(id),
        topups::account_id.eq(new.account_id.0),
        topups::kind.eq(new.kind.as_str()),
        topups::amount.eq(amount),
        topups::source.eq(source),
        topups::reference.eq(reference),
        topups::note.eq(without_nul(&new.note)),
        topups::granted_by.eq(by),
        topups::created_at.eq(now),
    );
    let inserted = diesel::insert_into(topups::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(&mut &*connection)
        .await?;
    if inserted == 0 {
        return Ok(false);
    }
    let bucket = (
        credit_buckets::account_id.eq(new.account_id.0),
        credit_buckets::period.eq(TOPUP),
        credit_buckets::kind.eq(new.kind.as_str()),
        credit_buckets::granted.eq(amount),
    );
    diesel::insert_into(credit_buckets::table)
        .values(bucket)
        .on_conflict((credit_buckets::account_id, credit_buckets::period, credit_buckets::kind))
        .do_update()
        .set(credit_buckets::granted.eq(credit_buckets::granted + amount))
        .execute(&mut &*connection)
        .await?;
    let payload = json!({ "topup_id": id.to_string(), "kind": new.kind.as_str(), "amount": amount });
    let event = NewEvent::new(new.account_id, "credits.granted", payload, now);
    diesel::insert_into(events::table).values(event).execute(&mut &*connection).await?;
    Ok(true)
}

/// What the audit log says about a gift.
fn granted_by(new: &NewTopup, id: Uuid, by: Option<UserId>) -> AuditEntry {
    AuditEntry {
        account_id: Some(new.account_id),
        actor: by.map_or(Actor::Operator, Actor::User),
        action: "credits.granted",
        object: id.to_string(),
        details: json!({
            "kind": new.kind.as_str(),
            "amount": new.amount.get(),
            "note": without_nul(&new.note),
        }),
    }
}

fn topup(row: Row) -> Result<Topup, StoreError> {
    let (id, kind, amount, source, reference, note, by, created_at) = row;
    let source = match (source.as_str(), reference) {
        ("admin", None) => TopupSource::Admin { by: by.map(UserId) },
        ("payment", Some(reference)) => TopupSource::Payment { reference },
        _ => return Err(StoreError::Corrupt { what: "topups.source" }),
    };
    Ok(Topup {
        id,
        kind: named("topups.kind", &kind)?,
        amount: number("topups.amount", amount)?,
        source,
        note,
        created_at,
    })
}
