//! Whether one more person fits into an account. The account's row is locked by the caller: nobody else counts
//! meanwhile.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::AccountId;
use uuid::Uuid;

use crate::invitations::open;
use crate::schema::{invitations, members, users};
use crate::{NewInvitation, StoreError};

/// Ends an invitation of the address that is too old, and refuses where the address needs none.
pub(crate) async fn free_address(
    connection: &mut AsyncPgConnection,
    new: &NewInvitation,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let email = new.email.to_lowercase();
    let member = members::table.inner_join(users::table).filter(members::account_id.eq(new.account_id.0));
    if member.filter(users::email.eq(&email)).count().get_result::<i64>(connection).await? > 0 {
        return Err(StoreError::AlreadyExists { what: "a member with this e-mail address" });
    }
    let mine = invitations::account_id.eq(new.account_id.0).and(invitations::email.eq(&email)).and(open());
    let ended = invitations::table.filter(mine.and(invitations::expires_at.le(now)));
    diesel::update(ended).set(invitations::revoked_at.eq(now)).execute(connection).await?;
    if invitations::table.filter(mine).count().get_result::<i64>(connection).await? > 0 {
        return Err(StoreError::AlreadyExists { what: "an invitation of this e-mail address" });
    }
    Ok(())
}

/// Counts seats, members and invitations that have not ended, without the invitation that asks.
pub(crate) async fn require_seat(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    asking: Option<Uuid>,
    max_seats: u32,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let seated = members::table.filter(members::account_id.eq(account.0)).count();
    let seated = seated.get_result::<i64>(connection).await?;
    let others = invitations::id.ne(asking.unwrap_or(Uuid::nil())).and(invitations::expires_at.gt(now));
    let offered = invitations::table
        .filter(invitations::account_id.eq(account.0).and(open()).and(others))
        .count()
        .get_result::<i64>(connection)
        .await?;
    if seated + offered < i64::from(max_seats) {
        Ok(())
    } else {
        Err(StoreError::LimitReached { limit: max_seats })
    }
}
