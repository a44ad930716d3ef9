use std::collections::BTreeMap;

use domain::credits::{CreditKind, Funds, Split};

use super::Buckets;
use crate::StoreError;

/// The bytes that an ended job cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Made {
    pub(crate) source_bytes: u64,
    pub(crate) result_bytes: u64,
}

/// Where the credits of one ledger row came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Bill {
    pub(crate) images: Split,
    pub(crate) source_bytes: Split,
    pub(crate) result_bytes: Split,
}

/// Turns what was set aside into what is used, and charges the result's bytes. A job that has set nothing
/// aside (the version before accepted it) is charged for everything.
pub(crate) fn settle(
    buckets: &mut Buckets,
    reserved: &BTreeMap<CreditKind, Split>,
    made: Made,
    funds: &Funds,
) -> Result<Bill, StoreError> {
    let mut pay = |kind, amount| {
        let split = match reserved.get(&kind) {
            Some(split) => {
                buckets.move_reserved(kind, *split, -1)?;
                *split
            }
            None => buckets.purse(kind, funds).charge(amount),
        };
        buckets.spend(kind, split)?;
        Ok::<_, StoreError>(split)
    };
    Ok(Bill {
        images: pay(CreditKind::Images, 1)?,
        source_bytes: pay(CreditKind::SourceBytes, made.source_bytes)?,
        result_bytes: pay(CreditKind::ResultBytes, made.result_bytes)?,
    })
}
