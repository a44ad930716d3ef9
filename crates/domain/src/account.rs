use std::fmt;
use std::str::FromStr;

macro_rules! named {
    ($name:ident, $what:literal, $( $variant:ident => $text:literal ),+) => {
        impl $name {
            /// Every one of them.
            pub const ALL: &[Self] = &[$( Self::$variant ),+];

            /// The name in the API and the database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $text ),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or_else(|| {
                    let known: Vec<_> = Self::ALL.iter().map(|one| one.as_str()).collect();
                    format!(concat!("unknown ", $what, " {:?}; expected {}"), text, known.join(", "))
                })
            }
        }
    };
}

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

named!(AccountState, "account state", Active => "active", PastDue => "past_due", Cancelled => "cancelled",
    Suspended => "suspended", Archived => "archived");

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

named!(Role, "role", Member => "member", Admin => "admin", Owner => "owner");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_roles_are_ordered() {
        for state in AccountState::ALL {
            assert_eq!(state.as_str().parse(), Ok(*state));
        }
        assert!("boss".parse::<Role>().unwrap_err().contains("member, admin, owner"));
        assert!(Role::Owner > Role::Admin && Role::Admin > Role::Member);
        assert!(!AccountState::Suspended.may_use() && AccountState::PastDue.may_use());
    }
}
