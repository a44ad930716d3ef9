use std::fmt;

use rand::{CryptoRng, Rng};
use sha2::{Digest, Sha256};

const PREFIX: &str = "opt_";
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 30 symbols of 62 are 178 random bits: more than the 160 that are asked for.
const RANDOM_CHARS: usize = 30;
/// 62^6 is just above 2^32.
const CHECKSUM_CHARS: usize = 6;
const CHECKSUM_START: usize = PREFIX.len() + RANDOM_CHARS;
const SHOWN_CHARS: usize = 12;

/// A text that is no API key or token of ours: wrong prefix, length, alphabet or checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a key or token of ours")]
pub struct Malformed;

/// An API key: `opt_`, 30 random base-62 symbols, and the CRC-32 of all that as 6 base-62 symbols.
///
/// The form is that of GitHub's tokens ("Behind GitHub's new authentication token formats", 2021): the
/// prefix lets secret scanners find a leaked key, the checksum refuses a mistyped or invented one without
/// a look into the database. The checksum is no secret and proves nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// The length of every key in bytes.
    pub const LENGTH: usize = CHECKSUM_START + CHECKSUM_CHARS;

    /// A new key with 178 bits from `rng`.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut text = String::with_capacity(Self::LENGTH);
        text.push_str(PREFIX);
        text.extend((0..RANDOM_CHARS).map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())])));
        let sum = checksum(&text);
        text.extend(sum.map(char::from));
        Self(text)
    }

    /// Reads a key as it was sent; nothing is trimmed.
    ///
    /// # Errors
    /// [`Malformed`] for anything that [`ApiKey::generate`] cannot have made.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let bytes = text.as_bytes();
        let valid = bytes.len() == Self::LENGTH
            && bytes.starts_with(PREFIX.as_bytes())
            && bytes[PREFIX.len()..].iter().all(u8::is_ascii_alphanumeric)
            && bytes[CHECKSUM_START..] == checksum(&text[..CHECKSUM_START]);
        if valid { Ok(Self(text.to_owned())) } else { Err(Malformed) }
    }

    /// Whether `text` claims to be an API key, well-formed or not.
    #[must_use]
    pub(crate) fn claims(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// SHA-256 of the whole text: what is stored and looked up. A fast hash is enough for 178 random bits.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// The first 12 characters, by which its owner recognises a key in a list. They leave 130 bits unknown.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.0[..SHOWN_CHARS]
    }

    /// The key itself: for the one answer that shows it to its owner.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(redacted)")
    }
}

fn checksum(text: &str) -> [u8; CHECKSUM_CHARS] {
    let mut rest = crc32fast::hash(text.as_bytes()) as usize;
    let mut digits = [0; CHECKSUM_CHARS];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[rest % ALPHABET.len()];
        rest /= ALPHABET.len();
    }
    digits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn key(seed: u64) -> ApiKey {
        ApiKey::generate(&mut StdRng::seed_from_u64(seed))
    }

    #[test]
    fn a_key_has_the_documented_form() {
        let key = key(1);
        assert_eq!(key.expose().len(), 40);
        assert_eq!(key.prefix(), &key.expose()[..12]);
        assert!(key.prefix().starts_with("opt_"));
        assert_eq!(format!("{key:?}"), "ApiKey(redacted)");
        assert_eq!(key.hash(), <[u8; 32]>::from(Sha256::digest(key.expose())));
    }

    /// The checksum of a fixed text never changes: keys that were handed out must stay valid.
    #[test]
    fn the_checksum_is_pinned() {
        let text = "opt_000000000000000000000000000000";
        assert_eq!(crc32fast::hash(b"123456789"), 0xCBF4_3926, "the standard check value of CRC-32");
        let full = format!("{text}{}", std::str::from_utf8(&checksum(text)).unwrap());
        assert_eq!(full, "opt_0000000000000000000000000000000PpfSz");
        assert!(ApiKey::parse(&full).is_ok());
    }

    #[test]
    fn all_symbols_occur() {
        let mut rng = StdRng::seed_from_u64(7);
        let drawn: String = (0..200).map(|_| ApiKey::generate(&mut rng).expose()[4..34].to_owned()).collect();
        assert!(ALPHABET.iter().all(|symbol| drawn.contains(char::from(*symbol))));
    }

    #[test]
    fn near_misses_are_refused() {
        let good = key(2).expose().to_owned();
        let bad = [
            String::new(),
            "opt_".to_owned(),
            format!("{good} "),
            format!(" {good}"),
            format!("{good}\0"),
            good[..39].to_owned(),
            good.to_uppercase(),
            good.replacen("opt_", "OPT_", 1),
            good.replacen("opt_", "opk_", 1),
            format!("{}é", &good[..38]),
            "x".repeat(10_000_000),
        ];
        for text in bad {
            assert_eq!(
                ApiKey::parse(&text),
                Err(Malformed),
                "{:?}",
                &text.chars().take(50).collect::<String>()
            );
        }
    }

    proptest! {
        #[test]
        fn every_generated_key_parses(seed: u64) {
            let key = key(seed);
            prop_assert_eq!(ApiKey::parse(key.expose()), Ok(key));
        }

        /// CRC-32 finds every change of one symbol: a burst of at most 8 bits.
        #[test]
        fn one_changed_symbol_is_refused(seed: u64, at in 4_usize..40, symbol in 0_usize..62) {
            let mut bytes = key(seed).expose().as_bytes().to_vec();
            prop_assume!(bytes[at] != ALPHABET[symbol]);
            bytes[at] = ALPHABET[symbol];
            prop_assert_eq!(ApiKey::parse(std::str::from_utf8(&bytes).unwrap()), Err(Malformed));
        }

        #[test]
        fn any_text_is_handled(text in "(opt_)?\\PC{0,60}") {
            prop_assert!(ApiKey::parse(&text).is_err());
        }
    }
}
