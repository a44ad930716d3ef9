use domain::{AccountId, AccountState, ApiKeyId, Tier};
use store::{Actor, ApiKeyChange, NewApiKey, StoreError};

use crate::fixture::{Fixture, at, new_account};

fn key(account: AccountId, number: u8) -> NewApiKey {
    NewApiKey {
        account_id: account,
        label: format!("key {number}"),
        prefix: "opt_12".to_owned(),
        hash: [number; 32],
        expires_at: None,
    }
}

#[tokio::test]
async fn an_address_is_taken_in_any_case() {
    let f = Fixture::new().await;
    let again = f.store.create_account(new_account("Owner@Example.com"), at(1)).await;
    assert!(matches!(again, Err(StoreError::AlreadyExists { .. })), "{again:?}");
    let found = f.store.account_by_email("OWNER@example.com").await.unwrap().unwrap();
    assert_eq!((found.id, found.state, found.created_at), (f.account, AccountState::Active, at(0)));
    assert_eq!(f.store.account_by_email("nobody@example.com").await.unwrap(), None);
}

#[tokio::test]
async fn nul_is_refused_before_the_server_sees_it() {
    let f = Fixture::new().await;
    let account = f.store.create_account(new_account("a\0@example.com"), at(0)).await;
    assert!(matches!(account, Err(StoreError::InvalidText { what: "email" })));
    let label = NewApiKey { label: "a\0".to_owned(), ..key(f.account, 1) };
    let created = f.store.create_api_key(label, 5, at(0)).await;
    assert!(matches!(created, Err(StoreError::InvalidText { what: "label" })));
    assert_eq!(f.store.account_by_email("a\0").await.unwrap(), None);
    assert_eq!(f.store.image("v2-\0", at(0)).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_get_exactly_the_limit() {
    let f = Fixture::new().await;
    let tasks: Vec<_> = (0..50)
        .map(|number| {
            let (store, new) = (f.store.clone(), key(f.account, number));
            tokio::spawn(async move { store.create_api_key(new, 7, at(1)).await })
        })
        .collect();
    let mut created = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => created += 1,
            Err(error) => assert!(matches!(error, StoreError::LimitReached { limit: 7 }), "{error:?}"),
        }
    }
    assert_eq!(created, 7);
    assert_eq!(f.store.list_api_keys(f.account).await.unwrap().len(), 7);
}

#[tokio::test]
async fn revoked_and_expired_keys_speak_for_nobody_and_do_not_count() {
    let f = Fixture::new().await;
    let expiring = NewApiKey { expires_at: Some(at(10)), ..key(f.account, 1) };
    let first = f.store.create_api_key(expiring, 2, at(0)).await.unwrap();
    let second = f.store.create_api_key(key(f.account, 2), 2, at(0)).await.unwrap();
    assert!(f.store.create_api_key(key(f.account, 3), 2, at(9)).await.is_err());
    let caller = f.store.caller_by_key_hash([1; 32], at(9)).await.unwrap().unwrap();
    assert_eq!((caller.account_id, caller.key_id, caller.tier), (f.account, first.id, Tier::Pro));
    assert_eq!(f.store.caller_by_key_hash([1; 32], at(10)).await.unwrap(), None);
    assert!(f.store.create_api_key(key(f.account, 3), 2, at(10)).await.is_ok());

    assert!(!f.store.revoke_api_key(AccountId::generate(), second.id, at(11)).await.unwrap());
    assert!(!f.store.revoke_api_key(f.account, ApiKeyId::generate(), at(11)).await.unwrap());
    assert!(f.store.revoke_api_key(f.account, second.id, at(11)).await.unwrap());
    assert!(!f.store.revoke_api_key(f.account, second.id, at(12)).await.unwrap());
    assert_eq!(f.store.caller_by_key_hash([2; 32], at(12)).await.unwrap(), None);
    assert_eq!(f.store.caller_by_key_hash([9; 32], at(12)).await.unwrap(), None);
}

#[tokio::test]
async fn the_last_use_is_written_once_a_minute() {
    let f = Fixture::new().await;
    let key = f.store.create_api_key(key(f.account, 1), 1, at(0)).await.unwrap().id;
    for (now, last) in [(0, 0), (59, 0), (60, 60), (61, 60)] {
        f.store.touch_api_key(key, at(now)).await.unwrap();
        let keys = f.store.list_api_keys(f.account).await.unwrap();
        assert_eq!(keys[0].last_used_at, Some(at(last)), "at {now} s");
    }
}

#[tokio::test]
async fn a_key_is_renamed_and_gets_a_rate_of_its_own() {
    let f = Fixture::new().await;
    let id = f.store.create_api_key(key(f.account, 1), 1, at(0)).await.unwrap().id;
    let change =
        |label: Option<&str>, rate| ApiKeyChange { label: label.map(str::to_owned), rate_per_minute: rate };
    let by = Actor::Operator;
    let both = change(Some("new"), Some(Some(9)));
    let changed = f.store.change_api_key(f.account, id, both, by, at(1)).await.unwrap().unwrap();
    assert_eq!((changed.label.as_str(), changed.rate_per_minute), ("new", Some(9)));
    let caller = f.store.caller_by_key_hash([1; 32], at(1)).await.unwrap().unwrap();
    assert_eq!(caller.rate_per_minute, Some(9));
    let none = change(None, Some(None));
    let changed = f.store.change_api_key(f.account, id, none, by, at(1)).await.unwrap().unwrap();
    assert_eq!((changed.label.as_str(), changed.rate_per_minute), ("new", None));
    let foreign = change(Some("x"), None);
    let refused = f.store.change_api_key(AccountId::generate(), id, foreign.clone(), by, at(1)).await;
    assert_eq!(refused.unwrap(), None);
    f.store.revoke_api_key(f.account, id, at(2)).await.unwrap();
    assert_eq!(f.store.change_api_key(f.account, id, foreign, by, at(3)).await.unwrap(), None);
    let log = f.store.audit_log(Some(f.account), None, 10).await.unwrap();
    let rates: Vec<_> = log.iter().map(|row| &row.details["rate_per_minute"]).collect();
    assert_eq!(rates, [&serde_json::json!(null), &serde_json::json!(9)]);
}

#[tokio::test]
async fn a_stopped_key_is_known_told_of_by_mail_and_let_go_again() {
    let f = Fixture::new().await;
    let id = f.store.create_api_key(key(f.account, 1), 1, at(0)).await.unwrap().id;
    let suspended = f.store.suspend_key_by_system(id, "too many requests", at(1)).await.unwrap().unwrap();
    assert_eq!(suspended.suspended_reason.as_deref(), Some("too many requests"));
    assert!(f.store.caller_by_key_hash([1; 32], at(1)).await.unwrap().unwrap().is_key_suspended);
    assert_eq!(f.store.suspend_key_by_system(id, "again", at(2)).await.unwrap(), None);
    let mails = f.store.claim_mails(10, at(2)).await.unwrap();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].mail().recipient, "owner@example.com");
    assert!(mails[0].mail().body.contains("too many requests"));
    let log = f.store.audit_log(Some(f.account), None, 10).await.unwrap();
    assert_eq!((log[0].actor.as_str(), log[0].action.as_str()), ("system", "key.suspended"));
    assert_eq!(log[0].object, id.to_string());
    assert!(f.store.reactivate_key(id, Actor::Operator, at(3)).await.unwrap().is_some());
    assert_eq!(f.store.reactivate_key(id, Actor::Operator, at(3)).await.unwrap(), None);
    assert!(!f.store.caller_by_key_hash([1; 32], at(3)).await.unwrap().unwrap().is_key_suspended);
    assert_eq!(f.rows("audit_log").await, 2);
}
