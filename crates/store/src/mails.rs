//! Letters that must go out. A row is written in the transaction that causes it, and sent later by whoever claims
//! it; a letter that cannot be delivered is tried again and holds up no other.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::AccountId;

use crate::convert::without_nul;
use crate::schema::{accounts, mails};
use crate::{Store, StoreError};

/// Times that a letter is tried: at once, then after 1 min, 5 min, 30 min, 2 h and 12 h (see [`CLAIM`]).
const ATTEMPTS: i32 = 6;
/// Longest error text that is kept.
const MAX_ERROR: usize = 500;

/// A letter in plain text.
#[derive(Clone, PartialEq, Eq)]
pub struct NewMail {
    /// The address.
    pub recipient: String,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
}

impl std::fmt::Debug for NewMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Letters carry addresses and tokens.
        f.write_str("NewMail(redacted)")
    }
}

/// A letter that is this caller's to send now.
#[derive(Debug, Clone, QueryableByName)]
pub struct DueMail {
    /// Its row.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Which try this is, from 1 on.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    #[diesel(sql_type = Text)]
    recipient: String,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Text)]
    body: String,
}

impl DueMail {
    /// The letter.
    #[must_use]
    pub fn mail(&self) -> NewMail {
        NewMail { recipient: self.recipient.clone(), subject: self.subject.clone(), body: self.body.clone() }
    }
}

/// Takes due rows. Each is put off to its next try at once: a sender that dies has only delayed it, and no row is
/// locked while a mail server thinks.
const CLAIM: &str = "UPDATE mails SET attempts = attempts + 1, next_attempt_at = $1 + (ARRAY[interval '1 minute', \
     interval '5 minutes', interval '30 minutes', interval '2 hours', interval '12 hours'])[least(attempts + 1, 5)] \
     WHERE id IN (SELECT id FROM mails WHERE sent_at IS NULL AND gave_up_at IS NULL AND next_attempt_at <= $1 \
     ORDER BY next_attempt_at, id LIMIT $2 FOR UPDATE SKIP LOCKED) \
     RETURNING id, attempts, recipient, subject, body";

impl Store {
    /// Writes a letter that belongs to no other change.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn queue_mail(&self, mail: NewMail, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        Ok(queue(&mut connection, mail, now).await?)
    }

    /// Writes a letter to the address of an account; false where there is no such account.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn mail_account(
        &self,
        account: AccountId,
        subject: &str,
        body: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                let Some(recipient) = address_of(connection, account).await? else { return Ok(false) };
                let mail = NewMail { recipient, subject: subject.to_owned(), body: body.to_owned() };
                queue(connection, mail, now).await?;
                Ok(true)
            })
            .await
    }

    /// Takes up to `limit` letters that are due, the longest due first. No other caller gets them before their next
    /// try; report each with [`Store::mail_sent`] or [`Store::mail_failed`].
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn claim_mails(&self, limit: u32, now: DateTime<Utc>) -> Result<Vec<DueMail>, StoreError> {
        let mut connection = self.connection().await?;
        let query = diesel::sql_query(CLAIM).bind::<Timestamptz, _>(now).bind::<BigInt, _>(i64::from(limit));
        Ok(query.load(&mut connection).await?)
    }

    /// Notes that a letter is out. Its text is forgotten: it may hold a token.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn mail_sent(&self, mail: i64, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        diesel::update(mails::table.find(mail))
            .set((mails::sent_at.eq(now), mails::body.eq(""), mails::last_error.eq(None::<String>)))
            .execute(&mut connection)
            .await?;
        Ok(())
    }

    /// Notes that a try failed; true where it was the last one, because of the number of tries or because the
    /// failure `is_final`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn mail_failed(
        &self,
        mail: &DueMail,
        error: &str,
        is_final: bool,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let ends = is_final || mail.attempts >= ATTEMPTS;
        let error: String = without_nul(error).chars().take(MAX_ERROR).collect();
        let mut connection = self.connection().await?;
        let row = mails::table.find(mail.id).filter(mails::sent_at.is_null());
        let body = if ends { "" } else { &mail.body };
        diesel::update(row)
            .set((
                mails::last_error.eq(error),
                mails::gave_up_at.eq(ends.then_some(now)),
                mails::body.eq(body),
            ))
            .execute(&mut connection)
            .await?;
        Ok(ends)
    }

    /// Letters that wait to be sent.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn waiting_mails(&self) -> Result<i64, StoreError> {
        let mut connection = self.connection().await?;
        let waiting = mails::sent_at.is_null().and(mails::gave_up_at.is_null());
        Ok(mails::table.filter(waiting).count().get_result(&mut connection).await?)
    }
}

/// Where the service writes to about this account.
pub(crate) async fn address_of(
    connection: &mut AsyncPgConnection,
    account: AccountId,
) -> QueryResult<Option<String>> {
    accounts::table.find(account.0).select(accounts::email).first(connection).await.optional()
}

/// Writes a letter within the transaction of its cause.
pub(crate) async fn queue(
    connection: &mut AsyncPgConnection,
    mail: NewMail,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let values = (
        mails::recipient.eq(without_nul(&mail.recipient)),
        mails::subject.eq(without_nul(&mail.subject)),
        mails::body.eq(without_nul(&mail.body)),
        mails::created_at.eq(now),
        mails::next_attempt_at.eq(now),
    );
    diesel::insert_into(mails::table).values(values).execute(connection).await?;
    Ok(())
}
