use std::fmt;

use domain::{AccountId, ImageId, Sha256Hash};

/// The key of an object. Its `Display` is the only place that formats one; rows of the database keep the
/// text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKey {
    /// A source: `sources/{account}/{sha256}`. The same bytes of one account are one object.
    Source {
        /// The owner.
        account: AccountId,
        /// SHA-256 of the bytes.
        sha256: Sha256Hash,
    },
    /// A result: `results/{account}/{image_id}`. A second attempt of a job writes the same object.
    Result {
        /// The owner.
        account: AccountId,
        /// The public identity.
        image_id: ImageId,
    },
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source { account, sha256 } => write!(f, "sources/{account}/{sha256}"),
            Self::Result { account, image_id } => write!(f, "results/{account}/{image_id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_never_change_their_form() {
        let account: AccountId = "01920000-0000-7000-8000-000000000001".parse().unwrap();
        let source = ObjectKey::Source { account, sha256: Sha256Hash([0xab; 32]) };
        let expected = format!("sources/01920000-0000-7000-8000-000000000001/{}", "ab".repeat(32));
        assert_eq!(source.to_string(), expected);
        let id = "v2-00112233445566778899aabbccddeeff-cauto-w0000-h0000-avif-exiffalse";
        let result = ObjectKey::Result { account, image_id: id.parse().unwrap() };
        assert_eq!(result.to_string(), format!("results/01920000-0000-7000-8000-000000000001/{id}"));
    }
}
