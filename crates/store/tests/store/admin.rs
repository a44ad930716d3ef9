use domain::plan::{Dimension, Overrides, PlanCatalogue};
use domain::{AccountId, AccountState, Tier};
use serde_json::json;
use store::{AccountChange, Actor, NewAccessRequest, NewMail, OverrideChange};
use uuid::Uuid;

use crate::fixture::{Fixture, at, client, new_account};

fn plans() -> PlanCatalogue {
    PlanCatalogue::built_in().unwrap()
}

#[tokio::test]
async fn a_new_tier_notes_the_old_one_and_the_storage_at_that_moment() {
    let f = Fixture::new().await;
    let sql = client(&f.database.url).await;
    sql.execute("UPDATE accounts SET stored_bytes = 77, warning_count = 3", &[]).await.unwrap();
    let change = AccountChange { tier: Some(Tier::Starter), ..AccountChange::default() };
    let by = Actor::Operator;
    let account =
        f.store.change_account(f.account, change.clone(), &plans(), by, at(1)).await.unwrap().unwrap();
    assert_eq!(account.tier, Tier::Starter);
    let lifecycle = account.lifecycle;
    assert_eq!((lifecycle.previous_tier, lifecycle.target_tier), (Some(Tier::Pro), Some(Tier::Starter)));
    assert_eq!(lifecycle.storage_bytes_at_transition, 77);
    assert_eq!(lifecycle.storage_cap_bytes_at_transition, 5_000_000_000);
    assert_eq!(lifecycle.warning_count, 0);
    f.store.change_account(f.account, change, &plans(), by, at(2)).await.unwrap();
    assert_eq!(f.rows("audit_log").await, 1, "the same tier again is no change");
    let nobody = AccountId::generate();
    let changed = f.store.change_account(nobody, AccountChange::default(), &plans(), by, at(3)).await;
    assert_eq!(changed.unwrap(), None);
}

#[tokio::test]
async fn a_cancelled_account_goes_on_in_the_lowest_tier() {
    let f = Fixture::new().await;
    let cancel = AccountChange {
        state: Some(AccountState::Cancelled),
        reason: Some("asked for it".to_owned()),
        ..AccountChange::default()
    };
    let user = f.store.user_by_email("owner@example.com").await.unwrap().unwrap().id;
    let by = Actor::User(user);
    let account = f.store.change_account(f.account, cancel, &plans(), by, at(1)).await.unwrap().unwrap();
    assert_eq!((account.state, account.tier), (AccountState::Cancelled, Tier::Free));
    assert_eq!(account.lifecycle.previous_tier, Some(Tier::Pro));
    assert_eq!(account.lifecycle.reason, "asked for it");
    let upgrade = AccountChange {
        tier: Some(Tier::Starter),
        reason: Some("a gift".to_owned()),
        ..AccountChange::default()
    };
    let account = f.store.change_account(f.account, upgrade, &plans(), by, at(2)).await.unwrap().unwrap();
    assert_eq!(account.lifecycle.reason, "asked for it", "the reason is that of the state");
    let log = f.store.audit_log(Some(f.account), None, 10).await.unwrap();
    let seen: Vec<_> =
        log.iter().map(|row| (row.action.as_str(), row.actor.as_str(), row.actor_id)).collect();
    let act = |action| (action, "user", Some(user.0));
    assert_eq!(seen, [act("tier.changed"), act("tier.changed"), act("account.state_changed")]);
    assert_eq!(log[1].details, json!({"from": "pro", "to": "free", "reason": "asked for it"}));
    let page = f.store.audit_log(None, Some(log[0].id), 10).await.unwrap();
    assert_eq!(page.len(), 2, "the page after the newest entry");
}

#[tokio::test]
async fn limits_are_replaced_set_and_cleared() {
    let f = Fixture::new().await;
    let change = async |overrides| {
        let change = AccountChange { overrides: Some(overrides), ..AccountChange::default() };
        let by = Actor::Operator;
        f.store.change_account(f.account, change, &plans(), by, at(1)).await.unwrap().unwrap().overrides
    };
    let set = change(OverrideChange::Set(Dimension::Seats, Some(40))).await;
    assert_eq!(set.0.get(&Dimension::Seats), Some(&Some(40)));
    let set = change(OverrideChange::Set(Dimension::ApiKeys, None)).await;
    assert_eq!(set.0.len(), 2);
    let set = change(OverrideChange::Clear(Dimension::Seats)).await;
    assert_eq!(set.0.get(&Dimension::Seats), None);
    assert_eq!(change(OverrideChange::Replace(Overrides::default())).await, Overrides::default());
    let log = f.store.audit_log(Some(f.account), None, 10).await.unwrap();
    assert_eq!(log[3].details["to"], json!({"seats": 40}));
}

#[tokio::test]
async fn accounts_are_found_by_address_name_and_id() {
    let f = Fixture::new().await;
    for number in 0..5 {
        f.store.create_account(new_account(&format!("a_{number}@example.org")), at(number)).await.unwrap();
    }
    let found = async |text: &str, limit, offset| {
        let (accounts, total) = f.store.search_accounts(text, limit, offset).await.unwrap();
        (accounts.into_iter().map(|one| one.email).collect::<Vec<_>>(), total)
    };
    assert_eq!(found("", 10, 0).await.1, 6);
    assert_eq!(
        found("A_", 2, 1).await,
        (vec!["a_3@example.org".to_owned(), "a_2@example.org".to_owned()], 5)
    );
    assert_eq!(found("%", 10, 0).await.1, 0, "no wildcard");
    assert_eq!(found("a\\_", 10, 0).await.1, 0);
    assert_eq!(found(&f.account.to_string(), 10, 0).await.0, ["owner@example.com"]);
    assert_eq!(found("x\0", 10, 0).await.1, 0);
}

#[tokio::test]
async fn an_access_request_is_kept_told_of_and_handled_once() {
    let f = Fixture::new().await;
    let new = NewAccessRequest {
        account_id: Some(f.account),
        email: "ann@example.com".to_owned(),
        name: "Ann".to_owned(),
        company: String::new(),
        plan: "scale".to_owned(),
        message: "More\nplease".to_owned(),
    };
    let letter = store::letters::access_request("sales@example.com", &new);
    let id = f.store.create_access_request(&new, letter, at(0)).await.unwrap();
    let other = NewMail { recipient: String::new(), subject: String::new(), body: String::new() };
    let second = f.store.create_access_request(&new, other, at(1)).await.unwrap();
    assert_eq!(f.rows("mails").await, 2);
    assert!(f.store.handle_access_request(second, Actor::Operator, at(2)).await.unwrap());
    assert!(!f.store.handle_access_request(second, Actor::Operator, at(3)).await.unwrap());
    assert!(!f.store.handle_access_request(Uuid::nil(), Actor::Operator, at(3)).await.unwrap());
    let listed = f.store.list_access_requests(10, 0).await.unwrap();
    assert_eq!(listed.iter().map(|one| one.id).collect::<Vec<_>>(), [id, second], "who waits comes first");
    assert_eq!(listed[1].handled_at, Some(at(2)));
    let nul = NewAccessRequest { message: "a\0".to_owned(), ..new };
    let mail = NewMail { recipient: String::new(), subject: String::new(), body: String::new() };
    assert!(f.store.create_access_request(&nul, mail, at(1)).await.is_err());
}
