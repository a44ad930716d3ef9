//! What the operator's commands share: the database, the plans, looking an account up, and answers as JSON.

use anyhow::{Context, bail};
use domain::AccountId;
use domain::plan::PlanCatalogue;
use settings::Reader;
use store::{Account, Store};

/// The database, and the plans that the services enforce.
pub(crate) struct Operator {
    pub(crate) store: Store,
    pub(crate) plans: PlanCatalogue,
}

impl Operator {
    /// Reads the settings as the services do.
    pub(crate) fn connect() -> anyhow::Result<Self> {
        let mut reader = Reader::from_env();
        let config = store::Config::read(&mut reader);
        let plans = web::read_plans(&mut reader);
        reader.finish()?;
        Ok(Self { store: Store::connect(&config)?, plans })
    }

    /// The account with this address or id.
    pub(crate) async fn find(&self, account: &str) -> anyhow::Result<Account> {
        let account = account.trim().to_lowercase();
        let found = match account.parse::<AccountId>() {
            Ok(id) => self.store.account(id).await?,
            Err(_) => self.store.account_by_email(&account).await?,
        };
        found.with_context(|| format!("no account has the address or id {account}"))
    }

    /// The tier that a plan's code, a tier or an old name of one means.
    pub(crate) fn tier(&self, name: &str) -> anyhow::Result<domain::Tier> {
        match self.plans.tier_of(name) {
            Some(tier) => Ok(tier),
            None => {
                let known: Vec<_> = self.plans.plans().iter().map(|plan| plan.code.as_str()).collect();
                bail!("unknown plan {name:?}; the plans are {}", known.join(", "))
            }
        }
    }
}

/// An answer.
#[allow(clippy::print_stdout, reason = "the command line speaks to its user")]
pub(crate) fn print(value: &serde_json::Value) {
    println!("{value}");
}
