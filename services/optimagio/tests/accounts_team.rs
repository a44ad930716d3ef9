//! A team: invitations, roles, seats, and intents for what cannot be undone.

#![cfg(test)]

mod accounts_people;
mod system;

use accounts_people::{PASSWORD, Person, Town, refused};
use domain::Tier;
use reqwest::Method;
use serde_json::{Value, json};

const INVITATIONS: &str = "/api/my/team/invitations";

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_invited_joins_works_and_goes() {
    let town = Town::start().await;
    let boss = town.owner("boss@example.com", Tier::Pro, false).await;
    let ann = town.colleague(&boss, "ann@example.com", "member").await;
    assert_eq!(ann.account, boss.account);
    let (_, team) = ann.get("/api/my/team").await;
    assert_eq!((&team["role"], &team["seats"]["used"]), (&"member".into(), &2.into()));
    assert_eq!(team["members"][1]["email"], "ann@example.com");

    // A member uses the account: keys belong to it, whoever makes them.
    let (key, _) = ann.key("ann's").await;
    assert_eq!(boss.get("/api/my/keys").await.1["items"][0]["id"], key.as_str());
    let path = format!("/api/my/keys/{key}");
    let rate = |rate: Value| json!({ "rate_per_minute": rate });
    refused(&ann.send(Method::PATCH, &path, rate(5.into())).await, 403, "forbidden");
    let invitation = json!({"email": "bob@example.com", "role": "member"});
    refused(&ann.send(Method::POST, INVITATIONS, invitation.clone()).await, 403, "forbidden");

    let member = format!("/api/my/team/members/{}", ann.user);
    let role = |role: &str| json!({ "role": role });
    refused(&boss.send(Method::PATCH, &member, role("owner")).await, 400, "invalid_request");
    refused(&ann.send(Method::PATCH, &member, role("admin")).await, 403, "forbidden");
    assert_eq!(boss.send(Method::PATCH, &member, role("admin")).await.0, 204);
    let (status, changed) = ann.send(Method::PATCH, &path, rate(5.into())).await;
    assert_eq!((status, &changed["rate_per_minute"]), (200, &5.into()), "the new role is felt at once");
    refused(&ann.send(Method::PATCH, &path, rate(1_000_000.into())).await, 400, "invalid_request");
    refused(&ann.send(Method::PATCH, &path, json!({})).await, 400, "invalid_request");
    assert_eq!(ann.send(Method::PATCH, &path, rate(Value::Null)).await.1["rate_per_minute"], Value::Null);
    assert_eq!(ann.send(Method::POST, INVITATIONS, invitation).await.0, 201);

    let owner = format!("/api/my/team/members/{}", boss.user);
    let intent = ann.intent("team.remove", &boss.user).await;
    refused(&ann.with_intent(Method::DELETE, &owner, &intent).await, 403, "forbidden");
    refused(&boss.delete(&member).await, 403, "intent_required");
    let foreign = ann.intent("team.remove", &ann.user).await;
    refused(&boss.with_intent(Method::DELETE, &member, &foreign).await, 403, "intent_required");
    let other = boss.intent("team.remove", &boss.user).await;
    refused(&boss.with_intent(Method::DELETE, &member, &other).await, 403, "intent_required");
    let intent = boss.intent("team.remove", &ann.user).await;
    assert_eq!(boss.with_intent(Method::DELETE, &member, &intent).await.0, 204);
    refused(&boss.with_intent(Method::DELETE, &member, &intent).await, 409, "intent_used");
    refused(&ann.get("/api/my/team").await, 401, "unauthorized");
    refused(&town.log_in("ann@example.com", PASSWORD).await, 403, "forbidden");
    let unknown = json!({"action": "world.end", "object": "x"});
    refused(&boss.send(Method::POST, "/api/my/intents", unknown).await, 400, "invalid_request");
    town.system.assert_no_errors_logged();
}

#[tokio::test(flavor = "multi_thread")]
async fn invitations_are_sent_again_withdrawn_and_bounded_by_the_plan() {
    let town = Town::start().await;
    let boss = town.owner("boss@example.com", Tier::Pro, false).await;
    let invite = |email: &str, role: &str| {
        let body = json!({"email": email, "role": role});
        let boss = boss.clone();
        async move { boss.send(Method::POST, INVITATIONS, body).await }
    };
    refused(&invite("ann@example.com", "owner").await, 400, "invalid_request");
    refused(&invite("ann@example.com\r\nBcc: x@example.com", "member").await, 400, "invalid_request");
    refused(&invite("boss@example.com", "member").await, 409, "already_exists");
    let (status, ann) = invite("ann@example.com", "member").await;
    assert_eq!(status, 201, "{ann}");
    refused(&invite("ANN@example.com", "member").await, 409, "already_exists");
    let old = town.token("ann@example.com", "invitation", 1).await;
    let path = format!("{INVITATIONS}/{}", ann["id"].as_str().unwrap());
    let resent = boss.send(Method::POST, &format!("{path}/resend"), Value::Null).await;
    assert_eq!(resent.0, 200, "{}", resent.1);
    let new = town.token("ann@example.com", "invitation", 2).await;
    let accept = |token: String| town.post("/api/team/accept", json!({"token": token, "password": PASSWORD}));
    assert_eq!(accept(old).await.1["field"], "token", "the link of the earlier mail");
    assert_eq!(boss.delete(&path).await.0, 204);
    refused(&boss.delete(&path).await, 404, "not_found");
    assert_eq!(accept(new).await.1["field"], "token");

    let (_, team) = boss.get("/api/my/team").await;
    let limit = team["seats"]["limit"].as_u64().unwrap();
    for number in 1..limit {
        assert_eq!(invite(&format!("p{number}@example.com"), "member").await.0, 201);
    }
    let full = invite("late@example.com", "member").await;
    refused(&full, 409, "seat_limit_reached");
    assert_eq!(full.1["limit"], limit);
    town.system.assert_no_errors_logged();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_in_two_accounts_chooses_one_and_switches() {
    let town = Town::start().await;
    let boss = town.owner("boss@example.com", Tier::Pro, false).await;
    let ann = town.sign_up("ann@example.com").await;
    let verification = town.token("ann@example.com", "verify-email", 1).await;
    assert_eq!(town.post("/api/auth/verify-email", json!({"token": verification})).await.0, 204);
    let invitation = json!({"email": "ann@example.com", "role": "admin"});
    assert_eq!(boss.send(Method::POST, INVITATIONS, invitation).await.0, 201);
    let token = town.token("ann@example.com", "invitation", 1).await;
    let with_password = json!({"token": token, "password": PASSWORD});
    assert_eq!(town.post("/api/team/accept", with_password).await.1["field"], "password");
    let (status, accepted) = town.post("/api/team/accept", json!({"token": token})).await;
    assert_eq!((status, &accepted["session"]), (200, &Value::Null), "a confirmed person logs in: {accepted}");

    let (_, mine) = ann.get("/api/my/accounts").await;
    let ids: Vec<_> = mine["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect();
    assert_eq!(ids, [json!(ann.account), json!(boss.account)]);
    let (status, body) =
        ann.send(Method::POST, "/api/auth/switch", json!({"account_id": boss.account})).await;
    assert_eq!((status, &body["role"]), (200, &"admin".into()), "{body}");
    let there = Person::new(&town.system, &body);
    assert_eq!(there.account, boss.account);
    assert_eq!(there.get("/api/my/team").await.1["members"].as_array().unwrap().len(), 2);
    assert_eq!(ann.get("/api/my/team").await.1["members"].as_array().unwrap().len(), 1);
    let (_, body) = town.log_in("ann@example.com", PASSWORD).await;
    assert_eq!(body["account"]["id"], json!(ann.account), "the account that she owns");
    let chosen = json!({"email": "ann@example.com", "password": PASSWORD, "account_id": boss.account});
    assert_eq!(town.post("/api/auth/login", chosen).await.1["account"]["id"], json!(boss.account));
}
