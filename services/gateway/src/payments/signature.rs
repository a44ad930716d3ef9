//! Stripe's signature scheme: `Stripe-Signature: t=UNIX,v1=HEX[,v1=HEX…]`, HMAC-SHA256 over `{t}.{body}`
//! (<https://docs.stripe.com/webhooks#verify-manually>).

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// How old or how far in the future a notice may be: the tolerance of Stripe's own libraries.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Whether `body` was signed with `secret` about `now`.
pub(super) fn is_valid(header: &str, body: &[u8], secret: &str, now: DateTime<Utc>) -> bool {
    let mut timestamp = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", value)) if timestamp.is_none() => timestamp = Some(value),
            Some(("v1", value)) => signatures.extend(hex::decode(value).ok()),
            _ => {}
        }
    }
    let Some(timestamp) = timestamp else { return false };
    let Some(at) = timestamp.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0)) else {
        return false;
    };
    if (now - at).abs() > TOLERANCE {
        return false;
    }
    signatures.iter().any(|signature| {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
        mac.update(timestamp.as_bytes());
        mac.update(b".");
        mac.update(body);
        // In constant time.
        mac.verify_slice(signature).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_test";

    fn sign(at: i64, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(format!("{at}.").as_bytes());
        mac.update(body);
        format!("t={at},v1={}", hex::encode(mac.finalize().into_bytes()))
    }

    #[test]
    fn only_a_fresh_signature_of_this_body_counts() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let good = sign(now.timestamp(), b"{}");
        assert!(is_valid(&good, b"{}", SECRET, now));
        assert!(is_valid(&format!("{good},v1=00ff"), b"{}", SECRET, now), "one of several");
        assert!(!is_valid(&good, b"{} ", SECRET, now));
        assert!(!is_valid(&good, b"{}", "whsec_other", now));
        for seconds in [301, -301] {
            assert!(!is_valid(&good, b"{}", SECRET, now + TimeDelta::seconds(seconds)));
        }
        assert!(is_valid(&good, b"{}", SECRET, now + TimeDelta::seconds(299)));
        for broken in ["", "t=", "v1=00", "t=x,v1=00", "t=1800000000", "t=99999999999999999999,v1=00"] {
            assert!(!is_valid(broken, b"{}", SECRET, now), "{broken}");
        }
        let later = good.replace("t=1800000000", "t=1800000001");
        assert!(!is_valid(&later, b"{}", SECRET, now), "the timestamp is signed too");
    }
}
