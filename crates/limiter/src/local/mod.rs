//! The limits of this process, used while Redis is away.

mod counter;
mod offender;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::Sha256Hash;
use uuid::Uuid;

use self::counter::Counter;
use self::offender::Offender;
use crate::answer::{Answer, Count};
use crate::hashed::{Hashed, Place};
use crate::{BlockedSubject, Check, Penalty, Standing};

/// Every limit and every offender of this process.
///
/// At most `capacity` of both are remembered. When they are more, those that say nothing any more are
/// forgotten, and if that frees less than half of the room, all of them: lenient once, but the memory is
/// bounded and a request costs constant time on average.
#[derive(Debug)]
pub(crate) struct Local {
    state: Mutex<State>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct State {
    counters: HashMap<Place, Counter>,
    offenders: HashMap<Sha256Hash, Offender>,
}

impl Local {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { state: Mutex::default(), capacity }
    }

    /// Decides at the instant `now`, in milliseconds since 1970. `request` has this node's share of the
    /// limits already. Leases are held under the id `lease`.
    pub(crate) fn decide(&self, request: &Hashed<'_>, lease: Uuid, now: u64) -> Answer {
        let mut state = self.lock();
        let state = &mut *state;
        let places = request.checks.iter().map(|(place, _)| place);
        let new = places.filter(|place| !state.counters.contains_key(place)).count();
        make_room(&mut state.counters, new, self.capacity, |counter| counter.is_over(now));
        let blocked = request.penalty.and_then(|(subject, _)| {
            let offender = state.offenders.get_mut(&subject)?;
            offender.settle(now);
            offender.blocked(now)
        });
        let counters = &mut state.counters;
        // Everything is taken that fits, so that checks of one place add up, and given back if anything
        // was refused.
        let mut fits = Vec::with_capacity(request.checks.len());
        for (place, check) in &request.checks {
            let counter = counters.entry(*place).or_insert_with(|| Counter::new(&check.rule, now));
            counter.settle(&check.rule, now);
            let allowed = counter.fits(&check.rule, check.cost);
            if allowed {
                counter.take(&check.rule, check.cost, lease, now);
            }
            fits.push(allowed);
        }
        let refused = fits.iter().position(|fits| !fits).filter(|_| blocked.is_none());
        if refused.is_some() || blocked.is_some() {
            let taken = request.checks.iter().zip(&fits).filter(|(_, fits)| **fits);
            for ((place, check), _) in taken.rev() {
                counters.entry(*place).and_modify(|counter| counter.give_back(check.cost));
            }
        }
        let demands = request.demands(&fits);
        let counts =
            request.checks.iter().zip(demands).zip(fits).map(|(((place, check), demand), allowed)| {
                let counter = counters.entry(*place).or_insert_with(|| Counter::new(&check.rule, now));
                let reset_after = counter.reset_after(&check.rule, demand, allowed, now);
                Count { allowed, used: counter.used(), reset_after }
            });
        let counts = counts.collect();
        let is_refused = refused.is_some() || blocked.is_some();
        let entered = request.penalty.filter(|_| is_refused).and_then(|(subject, penalty)| {
            self.punish(&mut state.offenders, subject, penalty, blocked.is_none(), now)
        });
        Answer { blocked: blocked.or(entered), refused, counts }
    }

    fn punish(
        &self,
        offenders: &mut HashMap<Sha256Hash, Offender>,
        subject: Sha256Hash,
        penalty: &Penalty,
        violation: bool,
        now: u64,
    ) -> Option<crate::Block> {
        let new = usize::from(!offenders.contains_key(&subject));
        make_room(offenders, new, self.capacity, |offender| offender.is_free(now));
        let offender = offenders.entry(subject).or_insert_with(|| Offender::new(penalty, now));
        offender.hit(now);
        if violation { offender.violate(&penalty.settings, now) } else { None }
    }

    /// Gives `cost` units back.
    pub(crate) fn refund(&self, place: Place, check: &Check, now: u64) {
        if let Some(counter) = self.lock().counters.get_mut(&place) {
            counter.settle(&check.rule, now);
            counter.give_back(check.cost);
        }
    }

    /// Ends a lease.
    pub(crate) fn release(&self, slots: &[(Place, Check)], lease: Uuid) {
        let mut state = self.lock();
        for (place, _) in slots {
            if let Some(counter) = state.counters.get_mut(place) {
                counter.release(lease);
            }
        }
    }

    /// Lets a lease begin anew, also one that was forgotten.
    pub(crate) fn renew(&self, slots: &[(Place, Check)], lease: Uuid, now: u64) {
        let mut state = self.lock();
        for (place, _) in slots {
            state.counters.entry(*place).and_modify(|counter| counter.release(lease));
        }
        for (place, check) in slots {
            let counter = state.counters.entry(*place).or_insert_with(|| Counter::new(&check.rule, now));
            counter.take(&check.rule, check.cost, lease, now);
        }
    }

    pub(crate) fn standing(&self, subject: Sha256Hash, now: u64) -> Standing {
        self.offender(subject, now, |offender| offender.standing(now))
    }

    pub(crate) fn hits(&self, subject: Sha256Hash, now: u64) -> u32 {
        self.offender(subject, now, |offender| offender.hits(now))
    }

    pub(crate) fn forgive(&self, subject: Sha256Hash, now: u64) -> bool {
        self.offender(subject, now, |offender| offender.forgive(now))
    }

    pub(crate) fn forgive_label(&self, label: &str, now: u64) -> bool {
        let mut state = self.lock();
        let named = state.offenders.values_mut().filter(|offender| offender.label == label);
        named.filter_map(|offender| offender.forgive(now).then_some(())).count() > 0
    }

    /// Those blocked, the longest first.
    pub(crate) fn blocked(&self, limit: usize, now: u64) -> Vec<BlockedSubject> {
        let mut state = self.lock();
        let lines = state.offenders.values_mut().filter_map(|offender| {
            offender.settle(now);
            offender.line(now)
        });
        let mut lines: Vec<_> = lines.collect();
        lines.sort_by(|a, b| b.retry_after.cmp(&a.retry_after).then_with(|| a.label.cmp(&b.label)));
        lines.truncate(limit);
        lines
    }

    fn offender<T: Default>(&self, subject: Sha256Hash, now: u64, ask: impl FnOnce(&mut Offender) -> T) -> T {
        let mut state = self.lock();
        let Some(offender) = state.offenders.get_mut(&subject) else { return T::default() };
        offender.settle(now);
        ask(offender)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets what may go, then everything, until `new` more entries fit with ease.
fn make_room<K: Eq + Hash, V>(
    map: &mut HashMap<K, V>,
    new: usize,
    capacity: usize,
    may_go: impl Fn(&V) -> bool,
) {
    if new > 0 && map.len() + new > capacity {
        map.retain(|_, value| !may_go(value));
        if map.len() > capacity / 2 {
            map.clear();
        }
    }
}

#[cfg(test)]
mod tests;
