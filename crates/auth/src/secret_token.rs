use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::CryptoRng;
use sha2::{Digest, Sha256};

use crate::Malformed;

const BYTES: usize = 32;

/// A secret that works once: the link of a mail, an invitation, leave for one mutation. 32 random bytes, written in
/// the URL-safe base-64 alphabet without padding. Only its SHA-256 is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretToken(String);

impl SecretToken {
    /// The length of every token in bytes.
    pub const LENGTH: usize = 43;

    /// A new token with 256 bits from `rng`.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = [0; BYTES];
        rng.fill_bytes(&mut bytes);
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a token as it was sent; nothing is trimmed.
    ///
    /// # Errors
    /// [`Malformed`] for anything that [`SecretToken::generate`] cannot have made.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let fits = text.len() == Self::LENGTH
            && URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == BYTES);
        if fits { Ok(Self(text.to_owned())) } else { Err(Malformed) }
    }

    /// SHA-256 of the text: what is stored and looked up.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// The token itself: for the one letter or answer that carries it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretToken(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    proptest! {
        #[test]
        fn every_generated_token_parses_and_no_two_are_one(seed: u64) {
            let mut rng = StdRng::seed_from_u64(seed);
            let (one, two) = (SecretToken::generate(&mut rng), SecretToken::generate(&mut rng));
            prop_assert_eq!(SecretToken::parse(one.expose()), Ok(one.clone()));
            prop_assert_ne!(one.hash(), two.hash());
            let shown = format!("{one:?}");
            prop_assert!(!shown.contains(one.expose()));
        }

        #[test]
        fn any_text_is_handled(text in "\\PC{0,60}") {
            prop_assert!(SecretToken::parse(&text).is_err() || text.len() == SecretToken::LENGTH);
        }
    }

    #[test]
    fn near_misses_are_refused() {
        let good = SecretToken::generate(&mut StdRng::seed_from_u64(1)).expose().to_owned();
        for bad in
            ["", &good[1..], &format!("{good}="), &format!("{good} "), &good.replacen(&good[..1], "+", 1)]
        {
            assert!(SecretToken::parse(bad).is_err(), "{bad:?}");
        }
    }
}
