//! Session tokens against forged ones (RELIABILITY T81, T82): every token here is built by hand, so that
//! a mistake of the library that signs cannot hide a mistake of the one that verifies.

#![cfg(test)]

use auth::{AuthError, Config, Session, Sessions};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{AccountId, SessionId, UserId};
use hmac::{Hmac, Mac};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

const SECRET: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn sessions() -> Sessions {
    let pairs = [("JWT_SECRET", SECRET)];
    Sessions::new(&Config::read(&mut settings::Reader::from_pairs(pairs))).unwrap()
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn session() -> Session {
    Session {
        user_id: UserId(Uuid::from_u128(6)),
        account_id: AccountId(Uuid::from_u128(7)),
        session_id: SessionId(Uuid::from_u128(8)),
    }
}

fn claims() -> Value {
    let start = now().timestamp();
    json!({
        "iss": "optimagio", "aud": "optimagio-api", "typ": "access",
        "sub": session().user_id, "acc": session().account_id, "sid": session().session_id,
        "iat": start, "nbf": start, "exp": start + 900, "jti": Uuid::from_u128(9),
    })
}

fn plain_header() -> Value {
    json!({"typ": "JWT", "alg": "HS256"})
}

fn sign(header: &Value, claims: &str) -> String {
    sign_with(&hex::decode(SECRET).unwrap(), header, claims)
}

fn sign_with(key: &[u8], header: &Value, claims: &str) -> String {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let input = format!("{}.{}", encode(&header.to_string()), encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

fn with(name: &str, value: Value) -> Value {
    let mut changed = claims();
    changed[name] = value;
    changed
}

fn verify(token: &str) -> Result<auth::Session, AuthError> {
    sessions().verify_access(token, now())
}

#[test]
fn a_token_built_by_hand_and_an_issued_one_are_accepted() {
    assert_eq!(verify(&sign(&plain_header(), &claims().to_string())).unwrap(), session());
    let token = sessions().issue_access(session(), now()).unwrap();
    assert_eq!(verify(&token.token).unwrap(), session());
    assert_eq!(token.expires_at, now() + TimeDelta::minutes(15));
    assert!(!format!("{token:?}").contains(&token.token[..20]));
}

/// A token of one kind is never taken for the other (T82).
#[test]
fn access_and_refresh_tokens_are_not_exchangeable() {
    let id = Uuid::from_u128(11);
    let refresh = sessions().issue_refresh(session(), id, now()).unwrap();
    assert_eq!(refresh.expires_at, now() + TimeDelta::days(30));
    assert_eq!(refresh.expires_at, sessions().session_end(now()));
    let read = sessions().verify_refresh(&refresh.token, now()).unwrap();
    assert_eq!((read.session, read.refresh_id), (session(), id));
    assert!(matches!(verify(&refresh.token), Err(AuthError::Claim("type"))));
    let access = sessions().issue_access(session(), now()).unwrap();
    let confused = sessions().verify_refresh(&access.token, now());
    assert!(matches!(confused, Err(AuthError::Claim("type"))));
    let relabelled = sign(&plain_header(), &with("typ", json!("refresh")).to_string());
    assert!(sessions().verify_refresh(&relabelled, now()).is_ok(), "only the type differed");
    let late = sessions().verify_refresh(&refresh.token, now() + TimeDelta::days(31));
    assert!(matches!(late, Err(AuthError::Expired)));
    let mut long = with("typ", json!("refresh"));
    long["exp"] = json!((now() + TimeDelta::days(31)).timestamp());
    let long = sessions().verify_refresh(&sign(&plain_header(), &long.to_string()), now());
    assert!(matches!(long, Err(AuthError::LivesTooLong)));
}

/// The public half of an asymmetric key, or nothing, as HMAC key: algorithm confusion (T81).
#[test]
fn signatures_with_a_key_that_everybody_knows_are_refused() {
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
    let text = claims().to_string();
    for key in [pem.as_bytes(), b"", b"secret", SECRET.as_bytes(), &[0; 32]] {
        let forged = sign_with(key, &plain_header(), &text);
        assert!(matches!(verify(&forged), Err(AuthError::Unverified(_))));
    }
    let good = sign(&plain_header(), &text);
    let mut parts = good.split('.');
    let (_, body) = (parts.next(), parts.next().unwrap());
    for alg in ["none", "None", "nOnE"] {
        let header = URL_SAFE_NO_PAD.encode(json!({"typ": "JWT", "alg": alg}).to_string());
        assert!(verify(&format!("{header}.{body}.")).is_err(), "{alg} without a signature");
    }
}

#[test]
fn headers_that_choose_an_algorithm_or_a_key_are_refused() {
    let text = claims().to_string();
    for alg in ["none", "None", "nOnE", "NONE", "RS256", "ES256", "EdDSA", "HS384", "HS512", "hs256", ""] {
        assert!(verify(&sign(&json!({"typ": "JWT", "alg": alg}), &text)).is_err(), "alg {alg}");
    }
    let extras = [
        ("kid", json!("../../dev/null")),
        ("kid", json!("' OR 1=1 --")),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/cert")),
        ("jwk", json!({"kty": "oct", "k": "AAAA", "alg": "HS256"})),
        ("x5c", json!(["AAAA"])),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
    ];
    for (name, value) in extras {
        let mut header = plain_header();
        header[name] = value;
        assert!(verify(&sign(&header, &text)).is_err(), "header {name}");
    }
    assert!(verify(&sign(&json!({"alg": "HS256"}), &text)).is_err(), "no typ");
    assert!(verify(&sign(&json!({"typ": "at+jwt", "alg": "HS256"}), &text)).is_err(), "another typ");
}

#[test]
fn broken_signatures_are_refused() {
    let good = sign(&plain_header(), &claims().to_string());
    let (input, signature) = good.rsplit_once('.').unwrap();
    let other = sign(&plain_header(), &with("jti", json!(Uuid::from_u128(10))).to_string());
    let foreign = other.rsplit_once('.').unwrap().1;
    let short = &signature[..20];
    for bad in ["", "AAAA", short, foreign] {
        assert!(verify(&format!("{input}.{bad}")).is_err(), "signature {bad:?}");
    }
    for bad in ["", ".", "..", "a.b", "a.b.c", input, &good.repeat(20), &format!("{good}.{good}")] {
        assert!(verify(bad).is_err());
    }
}

#[test]
fn claims_of_another_kind_party_or_type_are_refused() {
    let wrong = [
        ("iss", json!("evil")),
        ("aud", json!("another-api")),
        ("aud", json!(["optimagio-api", "another-api"])),
        ("typ", json!("refresh")),
        ("typ", json!("admin")),
        ("sub", json!("not a uuid")),
        ("sub", json!("' OR 1=1 --")),
        ("acc", json!("not a uuid")),
        ("sid", json!(null)),
        ("sid", json!(["00000000-0000-0000-0000-000000000008"])),
        ("exp", json!("1800000900")),
        ("exp", json!(1_800_000_900.5)),
        ("exp", json!(1e20)),
        ("exp", json!(i64::MAX)),
        ("exp", json!(i64::MIN)),
        ("exp", json!(-1)),
        ("nbf", json!(i64::MAX)),
        ("iat", json!(i64::MAX)),
    ];
    for (name, value) in wrong {
        let shown = value.to_string();
        assert!(verify(&sign(&plain_header(), &with(name, value).to_string())).is_err(), "{name} = {shown}");
    }
    for name in ["iss", "aud", "sub", "acc", "sid", "typ", "iat", "nbf", "exp", "jti"] {
        let mut missing = claims();
        missing.as_object_mut().unwrap().remove(name);
        assert!(verify(&sign(&plain_header(), &missing.to_string())).is_err(), "no {name}");
    }
    let doubled = claims().to_string().replacen('{', "{\"exp\":1800000901,", 1);
    assert!(verify(&sign(&plain_header(), &doubled)).is_err(), "exp twice");
}

#[test]
fn times_are_judged_with_thirty_seconds_of_leeway() {
    let start = now().timestamp();
    let result = |name: &str, at: i64| verify(&sign(&plain_header(), &with(name, json!(at)).to_string()));
    assert!(result("exp", start - 29).is_ok());
    assert!(matches!(result("exp", start - 30), Err(AuthError::Expired)));
    assert!(result("exp", start + 930).is_ok());
    assert!(matches!(result("exp", start + 931), Err(AuthError::LivesTooLong)));
    for name in ["nbf", "iat"] {
        assert!(result(name, start + 30).is_ok());
        assert!(matches!(result(name, start + 31), Err(AuthError::NotYetValid)), "{name}");
    }
}

#[test]
fn another_key_verifies_nothing() {
    let pairs = [("JWT_SECRET", SECRET.replace('0', "f"))];
    let other = Sessions::new(&Config::read(&mut settings::Reader::from_pairs(pairs))).unwrap();
    let token = other.issue_access(session(), now()).unwrap().token;
    assert!(matches!(verify(&token), Err(AuthError::Unverified(_))));
    assert!(!format!("{other:?}").contains("f1"));
}

proptest! {
    #[test]
    fn a_token_is_valid_exactly_during_its_life(offset in -2_000_i64..4_000) {
        let token = sessions().issue_access(session(), now()).unwrap().token;
        let valid = sessions().verify_access(&token, now() + TimeDelta::seconds(offset)).is_ok();
        prop_assert_eq!(valid, (-30..930).contains(&offset));
    }

    #[test]
    fn one_changed_byte_is_refused(at in 0_usize..420, byte in prop::sample::select(b"Aab0_-.".as_slice())) {
        let good = sign(&plain_header(), &claims().to_string());
        let mut bytes = good.clone().into_bytes();
        prop_assume!(at < bytes.len() && bytes[at] != byte);
        bytes[at] = byte;
        prop_assert!(verify(std::str::from_utf8(&bytes).unwrap()).is_err());
    }

    #[test]
    fn any_text_is_handled(text in "\\PC{0,200}") {
        prop_assert!(verify(&text).is_err());
    }
}
