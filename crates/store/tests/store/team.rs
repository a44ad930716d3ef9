use domain::{AccountId, Role, UserId};
use store::{Actor, Invitation, NewInvitation, NewMail, NewSession, Removal, StoreError};
use uuid::Uuid;

use crate::fixture::{Fixture, at, new_account};

const DAY: i64 = 86_400;

fn mail() -> NewMail {
    NewMail { recipient: "a@example.com".to_owned(), subject: "s".to_owned(), body: "b".to_owned() }
}

async fn owner(f: &Fixture) -> UserId {
    f.store.user_by_email("owner@example.com").await.unwrap().unwrap().id
}

async fn invite(
    f: &Fixture,
    email: &str,
    number: u8,
    seats: u32,
    now: i64,
) -> Result<Invitation, StoreError> {
    let new = NewInvitation {
        account_id: f.account,
        email: email.to_owned(),
        role: Role::Member,
        token_hash: [number; 32],
        invited_by: owner(f).await,
        expires_at: at(now + 7 * DAY),
    };
    f.store.invite(new, seats, mail(), at(now)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_invitations_at_once_fill_the_seats_and_no_more() {
    let f = Fixture::new().await;
    let user = owner(&f).await;
    let tasks: Vec<_> = (0..20_u8)
        .map(|number| {
            let (store, account) = (f.store.clone(), f.account);
            tokio::spawn(async move {
                let new = NewInvitation {
                    account_id: account,
                    email: format!("p{number}@example.com"),
                    role: Role::Member,
                    token_hash: [number; 32],
                    invited_by: user,
                    expires_at: at(DAY),
                };
                store.invite(new, 3, mail(), at(1)).await
            })
        })
        .collect();
    let mut invited = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => invited += 1,
            Err(error) => assert!(matches!(error, StoreError::LimitReached { limit: 3 }), "{error:?}"),
        }
    }
    assert_eq!(invited, 2, "the owner sits on the first seat");
    assert_eq!(f.store.list_invitations(f.account).await.unwrap().len(), 2);
    assert_eq!(f.rows("mails").await, 2, "who is refused is not written to");
}

#[tokio::test]
async fn an_address_is_invited_once_and_a_member_never() {
    let f = Fixture::new().await;
    invite(&f, "New@example.com", 1, 9, 0).await.unwrap();
    for (email, number) in [("new@Example.com", 2), ("owner@example.com", 3)] {
        let again = invite(&f, email, number, 9, 1).await;
        assert!(matches!(again, Err(StoreError::AlreadyExists { .. })), "{again:?}");
    }
    // An invitation that has ended holds neither the address nor the seat.
    let later = invite(&f, "new@example.com", 4, 2, 8 * DAY).await.unwrap();
    let open = f.store.list_invitations(f.account).await.unwrap();
    assert_eq!(open.iter().map(|one| one.id).collect::<Vec<_>>(), [later.id]);
}

#[tokio::test]
async fn a_new_person_joins_with_a_password_once() {
    let f = Fixture::new().await;
    invite(&f, "new@example.com", 1, 9, 0).await.unwrap();
    let state = f.store.invitation_by_token([1; 32], at(1)).await.unwrap().unwrap();
    assert!(state.needs_password);
    assert_eq!(f.store.accept_invitation([1; 32], None, at(1)).await.unwrap(), None);
    assert_eq!(f.store.accept_invitation([9; 32], Some("hash"), at(1)).await.unwrap(), None);
    assert_eq!(f.store.accept_invitation([1; 32], Some("hash"), at(7 * DAY)).await.unwrap(), None);
    let accepted = f.store.accept_invitation([1; 32], Some("hash"), at(2)).await.unwrap().unwrap();
    assert_eq!((accepted.account_id, accepted.role), (f.account, Role::Member));
    assert_eq!(f.store.accept_invitation([1; 32], Some("hash"), at(3)).await.unwrap(), None);
    let user = f.store.user_by_email("new@example.com").await.unwrap().unwrap();
    assert_eq!((user.id, user.email_verified_at), (accepted.user_id, Some(at(2))));
    let members = f.store.list_members(f.account).await.unwrap();
    let roles: Vec<_> = members.iter().map(|one| (one.email.as_str(), one.role)).collect();
    assert_eq!(roles, [("owner@example.com", Role::Owner), ("new@example.com", Role::Member)]);
    assert_eq!(f.store.list_invitations(f.account).await.unwrap(), []);
}

/// Somebody signs up with the address of a person who is invited later: whoever has the letter gets the address.
#[tokio::test]
async fn a_person_whose_address_was_never_proved_is_logged_out_and_gets_a_new_password() {
    let f = Fixture::new().await;
    let mut squatter = new_account("victim@example.com");
    squatter.password_hash = Some("squatter's".to_owned());
    let account = f.store.create_account(squatter, at(0)).await.unwrap();
    let user = f.store.user_by_email("victim@example.com").await.unwrap().unwrap();
    let session = NewSession {
        user_id: user.id,
        account_id: account.id,
        refresh_id: Uuid::from_u128(1),
        user_agent: String::new(),
        expires_at: at(1_000),
    };
    let session = f.store.create_session(session, at(0)).await.unwrap();
    invite(&f, "victim@example.com", 1, 9, 1).await.unwrap();
    assert_eq!(f.store.accept_invitation([1; 32], None, at(2)).await.unwrap(), None);
    assert!(f.store.accept_invitation([1; 32], Some("victim's"), at(2)).await.unwrap().is_some());
    let user = f.store.user_by_email("victim@example.com").await.unwrap().unwrap();
    assert_eq!(user.password_hash.as_deref(), Some("victim's"));
    assert_eq!(f.store.session(session, user.id, account.id, at(3)).await.unwrap(), None);

    // Now the address is proved: the next invitation needs no password and changes none.
    let other = Fixture { account: account.id, database: f.database, store: f.store };
    let third = other.store.create_account(new_account("third@example.com"), at(0)).await.unwrap();
    let new = NewInvitation {
        account_id: third.id,
        email: "victim@example.com".to_owned(),
        role: Role::Admin,
        token_hash: [2; 32],
        invited_by: user.id,
        expires_at: at(100),
    };
    other.store.invite(new, 5, mail(), at(4)).await.unwrap();
    assert!(!other.store.invitation_by_token([2; 32], at(5)).await.unwrap().unwrap().needs_password);
    assert!(other.store.accept_invitation([2; 32], None, at(5)).await.unwrap().is_some());
    let mine = other.store.accounts_of(user.id).await.unwrap();
    assert_eq!((mine.len(), mine[0].role), (3, Role::Owner), "the one they own comes first");
}

#[tokio::test]
async fn an_invitation_is_sent_again_with_another_secret_or_withdrawn() {
    let f = Fixture::new().await;
    let id = invite(&f, "new@example.com", 1, 2, 0).await.unwrap().id;
    let letter = |to: &Invitation| NewMail { recipient: to.email.clone(), ..mail() };
    let resend = |account: AccountId, number: u8, seats, now: i64| {
        f.store.resend_invitation((account, id), [number; 32], at(now + DAY), seats, letter, at(now))
    };
    assert!(resend(f.account, 2, 2, 1).await.unwrap().is_some(), "its own seat does not count");
    assert!(f.store.invitation_by_token([1; 32], at(2)).await.unwrap().is_none());
    assert!(f.store.invitation_by_token([2; 32], at(2)).await.unwrap().is_some());
    // It ends, its seat goes to another, and it cannot come back.
    invite(&f, "other@example.com", 3, 2, 2 * DAY).await.unwrap();
    let full = resend(f.account, 4, 2, 2 * DAY).await;
    assert!(matches!(full, Err(StoreError::LimitReached { limit: 2 })), "{full:?}");
    let by = Actor::Operator;
    assert!(!f.store.revoke_invitation(AccountId::generate(), id, by, at(3)).await.unwrap());
    assert!(f.store.revoke_invitation(f.account, id, by, at(3)).await.unwrap());
    assert!(!f.store.revoke_invitation(f.account, id, by, at(3)).await.unwrap());
    assert!(f.store.invitation_by_token([2; 32], at(4)).await.unwrap().is_none());
}

#[tokio::test]
async fn members_change_roles_and_go_but_the_owner_stays() {
    let f = Fixture::new().await;
    invite(&f, "new@example.com", 1, 9, 0).await.unwrap();
    let user = f.store.accept_invitation([1; 32], Some("hash"), at(1)).await.unwrap().unwrap().user_id;
    let boss = owner(&f).await;
    let by = Actor::User(boss);
    assert!(f.store.change_member_role(f.account, user, Role::Admin, by, at(2)).await.unwrap());
    assert!(!f.store.change_member_role(f.account, boss, Role::Member, by, at(2)).await.unwrap());
    assert!(!f.store.change_member_role(AccountId::generate(), user, Role::Member, by, at(2)).await.unwrap());
    let new = NewSession {
        user_id: user,
        account_id: f.account,
        refresh_id: Uuid::from_u128(1),
        user_agent: String::new(),
        expires_at: at(1_000),
    };
    let session = f.store.create_session(new, at(2)).await.unwrap();
    let holder = f.store.session(session, user, f.account, at(3)).await.unwrap().unwrap();
    assert_eq!(holder.role, Role::Admin);
    assert_eq!(f.store.remove_member(f.account, boss, by, at(4)).await.unwrap(), Removal::IsOwner);
    assert_eq!(f.store.remove_member(f.account, user, by, at(4)).await.unwrap(), Removal::Removed);
    assert_eq!(f.store.remove_member(f.account, user, by, at(4)).await.unwrap(), Removal::NotFound);
    assert_eq!(f.store.session(session, user, f.account, at(5)).await.unwrap(), None);
    assert_eq!(f.store.accounts_of(user).await.unwrap(), []);
    let log = f.store.audit_log(Some(f.account), None, 10).await.unwrap();
    let actions: Vec<_> = log.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["member.removed", "member.role_changed", "invitation.accepted", "invitation.sent"]);
}
