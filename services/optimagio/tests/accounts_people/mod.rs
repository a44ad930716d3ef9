//! People with a browser and a mailbox.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::path::PathBuf;

use domain::{AccountId, Clock, SystemClock, Tier};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use store::NewAccount;
use tempfile::TempDir;

use crate::system::{Client, SOON, System};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A system that writes its mails to a directory, and lets one address try as often as a test does.
pub(crate) struct Town {
    pub(crate) system: System,
    mails: TempDir,
}

impl Town {
    pub(crate) async fn start() -> Self {
        let mails = tempfile::tempdir().unwrap();
        let settings = testkit::settings().await;
        let settings = settings
            .with("AUTH_ATTEMPTS_PER_MINUTE", "10000")
            .with("EDGE_BAD_CREDENTIALS_PER_MINUTE", "10000")
            .with("PUBLIC_BASE_URL", "https://img.example.com/")
            .with("MAIL_DIRECTORY", mails.path().to_str().unwrap());
        Self { system: System::with(settings).await, mails }
    }

    /// A request without credentials.
    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        answer(self.system.anonymous().request(Method::POST, path).json(&body).send().await.unwrap()).await
    }

    /// The letters to an address, the oldest first.
    pub(crate) fn letters(&self, to: &str) -> Vec<String> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(self.mails.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "eml"))
            .collect();
        files.sort();
        let texts = files.iter().map(|path| std::fs::read_to_string(path).unwrap());
        texts.filter(|text| text.contains(&format!("To: {to}\r\n"))).collect()
    }

    /// The newest letter to an address with these words, once it is there and there are `count` of them.
    pub(crate) async fn letter(&self, to: &str, words: &str, count: usize) -> String {
        let mut found = Vec::new();
        testkit::wait_until(SOON, format!("letter {count} to {to} with {words:?}"), async || {
            found = self.letters(to);
            found.retain(|text| text.contains(words));
            found.len() >= count
        })
        .await;
        found.pop().unwrap()
    }

    /// The secret in that letter.
    pub(crate) async fn token(&self, to: &str, page: &str, count: usize) -> String {
        let start = format!("https://img.example.com/{page}?token=");
        let letter = self.letter(to, &start, count).await;
        letter.split(&start).nth(1).unwrap().split_whitespace().next().unwrap().to_owned()
    }

    pub(crate) async fn sign_up(&self, email: &str) -> Person {
        let (status, body) =
            self.post("/api/auth/signup", json!({"email": email, "password": PASSWORD})).await;
        assert_eq!(status, 201, "{body}");
        Person::new(&self.system, &body)
    }

    pub(crate) async fn log_in(&self, email: &str, password: &str) -> (u16, Value) {
        self.post("/api/auth/login", json!({"email": email, "password": password})).await
    }

    /// The owner of a new account in this tier.
    pub(crate) async fn owner(&self, email: &str, tier: Tier, is_admin: bool) -> Person {
        let password_hash = Some(auth::hash_password(PASSWORD).unwrap());
        let new = NewAccount { email: email.to_owned(), password_hash, tier, is_admin };
        self.system.store.create_account(new, SystemClock.now()).await.unwrap();
        let (status, body) = self.log_in(email, PASSWORD).await;
        assert_eq!(status, 200, "{body}");
        Person::new(&self.system, &body)
    }

    /// A person who has accepted an invitation of `owner`.
    pub(crate) async fn colleague(&self, owner: &Person, email: &str, role: &str) -> Person {
        let invitation = json!({"email": email, "role": role});
        let (status, body) = owner.send(Method::POST, "/api/my/team/invitations", invitation).await;
        assert_eq!(status, 201, "{body}");
        let token = self.token(email, "invitation", 1).await;
        let (status, body) =
            self.post("/api/team/accept", json!({"token": token, "password": PASSWORD})).await;
        assert_eq!(status, 200, "{body}");
        Person::new(&self.system, &body["session"])
    }
}

/// Somebody with a session.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) client: Client,
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) account: AccountId,
    pub(crate) user: String,
}

impl Person {
    pub(crate) fn new(system: &System, session: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{session}")).to_owned();
        Self {
            client: system.anonymous(),
            access: text(&session["access_token"]),
            refresh: text(&session["refresh_token"]),
            account: text(&session["account"]["id"]).parse().unwrap(),
            user: text(&session["user"]["id"]),
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, path).header("Authorization", format!("Bearer {}", self.access))
    }

    /// A request with a JSON body; none where it is null.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.request(method, path);
        let request = if body.is_null() { request } else { request.json(&body) };
        answer(request.send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.send(Method::GET, path, Value::Null).await
    }

    pub(crate) async fn delete(&self, path: &str) -> (u16, Value) {
        self.send(Method::DELETE, path, Value::Null).await
    }

    /// A fresh intent.
    pub(crate) async fn intent(&self, action: &str, object: &str) -> String {
        let (status, body) =
            self.send(Method::POST, "/api/my/intents", json!({"action": action, "object": object})).await;
        assert_eq!(status, 201, "{body}");
        body["intent"].as_str().unwrap().to_owned()
    }

    /// A request with an intent.
    pub(crate) async fn with_intent(&self, method: Method, path: &str, intent: &str) -> (u16, Value) {
        answer(self.request(method, path).header("X-Action-Intent", intent).send().await.unwrap()).await
    }

    /// A new key: its id and its secret.
    pub(crate) async fn key(&self, label: &str) -> (String, String) {
        let (status, body) = self.send(Method::POST, "/api/my/keys", json!({"label": label})).await;
        assert_eq!(status, 201, "{body}");
        (body["id"].as_str().unwrap().to_owned(), body["key"].as_str().unwrap().to_owned())
    }
}

/// Status and JSON body; null where there is none.
pub(crate) async fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    if text.is_empty() {
        return (status, Value::Null);
    }
    (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON in {status}: {text:?}")))
}

/// Asserts an error with its status.
#[track_caller]
pub(crate) fn refused(answer: &(u16, Value), status: u16, error: &str) {
    assert_eq!((answer.0, &answer.1["error"]), (status, &Value::from(error)), "{}", answer.1);
}
