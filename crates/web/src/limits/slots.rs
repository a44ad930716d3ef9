//! Layer 2: results of an account in a fixed minute. Work waits for a place; it is never answered 429.

use actix_web::{HttpMessage, HttpRequest};
use domain::AccountId;
use domain::plan::Limits;
use limiter::{Check, Request};
use tokio::time::{Duration, Instant, sleep_until};

use super::gate::{Gate, Standing};
use super::{checks, refusal};
use crate::{ApiCaller, ApiError};

/// A place among the results of this minute. Given back with [`ResultSlot::give_back`] if no result comes of it.
#[derive(Debug)]
#[must_use]
pub struct ResultSlot {
    check: Option<Check>,
    /// Minutes since 1970 when it was taken.
    minute: i64,
}

/// No place came free within the wait.
#[derive(Debug, Clone, Copy)]
pub struct SlotWait {
    /// Until the next minute begins.
    pub retry_after: Duration,
}

impl Gate {
    /// Takes a place, waiting for the next minute where this one is full, until `deadline` at most.
    ///
    /// # Errors
    /// [`SlotWait`] where none came free.
    pub async fn take_result_slot(
        &self,
        request: &HttpRequest,
        caller: &ApiCaller,
        deadline: Instant,
    ) -> Result<ResultSlot, SlotWait> {
        let Some(check) = checks::results(caller, 1) else {
            return Ok(ResultSlot { check: None, minute: 0 });
        };
        let standing = request.extensions().get::<Standing>().cloned();
        loop {
            let asked = Request { checks: vec![check.clone()], penalty: None };
            let verdict = self.limiter.decide(&asked).await;
            if let (Some(standing), Some(outcome)) = (&standing, verdict.outcomes.first()) {
                standing.update(*outcome);
            }
            if verdict.allowed() {
                return Ok(ResultSlot { check: Some(check), minute: self.minute() });
            }
            let retry_after = verdict.retry_after();
            let next = Instant::now() + retry_after;
            if next > deadline {
                return Err(SlotWait { retry_after });
            }
            sleep_until(next).await;
        }
    }
}

impl Gate {
    fn minute(&self) -> i64 {
        self.clock.now().timestamp() / 60
    }

    /// Counts further results of a request that asks for several against the key's share.
    ///
    /// # Errors
    /// 429 where the share has no room for all of them.
    pub async fn take_more_of_key(&self, caller: &ApiCaller, more: u32) -> Result<(), ApiError> {
        let Some(check) = checks::more_of_key(caller, more).filter(|check| check.cost > 0) else {
            return Ok(());
        };
        let verdict = self.limiter.decide(&Request { checks: vec![check], penalty: None }).await;
        match refusal::of(&verdict, caller.tier, &self.plans, self.clock.now()) {
            Some(refused) => Err(refused),
            None => Ok(()),
        }
    }

    /// Results of an account in this minute.
    pub async fn results_used(&self, account: AccountId, limits: &Limits) -> u32 {
        let Some(check) = checks::results_of(account, limits, 0) else { return 0 };
        let verdict = self.limiter.decide(&Request { checks: vec![check], penalty: None }).await;
        verdict.outcomes.first().map_or(0, |outcome| outcome.used)
    }
}

impl ResultSlot {
    /// Gives the place back: no result came of it. The place of a minute that is over is worth nothing, and those
    /// of the next one belong to others.
    pub async fn give_back(self, gate: &Gate) {
        if let Some(check) = self.check.filter(|_| self.minute == gate.minute()) {
            gate.limiter.refund(&check).await;
        }
    }
}
