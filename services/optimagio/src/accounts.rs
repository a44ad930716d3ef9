//! The operator's part of accounts: `optimagio account …` and `optimagio key …`. Answers are JSON.

use anyhow::{Context, bail};
use auth::ApiKey;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use domain::plan::PlanCatalogue;
use domain::{ApiKeyId, Clock, SystemClock, Tier};
use serde_json::json;
use settings::Reader;
use store::{Account, NewAccount, NewApiKey, Store};

/// `optimagio account …`
#[derive(Subcommand)]
pub(crate) enum AccountCommand {
    /// Make an account; it can log in over HTTP once it has a password.
    Create(CreateAccount),
    /// Print an account.
    Show {
        /// E-mail address of the account.
        email: String,
    },
}

/// A new account.
#[derive(Args)]
pub(crate) struct CreateAccount {
    /// E-mail address.
    #[arg(long)]
    email: String,
    /// free, starter, pro, business or scale.
    #[arg(long, default_value_t = Tier::Free)]
    tier: Tier,
    /// May use the routes for operators.
    #[arg(long)]
    admin: bool,
    /// Read a password for log-in from standard input.
    #[arg(long)]
    password_stdin: bool,
}

/// `optimagio key …`
#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key and print it: the only time it is shown.
    Create {
        /// E-mail address of the account.
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
        /// E-mail address of the account.
        #[arg(long)]
        account: String,
    },
    /// Revoke a key at once and for good.
    Revoke {
        /// E-mail address of the account.
        #[arg(long)]
        account: String,
        /// Id of the key.
        id: ApiKeyId,
    },
}

pub(crate) async fn account(command: AccountCommand) -> anyhow::Result<()> {
    let store = connect()?;
    let account = match command {
        AccountCommand::Create(new) => create(&store, new).await?,
        AccountCommand::Show { email } => find(&store, &email).await?,
    };
    print(&json!({
        "id": account.id.to_string(),
        "email": account.email,
        "subscription_tier": account.tier.as_str(),
        "is_admin": account.is_admin,
        "created_at": account.created_at.to_rfc3339(),
    }));
    Ok(())
}

async fn create(store: &Store, new: CreateAccount) -> anyhow::Result<Account> {
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
        tier: new.tier,
        is_admin: new.admin,
    };
    store.create_account(account, SystemClock.now()).await.context("cannot create the account")
}

pub(crate) async fn key(command: KeyCommand) -> anyhow::Result<()> {
    let store = connect()?;
    match command {
        KeyCommand::Create { account, label, expires_at } => {
            let account = find(&store, &account).await?;
            let key = ApiKey::generate(&mut rand::rng());
            let new = NewApiKey {
                account_id: account.id,
                label,
                prefix: key.prefix().to_owned(),
                hash: key.hash(),
                expires_at,
            };
            let limits = PlanCatalogue::built_in()?.limits(account.tier, &account.overrides);
            let limit = limits.count(domain::plan::Dimension::ApiKeys).unwrap_or(u32::MAX);
            let stored = store.create_api_key(new, limit, SystemClock.now()).await?;
            print(&json!({"key": key.expose(), "id": stored.id.to_string(), "prefix": stored.prefix}));
        }
        KeyCommand::List { account } => {
            let account = find(&store, &account).await?;
            let keys = store.list_api_keys(account.id).await?;
            let items: Vec<_> = keys
                .iter()
                .map(|key| {
                    json!({
                        "id": key.id.to_string(),
                        "label": key.label,
                        "prefix": key.prefix,
                        "created_at": key.created_at.to_rfc3339(),
                        "last_used_at": key.last_used_at.map(|at| at.to_rfc3339()),
                        "expires_at": key.expires_at.map(|at| at.to_rfc3339()),
                        "revoked_at": key.revoked_at.map(|at| at.to_rfc3339()),
                    })
                })
                .collect();
            print(&json!({ "items": items }));
        }
        KeyCommand::Revoke { account, id } => {
            let account = find(&store, &account).await?;
            if !store.revoke_api_key(account.id, id, SystemClock.now()).await? {
                bail!("the account has no active key {id}");
            }
            print(&json!({"revoked": id.to_string()}));
        }
    }
    Ok(())
}

fn connect() -> anyhow::Result<Store> {
    let mut reader = Reader::from_env();
    let config = store::Config::read(&mut reader);
    reader.finish()?;
    Ok(Store::connect(&config)?)
}

async fn find(store: &Store, email: &str) -> anyhow::Result<Account> {
    let email = email.trim().to_lowercase();
    store.account_by_email(&email).await?.with_context(|| format!("no account has the address {email}"))
}

#[allow(clippy::print_stdout, reason = "the command line speaks to its user")]
fn print(value: &serde_json::Value) {
    println!("{value}");
}
