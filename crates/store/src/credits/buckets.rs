use diesel::QueryResult;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::BillingMonth;
use domain::credits::{Bucket, CreditKind, Exhausted, Funds, Purse, Split};
use uuid::Uuid;

use super::Reservation;
use super::rows::{self, ChangeBuckets, Row, TOPUP, ensure};
use crate::StoreError;
use crate::convert::{named, number};

/// The kinds that a job costs. Only these have buckets from the start.
pub(crate) const METERED: [CreditKind; 3] =
    [CreditKind::Images, CreditKind::SourceBytes, CreditKind::ResultBytes];
/// Additions to one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Change {
    used: i64,
    reserved: i64,
    overage: i64,
}

/// What is in the two buckets of one kind, and how that has changed since they were read.
#[derive(Debug, Clone, Copy, Default)]
struct Pair {
    granted: u64,
    monthly: (u64, u64),
    topup: (u64, u64),
    monthly_change: Change,
    topup_change: Change,
}

/// An account's buckets of one month and of its top-ups.
#[derive(Debug, Clone)]
pub(crate) struct Buckets {
    account: Uuid,
    month: BillingMonth,
    pairs: [Pair; METERED.len()],
}

impl Buckets {
    /// Reads the rows and holds them until the transaction ends.
    pub(crate) async fn lock(
        connection: &AsyncPgConnection,
        account: Uuid,
        month: BillingMonth,
    ) -> Result<Self, StoreError> {
        loop {
            let rows = rows::lock(connection, account, month).await?;
            if let Some(buckets) = Self::of(account, month, rows)? {
                return Ok(buckets);
            }
            // Jobs that the version before accepted have no buckets yet.
            ensure(connection, account, month).await?;
        }
    }

    /// Reads the rows and holds none of them: what is read may have changed already.
    pub(crate) async fn peek(
        connection: &AsyncPgConnection,
        account: Uuid,
        month: BillingMonth,
    ) -> Result<Self, StoreError> {
        let mut buckets = Self { account, month, pairs: Default::default() };
        buckets.fill(rows::peek(connection, account, month).await?)?;
        Ok(buckets)
    }

    /// None where rows are missing.
    fn of(account: Uuid, month: BillingMonth, rows: Vec<Row>) -> Result<Option<Self>, StoreError> {
        let mut buckets = Self { account, month, pairs: Default::default() };
        Ok((buckets.fill(rows)? == METERED.len() * 2).then_some(buckets))
    }

    /// How many of the rows are among those of a job.
    fn fill(&mut self, rows: Vec<Row>) -> Result<usize, StoreError> {
        let mut filled = 0;
        for (period, kind, granted, used, reserved) in rows {
            let Some(pair) = self.pair(named("credit_buckets.kind", &kind)?) else { continue };
            let counts = (number("credit_buckets.used", used)?, number("credit_buckets.reserved", reserved)?);
            if period == TOPUP {
                pair.granted = number("credit_buckets.granted", granted)?;
                pair.topup = counts;
            } else {
                pair.monthly = counts;
            }
            filled += 1;
        }
        Ok(filled)
    }

    fn pair(&mut self, kind: CreditKind) -> Option<&mut Pair> {
        METERED.iter().position(|metered| *metered == kind).map(|index| &mut self.pairs[index])
    }

    fn read(&self, kind: CreditKind) -> Pair {
        let index = METERED.iter().position(|metered| *metered == kind);
        index.map(|index| self.pairs[index]).unwrap_or_default()
    }

    /// The month of these buckets.
    pub(crate) const fn month(&self) -> BillingMonth {
        self.month
    }

    /// What can be spent of a kind.
    pub(crate) fn purse(&self, kind: CreditKind, funds: &Funds) -> Purse {
        let (pair, fund) = (self.read(kind), funds.get(kind));
        let bucket = |limit, (used, reserved)| Bucket { limit, used, reserved };
        Purse {
            monthly: bucket(fund.monthly, pair.monthly),
            topup: bucket(Some(pair.granted), pair.topup),
            sells_more: fund.sells_more,
        }
    }

    /// Used for good from the month's bucket: before the changes, and with them.
    pub(crate) fn monthly_used(&self, kind: CreditKind) -> (u64, u64) {
        let pair = self.read(kind);
        (pair.monthly.0.saturating_add_signed(-pair.monthly_change.used), pair.monthly.0)
    }

    /// Why nothing of the kind is left.
    pub(crate) fn exhausted(&self, kind: CreditKind, funds: &Funds) -> Exhausted {
        let monthly = self.purse(kind, funds).monthly;
        let used = monthly.used.saturating_add(monthly.reserved);
        Exhausted { kind, limit: monthly.limit.unwrap_or(u64::MAX), used, month: self.month }
    }

    /// Whether work may begin whose result's size is not known yet.
    pub(crate) fn check_bandwidth(&self, funds: &Funds) -> Result<(), Exhausted> {
        match self.purse(CreditKind::ResultBytes, funds).has_any() {
            true => Ok(()),
            false => Err(self.exhausted(CreditKind::ResultBytes, funds)),
        }
    }

    /// Sets aside what a job costs that is known before the work: one image, and its source's bytes.
    pub(crate) fn reserve(
        &mut self,
        funds: &Funds,
        source_bytes: u64,
    ) -> Result<Result<Reservation, Exhausted>, StoreError> {
        let split =
            |kind, amount| self.purse(kind, funds).reserve(amount).ok_or_else(|| self.exhausted(kind, funds));
        let splits = split(CreditKind::Images, 1)
            .and_then(|images| Ok((images, split(CreditKind::SourceBytes, source_bytes)?)))
            .and_then(|splits| self.check_bandwidth(funds).map(|()| splits));
        let (images, source_bytes) = match splits {
            Ok(splits) => splits,
            Err(exhausted) => return Ok(Err(exhausted)),
        };
        self.move_reserved(CreditKind::Images, images, 1)?;
        self.move_reserved(CreditKind::SourceBytes, source_bytes, 1)?;
        Ok(Ok(Reservation { images, source_bytes }))
    }

    /// Adds a split to what is set aside, or with a `sign` of -1 takes it back.
    pub(crate) fn move_reserved(
        &mut self,
        kind: CreditKind,
        split: Split,
        sign: i64,
    ) -> Result<(), StoreError> {
        let Some(pair) = self.pair(kind) else { return Ok(()) };
        let [monthly, topup] = amounts([split.monthly, split.topup])?;
        pair.monthly_change.reserved += sign * monthly;
        pair.topup_change.reserved += sign * topup;
        pair.monthly.1 = pair.monthly.1.saturating_add_signed(sign * monthly);
        pair.topup.1 = pair.topup.1.saturating_add_signed(sign * topup);
        Ok(())
    }

    /// Spends a split for good.
    pub(crate) fn spend(&mut self, kind: CreditKind, split: Split) -> Result<(), StoreError> {
        let Some(pair) = self.pair(kind) else { return Ok(()) };
        let [monthly, topup, overage] = amounts([split.monthly, split.topup, split.overage])?;
        pair.monthly_change.used += monthly;
        pair.monthly_change.overage += overage;
        pair.topup_change.used += topup;
        pair.monthly.0 = pair.monthly.0.saturating_add(split.monthly);
        pair.topup.0 = pair.topup.0.saturating_add(split.topup);
        Ok(())
    }

    /// Writes the changes.
    pub(crate) async fn write(&self, connection: &AsyncPgConnection) -> QueryResult<()> {
        let mut change = ChangeBuckets {
            account: self.account,
            periods: Vec::new(),
            kinds: Vec::new(),
            used: Vec::new(),
            reserved: Vec::new(),
            overage: Vec::new(),
        };
        for (kind, pair) in METERED.iter().zip(&self.pairs) {
            let rows = [(self.month.to_string(), pair.monthly_change), (TOPUP.to_owned(), pair.topup_change)];
            for (period, row) in rows.into_iter().filter(|(_, row)| *row != Change::default()) {
                change.periods.push(period);
                change.kinds.push(kind.as_str());
                change.used.push(row.used);
                change.reserved.push(row.reserved);
                change.overage.push(row.overage);
            }
        }
        if change.kinds.is_empty() {
            return Ok(());
        }
        change.execute(&mut &*connection).await.map(drop)
    }
}

/// Credits as the columns hold them.
fn amounts<const N: usize>(credits: [u64; N]) -> Result<[i64; N], StoreError> {
    let mut amounts = [0; N];
    for (amount, credit) in amounts.iter_mut().zip(credits) {
        *amount = number("credits", credit)?;
    }
    Ok(amounts)
}
