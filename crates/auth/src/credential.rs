use std::fmt;

use crate::{ApiKey, MAX_TOKEN_BYTES};

/// What a request proves itself with.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A well-formed API key; whether it exists is for the store to say.
    ApiKey(ApiKey),
    /// A text in the form of a JWT; whether it is valid is for [`crate::Sessions`] to say.
    Session(String),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ApiKey(_) => "Credential::ApiKey(redacted)",
            Self::Session(_) => "Credential::Session(redacted)",
        })
    }
}

/// Why the credential headers cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// Two well-formed credentials that differ.
    #[error("X-API-Key and Authorization carry different credentials; send one of them")]
    Ambiguous,
    /// Neither a key nor a token: answered like an unknown one, without a look into the database.
    #[error("the credentials are malformed")]
    Malformed,
}

impl Credential {
    /// Reads the values of `X-API-Key` (an API key) and `Authorization` (`Bearer` with an API key or a
    /// session token). No header is no credential; the same key in both is one credential.
    ///
    /// # Errors
    /// [`CredentialError::Malformed`] if either header cannot be used, else
    /// [`CredentialError::Ambiguous`] if they differ.
    pub fn from_headers(
        x_api_key: Option<&[u8]>,
        authorization: Option<&[u8]>,
    ) -> Result<Option<Self>, CredentialError> {
        let key = x_api_key.map(key).transpose()?;
        let bearer = authorization.map(bearer).transpose()?;
        match (key, bearer) {
            (Some(one), Some(other)) if one != other => Err(CredentialError::Ambiguous),
            (key, bearer) => Ok(key.or(bearer)),
        }
    }
}

fn key(value: &[u8]) -> Result<Credential, CredentialError> {
    let text = std::str::from_utf8(value).map_err(|_| CredentialError::Malformed)?;
    ApiKey::parse(text).map(Credential::ApiKey).map_err(|_| CredentialError::Malformed)
}

/// RFC 9110, 11.4: the scheme's name is case-insensitive and one or more spaces follow it.
fn bearer(value: &[u8]) -> Result<Credential, CredentialError> {
    let text = std::str::from_utf8(value).map_err(|_| CredentialError::Malformed)?;
    let (scheme, rest) = text.split_once(' ').ok_or(CredentialError::Malformed)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(CredentialError::Malformed);
    }
    let token = rest.trim_start_matches(' ');
    if ApiKey::claims(token) {
        key(token.as_bytes())
    } else if looks_like_jwt(token) {
        Ok(Credential::Session(token.to_owned()))
    } else {
        Err(CredentialError::Malformed)
    }
}

/// Three segments of the URL-safe base-64 alphabet, none of them empty (an empty signature is how
/// `alg: none` is written).
fn looks_like_jwt(text: &str) -> bool {
    let segment = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    text.len() <= MAX_TOKEN_BYTES && text.split('.').count() == 3 && text.split('.').all(segment)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn api_key(seed: u64) -> ApiKey {
        ApiKey::generate(&mut StdRng::seed_from_u64(seed))
    }

    fn read(
        x_api_key: Option<&str>,
        authorization: Option<&str>,
    ) -> Result<Option<Credential>, CredentialError> {
        Credential::from_headers(x_api_key.map(str::as_bytes), authorization.map(str::as_bytes))
    }

    #[test]
    fn each_header_alone_and_the_same_key_twice() {
        let key = api_key(1);
        let text = key.expose();
        let expected = Ok(Some(Credential::ApiKey(key.clone())));
        assert_eq!(read(None, None), Ok(None));
        assert_eq!(read(Some(text), None), expected);
        for scheme in ["Bearer ", "bearer ", "BEARER   "] {
            assert_eq!(read(None, Some(&format!("{scheme}{text}"))), expected);
        }
        assert_eq!(read(Some(text), Some(&format!("Bearer {text}"))), expected);
        assert_eq!(read(None, Some("Bearer aa.bb.cc")), Ok(Some(Credential::Session("aa.bb.cc".into()))));
    }

    #[test]
    fn two_different_credentials_are_ambiguous() {
        let (one, other) = (api_key(1), api_key(2));
        let bearer = format!("Bearer {}", other.expose());
        assert_eq!(read(Some(one.expose()), Some(&bearer)), Err(CredentialError::Ambiguous));
        assert_eq!(read(Some(one.expose()), Some("Bearer aa.bb.cc")), Err(CredentialError::Ambiguous));
    }

    #[test]
    fn malformed_headers_are_refused() {
        let key = api_key(1);
        let text = key.expose();
        let padded = format!("{text} ");
        for bad in ["", " ", "opt_", "aa.bb.cc", &padded] {
            assert_eq!(read(Some(bad), None), Err(CredentialError::Malformed), "{bad:?}");
            assert_eq!(read(Some(bad), Some(&format!("Bearer {text}"))), Err(CredentialError::Malformed));
        }
        let long = format!("Bearer aa.bb.{}", "c".repeat(10_000_000));
        let basic = format!("Basic {text}");
        for bad in
            ["", "Bearer", "Bearer ", text, &basic, "Bearer aa.bb.", "Bearer a.b", "Bearer a.b.c.d", &long]
        {
            let shown = &bad[..bad.len().min(40)];
            assert_eq!(read(None, Some(bad)), Err(CredentialError::Malformed), "{shown:?}");
        }
        assert_eq!(Credential::from_headers(Some(&[0xFF; 40]), None), Err(CredentialError::Malformed));
        assert_eq!(Credential::from_headers(None, Some(b"Bearer \xFF")), Err(CredentialError::Malformed));
    }

    #[test]
    fn credentials_do_not_print() {
        let key = api_key(1);
        let shown =
            format!("{:?} {:?}", Credential::ApiKey(key.clone()), Credential::Session("aa.bb.cc".into()));
        assert!(!shown.contains(&key.expose()[4..12]) && !shown.contains("aa.bb"), "{shown}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_handled(one: Option<Vec<u8>>, two: Option<Vec<u8>>) {
            let found = Credential::from_headers(one.as_deref(), two.as_deref());
            prop_assert_eq!(found == Ok(None), one.is_none() && two.is_none());
        }
    }
}
