//! The operator's part of API keys: `optimagio key …`. Answers are JSON; changes are in the audit log.

use anyhow::{Context, bail};
use auth::ApiKey;
use chrono::{DateTime, Utc};
use clap::Subcommand;
use domain::plan::Dimension;
use domain::{ApiKeyId, Clock, SystemClock};
use serde_json::{Value, json};
use store::{Account, Actor, ApiKeyChange, NewApiKey};

use crate::operator::{Operator, print};

/// `optimagio key …`
#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key and print it: the only time it is shown.
    Create {
        /// E-mail address or id of the account.
        #[arg(long)]
        account: String,
        /// A name to recognise the key by.
        #[arg(long)]
        label: String,
        /// When it stops working, RFC 3339.
        #[arg(long)]
        expires_at: Option<DateTime<Utc>>,
    },
    /// List an account's keys, without their secrets.
    List {
        /// E-mail address or id of the account.
        #[arg(long)]
        account: String,
    },
    /// Revoke a key at once and for good.
    Revoke {
        /// E-mail address or id of the account.
        #[arg(long)]
        account: String,
        /// Id of the key.
        id: ApiKeyId,
    },
    /// Stop a key until it is reactivated, and tell the account by mail.
    Suspend {
        /// E-mail address or id of the account.
        #[arg(long)]
        account: String,
        /// Id of the key.
        id: ApiKeyId,
        /// Why; the account reads it.
        #[arg(long)]
        reason: String,
    },
    /// Let a stopped key work again, and tell the account by mail.
    Reactivate {
        /// E-mail address or id of the account.
        #[arg(long)]
        account: String,
        /// Id of the key.
        id: ApiKeyId,
    },
    /// Give a key a rate of its own.
    SetRate {
        /// E-mail address or id of the account.
        #[arg(long)]
        account: String,
        /// Id of the key.
        id: ApiKeyId,
        /// Results a minute, or `plan` for what the plan gives a key.
        rate: String,
    },
}

impl KeyCommand {
    fn account(&self) -> &str {
        match self {
            Self::Create { account, .. }
            | Self::List { account }
            | Self::Revoke { account, .. }
            | Self::Suspend { account, .. }
            | Self::Reactivate { account, .. }
            | Self::SetRate { account, .. } => account,
        }
    }
}

pub(crate) async fn key(command: KeyCommand) -> anyhow::Result<()> {
    let operator = Operator::connect()?;
    let account = operator.find(command.account()).await?;
    let (store, now) = (&operator.store, SystemClock.now());
    let missing = |id: ApiKeyId| format!("the account has no such key {id}, or it is in that state already");
    let answer = match command {
        KeyCommand::Create { label, expires_at, .. } => {
            create(&operator, &account, label, expires_at).await?
        }
        KeyCommand::List { .. } => {
            let keys = store.list_api_keys(account.id).await?;
            json!({ "items": keys.iter().map(view).collect::<Vec<_>>() })
        }
        KeyCommand::Revoke { id, .. } => {
            if !store.revoke_api_key(account.id, id, now).await? {
                bail!("the account has no active key {id}");
            }
            json!({"revoked": id.to_string()})
        }
        KeyCommand::Suspend { id, reason, .. } => {
            own(&operator, &account, id).await?;
            let key = store.suspend_key(id, &reason, Actor::Operator, now).await?;
            view(&key.with_context(|| missing(id))?)
        }
        KeyCommand::Reactivate { id, .. } => {
            own(&operator, &account, id).await?;
            let key = store.reactivate_key(id, Actor::Operator, now).await?;
            view(&key.with_context(|| missing(id))?)
        }
        KeyCommand::SetRate { id, rate, .. } => {
            let change = ApiKeyChange { rate_per_minute: Some(parse_rate(&rate)?), label: None };
            let key = store.change_api_key(account.id, id, change, Actor::Operator, now).await?;
            view(&key.with_context(|| missing(id))?)
        }
    };
    print(&answer);
    Ok(())
}

async fn create(
    operator: &Operator,
    account: &Account,
    label: String,
    expires_at: Option<DateTime<Utc>>,
) -> anyhow::Result<Value> {
    let key = ApiKey::generate(&mut rand::rng());
    let new = NewApiKey {
        account_id: account.id,
        label,
        prefix: key.prefix().to_owned(),
        hash: key.hash(),
        expires_at,
    };
    let limits = operator.plans.limits(account.tier, &account.overrides);
    let limit = limits.count(Dimension::ApiKeys).unwrap_or(u32::MAX);
    let stored = operator.store.create_api_key(new, limit, SystemClock.now()).await?;
    Ok(json!({"key": key.expose(), "id": stored.id.to_string(), "prefix": stored.prefix}))
}

/// Guards against a mistyped id: the key must be the account's.
async fn own(operator: &Operator, account: &Account, id: ApiKeyId) -> anyhow::Result<()> {
    let keys = operator.store.list_api_keys(account.id).await?;
    match keys.iter().any(|key| key.id == id) {
        true => Ok(()),
        false => bail!("the account has no key {id}"),
    }
}

fn parse_rate(text: &str) -> anyhow::Result<Option<u32>> {
    match text {
        "plan" => Ok(None),
        number => match number.parse::<u32>() {
            Ok(rate @ 1..=2_147_483_647) => Ok(Some(rate)),
            _ => bail!("{number:?} is no rate: give a whole number from 1 on, or plan"),
        },
    }
}

fn view(key: &store::ApiKey) -> Value {
    let time = |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339());
    json!({
        "id": key.id.to_string(),
        "label": key.label,
        "prefix": key.prefix,
        "created_at": key.created_at.to_rfc3339(),
        "last_used_at": time(key.last_used_at),
        "expires_at": time(key.expires_at),
        "revoked_at": time(key.revoked_at),
        "suspended_at": time(key.suspended_at),
        "suspended_reason": key.suspended_reason,
        "rate_per_minute": key.rate_per_minute,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_or_the_plans() {
        assert_eq!(parse_rate("60").unwrap(), Some(60));
        assert_eq!(parse_rate("plan").unwrap(), None);
        for bad in ["0", "-1", "3000000000", "fast"] {
            assert!(parse_rate(bad).is_err(), "{bad}");
        }
    }
}
