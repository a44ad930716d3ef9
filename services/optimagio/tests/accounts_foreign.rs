//! Two tenants: what belongs to another answers like what never existed (RELIABILITY R19), and every bad session
//! token gets the same answer (R18).

#![cfg(test)]

mod accounts_people;
mod system;

use accounts_people::{Person, Town, answer, refused};
use domain::{JobId, Tier};
use reqwest::Method;
use serde_json::{Value, json};
use system::Client;

/// Status, headers and body without what differs between any two answers.
async fn whole(person: &Person, method: Method, path: &str, body: &Value, intent: Option<&str>) -> String {
    let mut request = person.request(method, path);
    if !body.is_null() {
        request = request.json(body);
    }
    if let Some(intent) = intent {
        request = request.header("X-Action-Intent", intent);
    }
    whole_of(request.send().await.unwrap()).await
}

async fn whole_of(response: reqwest::Response) -> String {
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let mut kept: Vec<_> = response
        .headers()
        .iter()
        .filter(|(name, _)| {
            !["date", "x-request-id"].contains(&name.as_str()) && !name.as_str().contains("ratelimit")
        })
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    kept.sort();
    let status = response.status();
    let body = response.text().await.unwrap().replace(&id, "ID");
    format!("{status}\n{}\n{body}", kept.join("\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_another_account_answers_like_what_never_existed() {
    let town = Town::start().await;
    let mine = town.owner("mine@example.com", Tier::Pro, false).await;
    let theirs = town.owner("theirs@example.com", Tier::Pro, false).await;
    let member = town.colleague(&theirs, "member@example.com", "member").await;
    let (key, _) = theirs.key("theirs").await;
    let invitation = json!({"email": "new@example.com", "role": "member"});
    let (_, invited) = theirs.send(Method::POST, "/api/my/team/invitations", invitation).await;
    let invited = invited["id"].as_str().unwrap().to_owned();
    let (_, sessions) = theirs.get("/api/my/sessions").await;
    let session = sessions["items"][0]["id"].as_str().unwrap().to_owned();
    let role = json!({"role": "admin"});
    let routes = [
        (Method::DELETE, "/api/my/keys/{id}", key.clone(), Value::Null),
        (Method::PATCH, "/api/my/keys/{id}", key, json!({"label": "stolen"})),
        (Method::DELETE, "/api/my/sessions/{id}", session, Value::Null),
        (Method::DELETE, "/api/my/team/invitations/{id}", invited.clone(), Value::Null),
        (Method::POST, "/api/my/team/invitations/{id}/resend", invited, Value::Null),
        (Method::PATCH, "/api/my/team/members/{id}", member.user.clone(), role),
        (Method::DELETE, "/api/my/team/members/{id}", member.user.clone(), Value::Null),
    ];
    for (method, path, id, body) in routes {
        let mut seen = Vec::new();
        for id in [id, JobId::generate().to_string()] {
            let intent = match path.contains("members") && method == Method::DELETE {
                true => Some(mine.intent("team.remove", &id).await),
                false => None,
            };
            let path = path.replace("{id}", &id);
            seen.push(whole(&mine, method.clone(), &path, &body, intent.as_deref()).await);
        }
        assert!(seen[0].starts_with("404"), "{method} {path}: {}", seen[0]);
        assert_eq!(seen[0], seen[1], "{method} {path}");
        let malformed = path.replace("{id}", "not-an-id");
        let malformed = whole(&mine, method.clone(), &malformed, &body, None).await;
        assert_eq!(seen[0], malformed, "{method} {path}");
    }
    for account in [theirs.account.to_string(), JobId::generate().to_string()] {
        let body = json!({ "account_id": account });
        let answer = mine.send(Method::POST, "/api/auth/switch", body).await;
        assert_eq!((answer.0, &answer.1["error"]), (404, &"not_found".into()));
    }
    assert_eq!(
        member.get("/api/my/team").await.1["members"].as_array().unwrap().len(),
        2,
        "nothing happened"
    );
    assert_eq!(theirs.get("/api/my/keys").await.1["items"][0]["label"], "theirs");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_session_token_gets_the_same_answer() {
    let town = Town::start().await;
    let ann = town.sign_up("ann@example.com").await;
    let ended = town.sign_up("bob@example.com").await;
    assert_eq!(ended.send(Method::POST, "/api/auth/logout", Value::Null).await.0, 204);
    let mut parts = ann.access.split('.');
    let (header, body, signature) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    // {"typ":"JWT","alg":"none"}, and another signature.
    let none = "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0";
    let other = signature.chars().rev().collect::<String>();
    let unknown = auth::ApiKey::generate(&mut rand::rng()).expose().to_owned();
    let bad = [
        String::new(),
        "x".to_owned(),
        format!("{header}.{body}"),
        format!("{header}.{body}."),
        format!("{none}.{body}."),
        format!("{none}.{body}.{signature}"),
        format!("{header}.{body}.{other}"),
        format!("{header}.{}.{signature}", ended.access.split('.').nth(1).unwrap()),
        "x.".repeat(3_000),
        ann.refresh.clone(),
        ended.access.clone(),
        unknown,
    ];
    let (mut seen, mut refreshed) = (Vec::new(), Vec::new());
    for token in bad {
        let person = Person { access: token, ..ann.clone() };
        for path in ["/api/my/keys", "/api/my/team", "/api/admin/accounts"] {
            seen.push(whole(&person, Method::GET, path, &Value::Null, None).await);
        }
        let body = json!({ "refresh_token": person.access });
        if person.access != ann.refresh {
            let refresh = town.system.anonymous().request(Method::POST, "/api/auth/refresh").json(&body);
            refreshed.push(whole_of(refresh.send().await.unwrap()).await);
        }
    }
    let missing = town.system.anonymous().get("/api/my/keys").await;
    seen.push(whole_of(missing).await);
    for mut answers in [seen, refreshed] {
        answers.sort();
        answers.dedup();
        assert_eq!(answers.len(), 1, "{}", answers.join("\n---\n"));
        assert!(answers[0].starts_with("401"), "{}", answers[0]);
    }
}

/// T83: each kind of credential opens its own routes only.
#[tokio::test(flavor = "multi_thread")]
async fn keys_open_no_route_of_people_and_sessions_none_of_keys() {
    let town = Town::start().await;
    let ann = town.sign_up("ann@example.com").await;
    let (_, key) = ann.key("laptop").await;
    let by_key = Client::new(town.system.base(), Some(key));
    for path in
        ["/api/my/keys", "/api/my/team", "/api/my/sessions", "/api/my/accounts", "/api/admin/accounts"]
    {
        refused(&answer(by_key.get(path).await).await, 403, "forbidden");
    }
    let intents = by_key.request(Method::POST, "/api/my/intents").json(&json!({}));
    refused(&answer(intents.send().await.unwrap()).await, 403, "forbidden");
    let job = "/api/v1/jobs/00000000-0000-7000-8000-000000000000";
    refused(&ann.get(job).await, 403, "forbidden");
}

/// T96: nobody makes themselves more than they are by sending more than was asked for.
#[tokio::test(flavor = "multi_thread")]
async fn members_that_were_not_asked_for_are_refused() {
    let town = Town::start().await;
    let ann = town.owner("ann@example.com", Tier::Pro, false).await;
    let person = json!({"email": "bob@example.com", "password": "correct horse battery"});
    let routes = [
        (Method::POST, "/api/auth/signup", person.clone()),
        (Method::POST, "/api/auth/login", person),
        (Method::POST, "/api/my/keys", json!({"label": "x"})),
        (Method::PATCH, "/api/my/keys/00000000-0000-7000-8000-000000000000", json!({"label": "x"})),
        (Method::POST, "/api/my/team/invitations", json!({"email": "bob@example.com", "role": "member"})),
        (Method::POST, "/api/my/intents", json!({"action": "team.remove", "object": "x"})),
        (Method::POST, "/api/access-requests", json!({"plan": "scale", "email": "bob@example.com"})),
    ];
    for (method, path, body) in routes {
        for (name, value) in [
            ("subscription_tier", json!("scale")),
            ("tier", json!("scale")),
            ("is_admin", json!(true)),
            ("user_id", json!(ann.user)),
            ("email_verified_at", json!("2026-01-01T00:00:00Z")),
        ] {
            let mut more = body.clone();
            more[name] = value;
            let answer = ann.send(method.clone(), path, more).await;
            refused(&answer, 400, "invalid_request");
            assert!(answer.1["message"].as_str().unwrap().contains(name), "{path}: {}", answer.1);
        }
    }
    assert!(town.system.store.account_by_email("bob@example.com").await.unwrap().is_none());
}
