//! Checked ways between columns and domain types.

use std::collections::BTreeMap;
use std::str::FromStr;

use domain::Sha256Hash;
use serde_json::Value;

use crate::StoreError;

/// A number into another integer type; `what` names the column in the error.
pub(crate) fn number<T, U: TryFrom<T>>(what: &'static str, value: T) -> Result<U, StoreError> {
    U::try_from(value).map_err(|_| StoreError::Corrupt { what })
}

/// A stored name into its enum.
pub(crate) fn named<T: FromStr>(what: &'static str, text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt { what })
}

/// 32 stored bytes.
pub(crate) fn digest(what: &'static str, bytes: Vec<u8>) -> Result<Sha256Hash, StoreError> {
    bytes.try_into().map(Sha256Hash).map_err(|_| StoreError::Corrupt { what })
}

/// A JSON object of texts.
pub(crate) fn text_map(what: &'static str, value: Value) -> Result<BTreeMap<String, String>, StoreError> {
    serde_json::from_value(value).map_err(|_| StoreError::Corrupt { what })
}

/// The same as JSON. Header values come from other servers: a NUL there must not fail the write.
pub(crate) fn json_map(map: &BTreeMap<String, String>) -> Value {
    map.iter().map(|(key, value)| (without_nul(key), Value::String(without_nul(value)))).collect()
}

/// Refuses a text that PostgreSQL cannot hold.
pub(crate) fn storable(what: &'static str, text: &str) -> Result<(), StoreError> {
    if text.contains('\0') { Err(StoreError::InvalidText { what }) } else { Ok(()) }
}

/// The text with every NUL replaced by U+FFFD, for texts whose loss would be worse than their change.
pub(crate) fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_do_not_fit_are_corrupt() {
        assert_eq!(number::<i64, u64>("x", 7).unwrap(), 7);
        assert!(matches!(number::<i64, u64>("x", -1), Err(StoreError::Corrupt { what: "x" })));
        assert!(number::<u64, i64>("x", u64::MAX).is_err());
        assert!(number::<u32, i32>("x", u32::MAX).is_err());
    }

    #[test]
    fn a_hash_of_another_length_is_corrupt() {
        assert!(digest("x", vec![0; 31]).is_err());
        assert!(digest("x", vec![0; 32]).is_ok());
    }

    #[test]
    fn nul_never_reaches_the_server() {
        let map = BTreeMap::from([("a\0".to_owned(), "b\0c".to_owned())]);
        assert_eq!(json_map(&map).to_string(), "{\"a\u{fffd}\":\"b\u{fffd}c\"}");
        assert!(storable("x", "a\0b").is_err());
    }
}
