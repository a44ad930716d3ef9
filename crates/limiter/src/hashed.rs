use std::borrow::Cow;

use domain::Sha256Hash;

use crate::rule::Kind;
use crate::{Check, Penalty, Request};

/// Where one limit of one subject is kept. The subject's hash and not its name: an address or a key must
/// not be readable in Redis, and every key has the same length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    kind: Kind,
    policy: &'static str,
    subject: Sha256Hash,
}

impl Place {
    pub(crate) fn of(check: &Check) -> Self {
        let subject = Sha256Hash::of(check.subject.as_bytes());
        Self { kind: check.rule.kind(), policy: check.policy, subject }
    }

    /// The key in Redis, behind the prefix.
    pub(crate) fn key(&self, prefix: &str) -> String {
        format!("{prefix}{}:{}:{}", self.kind.as_str(), self.policy, self.subject)
    }
}

/// A request whose subjects are hashed.
pub(crate) struct Hashed<'a> {
    pub(crate) checks: Vec<(Place, Cow<'a, Check>)>,
    pub(crate) penalty: Option<(Sha256Hash, &'a Penalty)>,
}

impl<'a> Hashed<'a> {
    pub(crate) fn new(request: &'a Request) -> Self {
        let checks = request.checks.iter().map(|check| (Place::of(check), Cow::Borrowed(check)));
        let penalty = request.penalty.as_ref();
        let penalty = penalty.map(|penalty| (Sha256Hash::of(penalty.subject.as_bytes()), penalty));
        Self { checks: checks.collect(), penalty }
    }

    /// The same request with the limits of one node.
    pub(crate) fn share(mut self, nodes: u32) -> Self {
        if nodes > 1 {
            for (_, check) in &mut self.checks {
                let check = check.to_mut();
                check.rule = check.rule.share(nodes);
            }
        }
        self
    }

    /// What each check asks of its place, together with the checks before it that fitted there.
    pub(crate) fn demands(&self, fits: &[bool]) -> Vec<u32> {
        let demand = |(index, (place, check)): (usize, &(Place, Cow<'_, Check>))| {
            let before =
                self.checks[..index].iter().zip(fits).filter(|((other, _), fits)| **fits && other == place);
            before.fold(check.cost, |sum, ((_, other), _)| sum.saturating_add(other.cost))
        };
        self.checks.iter().enumerate().map(demand).collect()
    }

    /// The checks that take leases.
    pub(crate) fn leases(&self) -> Vec<(Place, Check)> {
        let leased = self.checks.iter().filter(|(place, check)| place.kind == Kind::Lease && check.cost > 0);
        leased.map(|(place, check)| (*place, check.clone().into_owned())).collect()
    }
}
