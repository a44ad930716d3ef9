//! Operators: what they see and change, that all of it is in the audit log, and that nobody else may.

#![cfg(test)]

mod accounts_people;
mod system;

use std::process::Command;

use accounts_people::{PASSWORD, Person, Town, answer, refused};
use domain::Tier;
use reqwest::Method;
use serde_json::{Value, json};
use system::Client;

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_changes_accounts_and_all_of_it_is_written_down() {
    let town = Town::start().await;
    let root = town.owner("root@example.com", Tier::Free, true).await;
    let ann = town.owner("ann@example.com", Tier::Free, false).await;
    let (_, found) = root.get("/api/admin/accounts?q=ann%40&limit=1").await;
    assert_eq!((&found["total"], &found["items"][0]["id"]), (&1.into(), &json!(ann.account)));
    refused(&root.get("/api/admin/accounts?query=x").await, 400, "invalid_request");
    let path = format!("/api/admin/accounts/{}", ann.account);
    let patch = |body: Value| root.send(Method::PATCH, &path, body);
    for bad in [
        json!({"tier": "gold"}),
        json!({"state": "happy"}),
        json!({"overrides": {"monthly_image": 1}}),
        json!({"overrides": {"seats": -1}}),
        json!({"is_admin": true}),
        json!({"email": "root@example.com"}),
        json!({"reason": "none"}),
        json!({}),
    ] {
        refused(&patch(bad).await, 400, "invalid_request");
    }
    let (status, body) = patch(json!({"tier": "enterprise", "reason": "contract 7"})).await;
    assert_eq!((status, &body["subscription_tier"]), (200, &"business".into()), "{body}");
    let (_, body) =
        patch(json!({"overrides": {"seats": 40, "api_keys": null}, "global_delivery": true})).await;
    assert_eq!(body["overrides"], json!({"seats": 40, "api_keys": null}));
    assert_eq!(ann.get("/api/my/team").await.1["seats"]["limit"], 40, "the limit is the contract's at once");
    let (_, body) = patch(json!({"state": "cancelled"})).await;
    assert_eq!((&body["subscription_tier"], &body["previous_tier"]), (&"free".into(), &"business".into()));

    let (_, log) = root.get(&format!("/api/admin/audit-log?account_id={}", ann.account)).await;
    let rows = log["items"].as_array().unwrap();
    let actions: Vec<_> = rows.iter().map(|row| row["action"].as_str().unwrap()).collect();
    let expected = [
        "tier.changed",
        "account.state_changed",
        "global_delivery.changed",
        "overrides.changed",
        "tier.changed",
    ];
    assert_eq!(actions, expected);
    assert!(rows.iter().all(|row| row["actor_id"] == root.user.as_str() && row["actor"] == "user"));
    assert_eq!(rows[4]["details"], json!({"from": "free", "to": "business", "reason": "contract 7"}));
    let own = format!("/api/admin/accounts/{}", root.account);
    refused(&root.send(Method::PATCH, &own, json!({"state": "suspended"})).await, 403, "forbidden");
    town.system.assert_no_errors_logged();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_account_is_refused_everywhere() {
    let town = Town::start().await;
    let root = town.owner("root@example.com", Tier::Free, true).await;
    let ann = town.owner("ann@example.com", Tier::Pro, false).await;
    let (_, key) = ann.key("laptop").await;
    let path = format!("/api/admin/accounts/{}", ann.account);
    let suspend = json!({"state": "suspended", "reason": "fraud"});
    assert_eq!(root.send(Method::PATCH, &path, suspend).await.0, 200);
    for path in
        ["/api/my/keys", "/api/my/team", "/api/my/sessions", "/api/my/accounts", "/api/admin/accounts"]
    {
        refused(&ann.get(path).await, 403, "account_suspended");
    }
    let by_key = Client::new(town.system.base(), Some(key));
    let job = "/api/v1/jobs/00000000-0000-7000-8000-000000000000";
    refused(&answer(by_key.get(job).await).await, 403, "account_suspended");
    refused(
        &answer(by_key.request(Method::POST, "/api/optimize").send().await.unwrap()).await,
        403,
        "account_suspended",
    );
    refused(&town.log_in("ann@example.com", PASSWORD).await, 403, "account_suspended");
    refused(
        &town.post("/api/auth/refresh", json!({"refresh_token": ann.refresh})).await,
        403,
        "account_suspended",
    );
    assert_eq!(root.send(Method::PATCH, &path, json!({"state": "active"})).await.0, 200);
    assert_eq!(ann.get("/api/my/keys").await.0, 200, "sessions go on");
    assert_eq!(town.post("/api/auth/refresh", json!({"refresh_token": ann.refresh})).await.0, 200);
    refused(&answer(by_key.get(job).await).await, 404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_stopped_told_of_by_mail_and_let_go() {
    let town = Town::start().await;
    let root = town.owner("root@example.com", Tier::Free, true).await;
    let ann = town.owner("ann@example.com", Tier::Pro, false).await;
    let (id, key) = ann.key("laptop").await;
    let (_, other) = ann.key("server").await;
    let path = format!("/api/admin/keys/{id}/suspend");
    refused(&root.send(Method::POST, &path, json!({"reason": " "})).await, 400, "invalid_request");
    let (status, body) = root.send(Method::POST, &path, json!({"reason": "it was published"})).await;
    assert_eq!((status, &body["suspended_reason"]), (200, &"it was published".into()), "{body}");
    let job = "/api/v1/jobs/00000000-0000-7000-8000-000000000000";
    let status = |key: &str| {
        let client = Client::new(town.system.base(), Some(key.to_owned()));
        async move { answer(client.get(job).await).await }
    };
    refused(&status(&key).await, 403, "key_suspended");
    refused(&status(&other).await, 404, "not_found");
    town.letter("ann@example.com", "it was published", 1).await;
    assert_eq!(
        root.send(Method::POST, &format!("/api/admin/keys/{id}/reactivate"), Value::Null).await.0,
        200
    );
    refused(&status(&key).await, 404, "not_found");
    town.letter("ann@example.com", "works again", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_for_operators_are_closed_to_everybody_else() {
    let town = Town::start().await;
    let root = town.owner("root@example.com", Tier::Pro, true).await;
    let helper = town.colleague(&root, "helper@example.com", "member").await;
    let ann = town.owner("ann@example.com", Tier::Pro, false).await;
    let id = ann.account;
    let routes = [
        (Method::GET, "/api/admin/accounts".to_owned()),
        (Method::GET, format!("/api/admin/accounts/{id}")),
        (Method::PATCH, format!("/api/admin/accounts/{id}")),
        (Method::POST, format!("/api/admin/keys/{id}/suspend")),
        (Method::POST, format!("/api/admin/keys/{id}/reactivate")),
        (Method::GET, "/api/admin/audit-log".to_owned()),
        (Method::GET, "/api/admin/access-requests".to_owned()),
        (Method::POST, format!("/api/admin/access-requests/{id}/handled")),
    ];
    for (method, path) in routes {
        for person in [&helper, &ann] {
            let answer = person.send(method.clone(), &path, Value::Null).await;
            refused(&answer, 403, "forbidden");
        }
        let nobody = town.system.anonymous().request(method, &path).send().await.unwrap();
        assert_eq!(nobody.status(), 401, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_asked_for_with_or_without_a_session() {
    let town = Town::start().await;
    let root = town.owner("root@example.com", Tier::Free, true).await;
    let ann = town.owner("ann@example.com", Tier::Free, false).await;
    let asked =
        json!({"plan": "scale", "email": "bob@example.com", "name": "Bob", "message": "many\nimages"});
    assert_eq!(town.post("/api/access-requests", asked.clone()).await.0, 201);
    assert_eq!(ann.send(Method::POST, "/api/access-requests", asked.clone()).await.0, 201);
    for (field, value) in [
        ("plan", json!("gold")),
        ("email", json!("bob")),
        ("name", json!("a\r\nBcc: x@example.com")),
        ("message", json!("x".repeat(5_000))),
    ] {
        let mut bad = asked.clone();
        bad[field] = value;
        let (status, body) = town.post("/api/access-requests", bad).await;
        assert_eq!((status, &body["field"]), (400, &field.into()), "{body}");
    }
    let stranger = Person { access: format!("{}x", ann.access), ..ann.clone() };
    refused(&stranger.send(Method::POST, "/api/access-requests", asked).await, 401, "unauthorized");
    town.letter("sales@optimagio.example", "bob@example.com", 2).await;
    let (_, page) = root.get("/api/admin/access-requests").await;
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    assert_eq!(page["items"][0]["account_id"], json!(ann.account));
    let path = format!("/api/admin/access-requests/{}/handled", page["items"][0]["id"].as_str().unwrap());
    assert_eq!(root.send(Method::POST, &path, Value::Null).await.0, 204);
    refused(&root.send(Method::POST, &path, Value::Null).await, 404, "not_found");
    let (_, page) = root.get("/api/admin/access-requests?limit=1").await;
    assert_eq!(page["items"][0]["handled_at"], Value::Null);
}

/// The operator's part at the command line, against the same database.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_does_the_operators_part() {
    let town = Town::start().await;
    let plans = tempfile::NamedTempFile::new().unwrap();
    let text = domain::plan::PlanCatalogue::shipped("default").unwrap();
    std::fs::write(plans.path(), text.replacen("api_keys = 1\n", "api_keys = 2\n", 1)).unwrap();
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_optimagio"));
        command.args(args).env_clear().envs(town.system.settings.pairs());
        let output = command.env("PLAN_CATALOGUE", plans.path()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(serde_json::from_str::<Value>(&text).unwrap()) } else { Err(errors) }
    };
    let who = "ops@example.com";
    assert_eq!(run(&["account", "create", "--email", who]).unwrap()["subscription_tier"], "free");
    let key = run(&["key", "create", "--account", who, "--label", "one"]).unwrap();
    run(&["key", "create", "--account", who, "--label", "two"]).expect("the plans of PLAN_CATALOGUE");
    assert!(run(&["key", "create", "--account", who, "--label", "three"]).unwrap_err().contains("limit"));
    assert_eq!(run(&["account", "set-tier", who, "enterprise"]).unwrap()["subscription_tier"], "business");
    assert!(run(&["account", "set-tier", who, "gold"]).unwrap_err().contains("scale"));
    let limited = run(&["account", "set-limit", who, "monthly_images", "7"]).unwrap();
    assert_eq!(limited["overrides"], json!({"monthly_images": 7}));
    run(&["account", "set-limit", who, "api_keys", "none"]).unwrap();
    let limited = run(&["account", "set-limit", who, "monthly_images", "plan"]).unwrap();
    assert_eq!(limited["overrides"], json!({"api_keys": null}));
    assert!(
        run(&["account", "set-limit", who, "monthly_image", "7"]).unwrap_err().contains("monthly_images")
    );
    let suspended = run(&["account", "suspend", who, "--reason", "unpaid"]).unwrap();
    assert_eq!((&suspended["state"], &suspended["reason"]), (&"suspended".into(), &"unpaid".into()));
    assert_eq!(run(&["account", "reactivate", who]).unwrap()["state"], "active");
    assert_eq!(run(&["account", "list", "--search", "ops@"]).unwrap()["total"], 1);

    let id = key["id"].as_str().unwrap();
    let stop = run(&["key", "suspend", "--account", who, id, "--reason", "leaked"]).unwrap();
    assert_eq!(stop["suspended_reason"], "leaked");
    town.letter(who, "leaked", 1).await;
    assert_eq!(run(&["key", "reactivate", "--account", who, id]).unwrap()["suspended_at"], Value::Null);
    assert_eq!(run(&["key", "set-rate", "--account", who, id, "9"]).unwrap()["rate_per_minute"], 9);
    assert_eq!(
        run(&["key", "set-rate", "--account", who, id, "plan"]).unwrap()["rate_per_minute"],
        Value::Null
    );
    run(&["account", "create", "--email", "other@example.com"]).unwrap();
    assert!(run(&["key", "suspend", "--account", "other@example.com", id, "--reason", "x"]).is_err());
    let account = run(&["account", "show", who]).unwrap()["id"].as_str().unwrap().parse().unwrap();
    let log = town.system.store.audit_log(Some(account), None, 50).await.unwrap();
    assert!(log.iter().all(|row| row.actor == "operator"), "{log:?}");
    assert_eq!(log.len(), 10, "{log:?}");
}
