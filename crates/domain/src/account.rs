use crate::named::names;

/// How an account stands with the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// In good standing.
    Active,
    /// A payment is late; nothing is taken away yet.
    PastDue,
    /// The subscription has ended: the account goes on in the lowest tier, its files stay for a while.
    Cancelled,
    /// Stopped by an operator: every authenticated route answers 403.
    Suspended,
    /// Put away after long disuse; the owner's next log-in brings it back.
    Archived,
}

names!(AccountState {
    Active = "active",
    PastDue = "past_due",
    Cancelled = "cancelled",
    Suspended = "suspended",
    Archived = "archived",
} "active, past_due, cancelled, suspended or archived");

impl AccountState {
    /// Whether API keys and sessions of the account work.
    #[must_use]
    pub const fn may_use(self) -> bool {
        matches!(self, Self::Active | Self::PastDue | Self::Cancelled)
    }
}

/// What a member may do in an account. Every role includes the ones below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Uses the account: keys, results, usage.
    Member,
    /// Also invites and removes members.
    Admin,
    /// Also owns it; exactly one.
    Owner,
}

names!(Role { Member = "member", Admin = "admin", Owner = "owner" } "member, admin or owner");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_roles_are_ordered() {
        for state in AccountState::ALL {
            assert_eq!(state.as_str().parse(), Ok(*state));
        }
        assert!("boss".parse::<Role>().unwrap_err().contains("member, admin or owner"));
        assert!(Role::Owner > Role::Admin && Role::Admin > Role::Member);
        assert!(!AccountState::Suspended.may_use() && AccountState::PastDue.may_use());
    }
}
