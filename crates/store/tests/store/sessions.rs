use chrono::TimeDelta;
use domain::{AccountId, AccountState, Role, SessionId, UserId};
use store::letters::{self, Link};
use store::{AccountChange, Actor, EmailPurpose, NewEmailToken, NewSession, NewSignUp, Rotation, StoreError};
use uuid::Uuid;

use crate::fixture::{Fixture, at};

fn link(purpose: EmailPurpose, number: u8) -> NewEmailToken {
    let mail = letters::verify_email("owner@example.com", Link { base: "http://x", token: "t" });
    NewEmailToken { purpose, hash: [number; 32], mail }
}

async fn owner(f: &Fixture) -> UserId {
    f.store.user_by_email("owner@example.com").await.unwrap().unwrap().id
}

async fn log_in(f: &Fixture, user: UserId, refresh_id: Uuid) -> SessionId {
    let new = NewSession {
        user_id: user,
        account_id: f.account,
        refresh_id,
        user_agent: "test\0".to_owned(),
        expires_at: at(1_000),
    };
    f.store.create_session(new, at(0)).await.unwrap()
}

#[tokio::test]
async fn a_session_speaks_for_its_person_until_it_ends() {
    let f = Fixture::new().await;
    let user = owner(&f).await;
    let id = log_in(&f, user, Uuid::from_u128(1)).await;
    let holder = f.store.session(id, user, f.account, at(1)).await.unwrap().unwrap();
    assert_eq!((holder.account.id, holder.user.id, holder.role), (f.account, user, Role::Owner));
    for (id, user, account) in [
        (SessionId::generate(), user, f.account),
        (id, UserId::generate(), f.account),
        (id, user, AccountId::generate()),
    ] {
        assert_eq!(f.store.session(id, user, account, at(1)).await.unwrap(), None);
    }
    assert_eq!(f.store.session(id, user, f.account, at(1_000)).await.unwrap(), None, "it is over");
    assert_eq!(f.store.list_sessions(user, at(1)).await.unwrap().len(), 1);
    assert!(!f.store.revoke_session(UserId::generate(), id, at(2)).await.unwrap());
    assert!(f.store.revoke_session(user, id, at(2)).await.unwrap());
    assert!(!f.store.revoke_session(user, id, at(3)).await.unwrap());
    assert_eq!(f.store.session(id, user, f.account, at(3)).await.unwrap(), None);
}

#[tokio::test]
async fn a_refresh_token_works_once_and_a_copied_one_ends_the_session() {
    let f = Fixture::new().await;
    let user = owner(&f).await;
    let (one, two, three) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
    let id = log_in(&f, user, one).await;
    let rotate = |from, to, now| f.store.rotate_session(id, from, to, at(2_000), now);
    assert_eq!(rotate(one, two, at(1)).await.unwrap(), Rotation::Rotated);
    assert!(f.store.session(id, user, f.account, at(1_500)).await.unwrap().is_some(), "it lives longer");
    assert_eq!(rotate(one, three, at(2)).await.unwrap(), Rotation::Reused);
    assert_eq!(rotate(two, three, at(3)).await.unwrap(), Rotation::Gone, "the thief's and the owner's");
    assert_eq!(f.store.session(id, user, f.account, at(3)).await.unwrap(), None);
    let log = f.store.audit_log(Some(f.account), None, 10).await.unwrap();
    assert_eq!((log.len(), log[0].action.as_str()), (1, "session.revoked"));
    let gone = f.store.rotate_session(SessionId::generate(), one, two, at(9), at(3)).await.unwrap();
    assert_eq!(gone, Rotation::Gone);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_refreshes_at_once_one_is_served() {
    let f = Fixture::new().await;
    let user = owner(&f).await;
    let one = Uuid::from_u128(1);
    let id = log_in(&f, user, one).await;
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let store = f.store.clone();
            tokio::spawn(async move {
                store.rotate_session(id, one, Uuid::new_v4(), at(2_000), at(1)).await.unwrap()
            })
        })
        .collect();
    let mut rotated = 0;
    for task in tasks {
        rotated += usize::from(task.await.unwrap() == Rotation::Rotated);
    }
    assert_eq!(rotated, 1);
}

#[tokio::test]
async fn links_work_once_in_their_time_and_for_their_purpose() {
    let f = Fixture::new().await;
    let user = owner(&f).await;
    let send = |purpose, number, now| f.store.send_email_token(user, link(purpose, number), now);
    assert!(send(EmailPurpose::VerifyEmail, 1, at(0)).await.unwrap());
    assert!(!send(EmailPurpose::VerifyEmail, 2, at(59)).await.unwrap(), "one a minute");
    assert!(send(EmailPurpose::VerifyEmail, 3, at(61)).await.unwrap());
    assert_eq!(f.rows("mails").await, 2);
    assert_eq!(f.store.verify_email([1; 32], at(62)).await.unwrap(), None, "a newer one was sent");
    assert_eq!(f.store.reset_password([3; 32], "hash", at(62)).await.unwrap(), None, "another purpose");
    assert_eq!(f.store.verify_email([3; 32], at(62)).await.unwrap(), Some(user));
    assert_eq!(f.store.verify_email([3; 32], at(63)).await.unwrap(), None, "used");
    let verified = f.store.user_by_email("owner@example.com").await.unwrap().unwrap();
    assert_eq!(verified.email_verified_at, Some(at(62)));

    assert!(send(EmailPurpose::ResetPassword, 4, at(100)).await.unwrap());
    assert_eq!(f.store.reset_password([4; 32], "hash", at(100 + 3_600)).await.unwrap(), None, "too old");
    assert!(
        !f.store
            .send_email_token(UserId::generate(), link(EmailPurpose::ResetPassword, 9), at(9))
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn a_new_password_ends_sessions() {
    let f = Fixture::new().await;
    let user = owner(&f).await;
    let (first, second) =
        (log_in(&f, user, Uuid::from_u128(1)).await, log_in(&f, user, Uuid::from_u128(2)).await);
    f.store.send_email_token(user, link(EmailPurpose::ResetPassword, 1), at(1)).await.unwrap();
    assert_eq!(f.store.reset_password([1; 32], "one", at(2)).await.unwrap(), Some(user));
    for id in [first, second] {
        assert_eq!(f.store.session(id, user, f.account, at(3)).await.unwrap(), None);
    }
    let (kept, ended) =
        (log_in(&f, user, Uuid::from_u128(3)).await, log_in(&f, user, Uuid::from_u128(4)).await);
    assert!(!f.store.change_password(user, "another", "two", kept, at(4)).await.unwrap());
    assert!(f.store.change_password(user, "one", "two", kept, at(4)).await.unwrap());
    assert!(f.store.session(kept, user, f.account, at(5)).await.unwrap().is_some());
    assert_eq!(f.store.session(ended, user, f.account, at(5)).await.unwrap(), None);
    assert_eq!(f.rows("mails").await, 3, "the link, and two notices");
}

#[tokio::test]
async fn nobody_signs_up_as_a_person_who_is_there() {
    let f = Fixture::new().await;
    let new = |email: &str| NewSignUp {
        email: email.to_owned(),
        password_hash: "hash".to_owned(),
        verification: link(EmailPurpose::VerifyEmail, 7),
    };
    let (account, user) = f.store.sign_up(new("New@example.com"), at(0)).await.unwrap();
    assert_eq!((account.email.as_str(), account.state), ("new@example.com", AccountState::Active));
    let mine = f.store.accounts_of(user).await.unwrap();
    assert_eq!((mine.len(), mine[0].role), (1, Role::Owner));
    for taken in ["new@example.com", "owner@example.com"] {
        let again = f.store.sign_up(new(taken), at(1)).await;
        assert!(matches!(again, Err(StoreError::AlreadyExists { .. })), "{again:?}");
    }
    assert_eq!(f.rows("mails").await, 1, "a refused sign-up sends nothing");
}

#[tokio::test]
async fn an_archived_account_comes_back_and_a_suspended_one_does_not() {
    let f = Fixture::new().await;
    let user = owner(&f).await;
    let id = log_in(&f, user, Uuid::from_u128(1)).await;
    assert!(f.store.close_account(f.account, user, at(1)).await.unwrap());
    assert!(!f.store.close_account(f.account, user, at(1)).await.unwrap());
    assert_eq!(f.store.session(id, user, f.account, at(2)).await.unwrap(), None);
    assert_eq!(f.store.account(f.account).await.unwrap().unwrap().state, AccountState::Archived);
    assert!(f.store.reopen_account(f.account, user, at(3)).await.unwrap());
    assert!(!f.store.reopen_account(f.account, user, at(3)).await.unwrap());
    let plans = domain::plan::PlanCatalogue::built_in().unwrap();
    let suspend = AccountChange { state: Some(AccountState::Suspended), ..AccountChange::default() };
    f.store.change_account(f.account, suspend, &plans, Actor::Operator, at(4)).await.unwrap();
    assert!(!f.store.reopen_account(f.account, user, at(5)).await.unwrap());
    assert!(!f.store.close_account(f.account, user, at(5)).await.unwrap());
    let log = f.store.audit_log(Some(f.account), None, 10).await.unwrap();
    let actions: Vec<_> = log.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["account.state_changed", "account.reopened", "account.closed"]);
    assert!(f.store.session(id, user, f.account, at(0) + TimeDelta::days(1)).await.unwrap().is_none());
}
