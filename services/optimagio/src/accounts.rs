//! The operator's part of accounts: `optimagio account …`. Answers are JSON; changes are in the audit log.

use std::num::NonZeroU64;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use domain::credits::CreditKind;
use domain::plan::Dimension;
use domain::{AccountState, Clock, SystemClock};
use serde_json::{Value, json};
use store::{Account, AccountChange, Actor, NewAccount, NewTopup, OverrideChange, TopupSource};

use crate::operator::{Operator, print};

/// `optimagio account …`. Where an account is asked for, its e-mail address or its id will do.
#[derive(Subcommand)]
pub(crate) enum AccountCommand {
    /// Make an account; it can log in over HTTP once it has a password.
    Create(CreateAccount),
    /// Print an account.
    Show {
        /// The account.
        account: String,
    },
    /// List accounts, the newest first.
    List {
        /// Only those whose address or name holds this text.
        #[arg(long, default_value = "")]
        search: String,
        /// At most this many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// Leave out this many.
        #[arg(long, default_value_t = 0)]
        offset: u32,
    },
    /// Put an account on another plan.
    SetTier {
        /// The account.
        account: String,
        /// Code of a plan, a tier or an old name of one.
        tier: String,
    },
    /// Give an account a limit of its own.
    SetLimit {
        /// The account.
        account: String,
        /// The limit, as the plans name it: `monthly_images`, `seats`, `api_keys` and so on.
        name: Dimension,
        /// A number, `none` for no limit, or `plan` for the plan's own.
        value: String,
    },
    /// Give an account credits on top of its plan's; they stay until they are used. Jobs that wait go on.
    Grant {
        /// The account.
        account: String,
        /// `images`, `source_bytes`, `result_bytes` or `ai`.
        kind: CreditKind,
        /// How many, in the kind's own unit.
        amount: NonZeroU64,
        /// Why.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Stop an account: all its keys and sessions answer 403.
    Suspend {
        /// The account.
        account: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Let a stopped or archived account go on.
    Reactivate {
        /// The account.
        account: String,
    },
}

/// A new account.
#[derive(Args)]
pub(crate) struct CreateAccount {
    /// E-mail address.
    #[arg(long)]
    email: String,
    /// Code of a plan, a tier (free, starter, pro, business or scale) or an old name of one.
    #[arg(long, default_value = "free")]
    tier: String,
    /// May use the routes for operators.
    #[arg(long)]
    admin: bool,
    /// Read a password for log-in from standard input.
    #[arg(long)]
    password_stdin: bool,
}

pub(crate) async fn account(command: AccountCommand) -> anyhow::Result<()> {
    let operator = Operator::connect()?;
    let (account, change) = match command {
        AccountCommand::Create(new) => {
            print(&view(&create(&operator, new).await?));
            return Ok(());
        }
        AccountCommand::Show { account } => {
            print(&view(&operator.find(&account).await?));
            return Ok(());
        }
        AccountCommand::List { search, limit, offset } => {
            let (accounts, total) = operator.store.search_accounts(&search, limit, offset).await?;
            let items: Vec<_> = accounts.iter().map(view).collect();
            print(&json!({ "total": total, "items": items }));
            return Ok(());
        }
        AccountCommand::SetTier { account, tier } => {
            let tier = Some(operator.tier(&tier)?);
            (account, AccountChange { tier, ..AccountChange::default() })
        }
        AccountCommand::SetLimit { account, name, value } => {
            let overrides = Some(limit(name, &value)?);
            (account, AccountChange { overrides, ..AccountChange::default() })
        }
        AccountCommand::Grant { account, kind, amount, note } => {
            return grant(&operator, &account, kind, amount, note).await;
        }
        AccountCommand::Suspend { account, reason } => (account, into_state(AccountState::Suspended, reason)),
        AccountCommand::Reactivate { account } => (account, into_state(AccountState::Active, String::new())),
    };
    let id = operator.find(&account).await?.id;
    let changed = operator
        .store
        .change_account(id, change, &operator.plans, Actor::Operator, SystemClock.now())
        .await?
        .context("the account is gone")?;
    print(&view(&changed));
    Ok(())
}

async fn grant(
    operator: &Operator,
    account: &str,
    kind: CreditKind,
    amount: NonZeroU64,
    note: String,
) -> anyhow::Result<()> {
    let account_id = operator.find(account).await?.id;
    let source = TopupSource::Admin { by: None };
    let new = NewTopup { account_id, kind, amount, source, note };
    operator.store.grant_topup(new, SystemClock.now()).await?;
    let items: Vec<_> = operator
        .store
        .topups(account_id)
        .await?
        .iter()
        .map(|topup| json!({"kind": topup.kind.as_str(), "amount": topup.amount, "note": topup.note}))
        .collect();
    print(&json!({ "topups": items }));
    Ok(())
}

fn into_state(state: AccountState, reason: String) -> AccountChange {
    AccountChange { state: Some(state), reason: Some(reason), ..AccountChange::default() }
}

fn limit(name: Dimension, value: &str) -> anyhow::Result<OverrideChange> {
    Ok(match value {
        "none" => OverrideChange::Set(name, None),
        "plan" => OverrideChange::Clear(name),
        number => match number.parse() {
            Ok(number) => OverrideChange::Set(name, Some(number)),
            Err(_) => bail!("{number:?} is no limit: give a whole number, none or plan"),
        },
    })
}

fn view(account: &Account) -> Value {
    json!({
        "id": account.id.to_string(),
        "email": account.email,
        "subscription_tier": account.tier.as_str(),
        "state": account.state.as_str(),
        "reason": account.lifecycle.reason,
        "overrides": account.overrides,
        "is_admin": account.is_admin,
        "created_at": account.created_at.to_rfc3339(),
    })
}

async fn create(operator: &Operator, new: CreateAccount) -> anyhow::Result<Account> {
    let password_hash = if new.password_stdin {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).context("cannot read the password")?;
        Some(auth::hash_password(line.trim_end_matches(['\r', '\n']))?)
    } else {
        None
    };
    let account = NewAccount {
        email: new.email.trim().to_lowercase(),
        password_hash,
        tier: operator.tier(&new.tier)?,
        is_admin: new.admin,
    };
    operator.store.create_account(account, SystemClock.now()).await.context("cannot create the account")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_none_or_the_plans() {
        let seats = Dimension::Seats;
        assert_eq!(limit(seats, "7").unwrap(), OverrideChange::Set(seats, Some(7)));
        assert_eq!(limit(seats, "none").unwrap(), OverrideChange::Set(seats, None));
        assert_eq!(limit(seats, "plan").unwrap(), OverrideChange::Clear(seats));
        assert!(limit(seats, "-1").is_err() && limit(seats, "many").is_err());
    }
}
