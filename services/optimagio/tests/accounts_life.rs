//! The whole life of a person: sign-up, a confirmed address, sessions that go on and end, passwords.

#![cfg(test)]

mod accounts_people;
mod system;

use std::time::{Duration, Instant};

use accounts_people::{PASSWORD, Person, Town, answer, refused};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn sign_up_verify_log_in_refresh_and_log_out() {
    let town = Town::start().await;
    let ann = town.sign_up("Ann@Example.com").await;
    let token = town.token("ann@example.com", "verify-email", 1).await;
    for bad in ["", "x", &token[1..], &token.replace(&token[..1], "_")] {
        let (status, body) = town.post("/api/auth/verify-email", json!({"token": bad})).await;
        assert_eq!((status, &body["field"]), (400, &"token".into()), "{body}");
    }
    assert_eq!(town.post("/api/auth/verify-email", json!({"token": token})).await, (204, Value::Null));
    let (status, used) = town.post("/api/auth/verify-email", json!({"token": token})).await;
    assert_eq!((status, &used["field"]), (400, &"token".into()));
    let resent = ann.send(Method::POST, "/api/auth/resend-verification", Value::Null).await;
    assert_eq!(resent.0, 202);

    let (status, body) = town.log_in("ann@example.com", PASSWORD).await;
    assert_eq!(
        (status, &body["user"]["email_verified"], &body["role"]),
        (200, &true.into(), &"owner".into())
    );
    assert_eq!((&body["expires_in"], &body["refresh_expires_in"]), (&900.into(), &2_592_000.into()));
    let first = Person::new(&town.system, &body);

    let refresh = |token: &str| {
        let body = json!({ "refresh_token": token });
        let town = &town;
        async move { town.post("/api/auth/refresh", body).await }
    };
    let (status, body) = refresh(&first.refresh).await;
    assert_eq!(status, 200, "{body}");
    let second = Person::new(&town.system, &body);
    assert_ne!(first.refresh, second.refresh);
    assert_eq!(second.get("/api/my/accounts").await.0, 200);
    refused(&refresh(&second.access).await, 401, "unauthorized");
    refused(
        &Person { access: second.refresh.clone(), ..second.clone() }.get("/api/my/keys").await,
        401,
        "unauthorized",
    );

    // The first token again: somebody has copied it. Nobody's tokens of this session work any longer.
    refused(&refresh(&first.refresh).await, 401, "unauthorized");
    refused(&refresh(&second.refresh).await, 401, "unauthorized");
    refused(&second.get("/api/my/keys").await, 401, "unauthorized");
    assert_eq!(ann.get("/api/my/keys").await.0, 200, "another session goes on");

    assert_eq!(ann.send(Method::POST, "/api/auth/logout", Value::Null).await.0, 204);
    refused(&ann.get("/api/my/keys").await, 401, "unauthorized");
    refused(&refresh(&ann.refresh).await, 401, "unauthorized");
    let logs = town.system.logs();
    for secret in [&token, &first.access, &first.refresh, &second.refresh, &PASSWORD.to_owned()] {
        assert!(!logs.contains(secret.as_str()), "a secret reached the log");
    }
    assert!(!logs.contains("ann@example.com"), "an address reached the log");
    town.system.assert_no_errors_logged();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_reset_by_mail_and_every_address_gets_the_same_answer() {
    let town = Town::start().await;
    let ann = town.sign_up("ann@example.com").await;
    let forgot = |email: &'static str| town.post("/api/auth/forgot-password", json!({ "email": email }));
    let known = forgot("ann@example.com").await;
    assert_eq!(known.0, 202);
    assert_eq!(known, forgot("nobody@example.com").await);
    assert_eq!(known, forgot("ann@example.com").await, "one mail a minute, and no word about it");
    let token = town.token("ann@example.com", "reset-password", 1).await;
    assert!(town.letters("nobody@example.com").is_empty());

    let reset = |token: String, password: &'static str| {
        town.post("/api/auth/reset-password", json!({"token": token, "password": password}))
    };
    let short = reset(token.clone(), "short").await;
    assert_eq!((short.0, &short.1["field"]), (400, &"password".into()));
    let verification = town.token("ann@example.com", "verify-email", 1).await;
    assert_eq!(reset(verification, "another horse battery").await.0, 400, "a link of another purpose");
    assert_eq!(reset(token.clone(), "another horse battery").await.0, 204);
    assert_eq!(reset(token, "a third horse battery").await.0, 400, "it works once");
    refused(&ann.get("/api/my/keys").await, 401, "unauthorized");
    refused(&town.log_in("ann@example.com", PASSWORD).await, 401, "unauthorized");
    let (status, body) = town.log_in("ann@example.com", "another horse battery").await;
    assert_eq!((status, &body["user"]["email_verified"]), (200, &true.into()));
    town.letter("ann@example.com", "Your password was changed", 1).await;
    town.system.assert_no_errors_logged();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_changes_the_password_and_ends_sessions_one_by_one() {
    let town = Town::start().await;
    let laptop = town.sign_up("ann@example.com").await;
    let log_in = async |password: &'static str| {
        let (status, body) = town.log_in("ann@example.com", password).await;
        assert_eq!(status, 200, "{body}");
        Person::new(&town.system, &body)
    };
    let phone = log_in(PASSWORD).await;
    let (_, list) = laptop.get("/api/my/sessions").await;
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    let current: Vec<_> = items.iter().filter(|item| item["current"] == true).collect();
    assert_eq!(current.len(), 1);
    let other = items.iter().find(|item| item["current"] == false).unwrap()["id"].as_str().unwrap();
    assert_eq!(laptop.delete(&format!("/api/my/sessions/{other}")).await.0, 204);
    refused(&laptop.delete(&format!("/api/my/sessions/{other}")).await, 404, "not_found");
    refused(&phone.get("/api/my/sessions").await, 401, "unauthorized");

    let phone = log_in(PASSWORD).await;
    let change = |old: &'static str, new: &'static str| {
        laptop.send(Method::POST, "/api/auth/password", json!({"old_password": old, "new_password": new}))
    };
    let wrong = change("wrong horse battery", "a new horse battery").await;
    assert_eq!((wrong.0, &wrong.1["field"]), (400, &"old_password".into()));
    let short = change(PASSWORD, "short").await;
    assert_eq!((short.0, &short.1["field"]), (400, &"new_password".into()));
    assert_eq!(change(PASSWORD, "a new horse battery").await.0, 204);
    assert_eq!(laptop.get("/api/my/sessions").await.0, 200);
    refused(&phone.get("/api/my/sessions").await, 401, "unauthorized");
    log_in("a new horse battery").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_account_stops_and_its_owners_log_in_brings_it_back() {
    let town = Town::start().await;
    let ann = town.sign_up("ann@example.com").await;
    let (_, key) = ann.key("laptop").await;
    let close = "/api/my/account/close";
    let bare = ann.send(Method::POST, close, Value::Null).await;
    refused(&bare, 403, "intent_required");
    let wrong = ann.intent("account.close", "another").await;
    refused(&ann.with_intent(Method::POST, close, &wrong).await, 403, "intent_required");
    let intent = ann.intent("account.close", &ann.account.to_string()).await;
    assert_eq!(ann.with_intent(Method::POST, close, &intent).await.0, 204);
    refused(&ann.get("/api/my/keys").await, 401, "unauthorized");
    let by_key = || {
        let client = system::Client::new(town.system.base(), Some(key.clone()));
        async move { answer(client.get("/api/v1/jobs/00000000-0000-7000-8000-000000000000").await).await }
    };
    refused(&by_key().await, 403, "account_suspended");
    assert_eq!(town.log_in("ann@example.com", PASSWORD).await.0, 200);
    refused(&by_key().await, 404, "not_found");
    let log = town.system.store.audit_log(Some(ann.account), None, 10).await.unwrap();
    let actions: Vec<_> = log.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["account.reopened", "account.closed"]);
}

/// Compares the shortest of many alternating runs, and stops as soon as they agree: another process may have the
/// processor in between. A transaction in the answer's way would double its time.
#[tokio::test(flavor = "multi_thread")]
async fn forgot_password_and_log_in_take_as_long_for_nobody() {
    let town = Town::start().await;
    town.sign_up("ann@example.com").await;
    let wrong = "not the right password";
    for (path, body) in
        [("/api/auth/forgot-password", json!({})), ("/api/auth/login", json!({ "password": wrong }))]
    {
        let time = async |email: &str| {
            let mut body = body.clone();
            body["email"] = email.into();
            let start = Instant::now();
            assert!([202, 401].contains(&town.post(path, body).await.0));
            start.elapsed()
        };
        let (mut known, mut unknown) = (Duration::MAX, Duration::MAX);
        let mut agree = false;
        for _ in 0..60 {
            known = known.min(time("ann@example.com").await);
            unknown = unknown.min(time("bob@example.com").await);
            agree = (0.7..1.4).contains(&(unknown.as_secs_f64() / known.as_secs_f64()));
            if agree {
                break;
            }
        }
        assert!(agree, "{path}: known {known:?}, unknown {unknown:?}");
    }
}
