//! What operators do to accounts. Every act is in the audit log, in the same transaction.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use domain::plan::{Dimension, Overrides, PlanCatalogue};
use domain::{AccountId, AccountState, Tier, UserId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::accounts::AccountRow;
use crate::audit_log::record;
use crate::convert::storable;
use crate::schema::accounts;
use crate::sessions::revoke_in_account;
use crate::{Account, Actor, AuditEntry, Store, StoreError};

/// What is to become of an account; `None` leaves a part as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountChange {
    /// Its tier.
    pub tier: Option<Tier>,
    /// How it stands. A cancelled account goes on in the lowest tier.
    pub state: Option<AccountState>,
    /// Why; kept with the state.
    pub reason: Option<String>,
    /// Its own limits.
    pub overrides: Option<OverrideChange>,
    /// Whether results may be delivered outside the included regions.
    pub global_delivery: Option<bool>,
}

/// A change of an account's own limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OverrideChange {
    /// These and no others.
    Replace(Overrides),
    /// One limit; `None` is no limit.
    Set(Dimension, Option<u64>),
    /// One limit as the plan has it.
    Clear(Dimension),
}

impl OverrideChange {
    fn apply(self, mut overrides: Overrides) -> Overrides {
        match self {
            Self::Replace(new) => return new,
            Self::Set(dimension, limit) => overrides.0.insert(dimension, limit),
            Self::Clear(dimension) => overrides.0.remove(&dimension),
        };
        overrides
    }
}

/// The new columns of an account.
#[derive(AsChangeset, Default)]
#[diesel(table_name = accounts)]
struct Columns {
    tier: Option<&'static str>,
    state: Option<&'static str>,
    state_reason: Option<String>,
    overrides: Option<Value>,
    global_delivery: Option<bool>,
    previous_tier: Option<Option<&'static str>>,
    target_tier: Option<Option<&'static str>>,
    storage_bytes_at_transition: Option<i64>,
    storage_cap_bytes_at_transition: Option<i64>,
    warning_count: Option<i32>,
    updated_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Accounts whose address or name holds `text`, or whose id it is, the newest first, and how many there are.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn search_accounts(
        &self,
        text: &str,
        limit: u32,
        offset: u32,
    ) -> Result<(Vec<Account>, u64), StoreError> {
        if text.contains('\0') {
            return Ok((Vec::new(), 0));
        }
        let id = Uuid::parse_str(text.trim()).unwrap_or(Uuid::nil());
        let pattern =
            format!("%{}%", text.trim().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        let found =
            accounts::id.eq(id).or(accounts::email.ilike(pattern.clone())).or(accounts::name.ilike(pattern));
        let mut connection = self.connection().await?;
        let count: i64 = accounts::table.filter(found.clone()).count().get_result(&mut connection).await?;
        let rows: Vec<AccountRow> = accounts::table
            .filter(found)
            .order((accounts::created_at.desc(), accounts::id.desc()))
            .limit(i64::from(limit))
            .offset(i64::from(offset))
            .select(AccountRow::as_select())
            .load(&mut connection)
            .await?;
        let rows = rows.into_iter().map(Account::try_from).collect::<Result<_, _>>()?;
        Ok((rows, u64::try_from(count).unwrap_or(0)))
    }

    /// Changes an account; none where there is no such account. A new tier notes the one before and what the
    /// Storage Library holds at that moment, against the cap of the new plan.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn change_account(
        &self,
        id: AccountId,
        change: AccountChange,
        plans: &PlanCatalogue,
        actor: Actor,
        now: DateTime<Utc>,
    ) -> Result<Option<Account>, StoreError> {
        storable("reason", change.reason.as_deref().unwrap_or_default())?;
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                let row = accounts::table.find(id.0).select(AccountRow::as_select()).for_no_key_update();
                let Some(row) = row.first(connection).await.optional()? else { return Ok(None) };
                let before = Account::try_from(row)?;
                let (columns, acts) = plan_change(&before, change, plans, now)?;
                let after: AccountRow = diesel::update(accounts::table.find(id.0))
                    .set(columns)
                    .returning(AccountRow::as_returning())
                    .get_result(connection)
                    .await?;
                for (action, details) in acts {
                    let object = id.to_string();
                    let entry = AuditEntry { account_id: Some(id), actor, action, object, details };
                    record(connection, entry, now).await?;
                }
                Ok(Some(after.try_into()?))
            })
            .await
    }

    /// Puts an active account away in its owner's name; every session in it ends. False where it is not active: one
    /// that owes something, or was cancelled, keeps its state.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn close_account(
        &self,
        id: AccountId,
        owner: UserId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.move_state(id, owner, AccountState::Archived, CLOSED, "account.closed", now).await
    }

    /// Brings an account back that its owner had closed, because the owner has logged in. False where it is not
    /// archived, or an operator put it away.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn reopen_account(
        &self,
        id: AccountId,
        owner: UserId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.move_state(id, owner, AccountState::Active, "", "account.reopened", now).await
    }

    /// Between active and archived.
    async fn move_state(
        &self,
        id: AccountId,
        owner: UserId,
        to: AccountState,
        reason: &str,
        action: &'static str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let closes = to == AccountState::Archived;
        let (from, why) =
            if closes { (AccountState::Active, None) } else { (AccountState::Archived, Some(CLOSED)) };
        let mut connection = self.connection().await?;
        (*connection)
            .transaction(async |connection: &mut AsyncPgConnection| {
                // Any reason will do where none is asked for.
                let any = why.is_none();
                let row = accounts::table
                    .find(id.0)
                    .filter(accounts::state.eq(from.as_str()))
                    .filter(accounts::state_reason.eq(why.unwrap_or_default()).or(any.into_sql::<Bool>()));
                let moved = diesel::update(row)
                    .set((
                        accounts::state.eq(to.as_str()),
                        accounts::state_reason.eq(reason),
                        accounts::warning_count.eq(0),
                        accounts::updated_at.eq(now),
                    ))
                    .execute(connection)
                    .await?;
                if moved == 0 {
                    return Ok(false);
                }
                if closes {
                    revoke_in_account(connection, id, None, now).await?;
                }
                let (actor, object) = (Actor::User(owner), id.to_string());
                let entry = AuditEntry { account_id: Some(id), actor, action, object, details: json!({}) };
                record(connection, entry, now).await?;
                Ok(true)
            })
            .await
    }
}

/// The reason of an account that its owner put away.
const CLOSED: &str = "closed by its owner";

/// What was done, and what else the audit log says about it.
type Detail = (&'static str, Value);

/// The new columns, and what the audit log says about them.
fn plan_change(
    before: &Account,
    change: AccountChange,
    plans: &PlanCatalogue,
    now: DateTime<Utc>,
) -> Result<(Columns, Vec<Detail>), StoreError> {
    let mut columns = Columns { updated_at: Some(now), ..Columns::default() };
    let mut acts = Vec::new();
    let reason = change.reason.unwrap_or_default();
    if let Some(state) = change.state.filter(|state| *state != before.state) {
        columns.state = Some(state.as_str());
        columns.warning_count = Some(0);
        acts.push((
            "account.state_changed",
            json!({"from": before.state.as_str(), "to": state.as_str(), "reason": reason.clone()}),
        ));
    }
    if change.state.is_some() {
        columns.state_reason = Some(reason.clone());
    }
    let overrides = change.overrides.map(|change| change.apply(before.overrides.clone()));
    let own = overrides.as_ref().unwrap_or(&before.overrides);
    let cancelled = change.state == Some(AccountState::Cancelled);
    let tier = change.tier.or(cancelled.then_some(Tier::Free)).filter(|tier| *tier != before.tier);
    if let Some(tier) = tier {
        // No cap is the largest number that the column holds.
        let number = |bytes: Option<u64>| bytes.and_then(|n| i64::try_from(n).ok()).unwrap_or(i64::MAX);
        columns.tier = Some(tier.as_str());
        columns.previous_tier = Some(Some(before.tier.as_str()));
        columns.target_tier = Some(Some(tier.as_str()));
        columns.storage_bytes_at_transition = Some(number(Some(before.stored_bytes)));
        let cap = plans.limits(tier, own).get(Dimension::StorageBytes);
        columns.storage_cap_bytes_at_transition = Some(number(cap));
        columns.warning_count = Some(0);
        acts.push((
            "tier.changed",
            json!({"from": before.tier.as_str(), "to": tier.as_str(), "reason": reason.clone()}),
        ));
    }
    if let Some(overrides) = overrides {
        let value = serde_json::to_value(&overrides)
            .map_err(|_| StoreError::Corrupt { what: "accounts.overrides" })?;
        acts.push((
            "overrides.changed",
            json!({"from": before.overrides, "to": overrides, "reason": reason.clone()}),
        ));
        columns.overrides = Some(value);
    }
    if let Some(on) = change.global_delivery.filter(|on| *on != before.global_delivery) {
        columns.global_delivery = Some(on);
        acts.push(("global_delivery.changed", json!({ "to": on, "reason": reason.clone() })));
    }
    Ok((columns, acts))
}
