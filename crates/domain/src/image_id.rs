use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::{AccountId, Compression, Edge, OptimizeParams, OptionsTag, RequestedFormat, Sha256Hash};

/// The server's secret behind every image id. Without it an id cannot be computed from the image.
#[derive(Clone)]
pub struct ImageIdSecret(Vec<u8>);

impl ImageIdSecret {
    /// Least length in bytes.
    pub const MIN_BYTES: usize = 32;

    /// Checks the length.
    ///
    /// # Errors
    /// A message with the least length.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, String> {
        let bytes = bytes.into();
        if bytes.len() < Self::MIN_BYTES {
            return Err(format!("must hold at least {} bytes, not {}", Self::MIN_BYTES, bytes.len()));
        }
        Ok(Self(bytes))
    }
}

impl fmt::Debug for ImageIdSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ImageIdSecret(redacted)")
    }
}

/// The keyed hash of (account, source bytes): 128 bits of HMAC-SHA256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentTag([u8; 16]);

impl ContentTag {
    /// HMAC-SHA256(secret, account ‖ SHA-256 of the source), cut to 128 bits.
    #[must_use]
    pub fn of(secret: &ImageIdSecret, account: AccountId, source: Sha256Hash) -> Self {
        #[allow(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret.0).expect("any key length");
        mac.update(account.0.as_bytes());
        mac.update(&source.0);
        let full: [u8; 32] = mac.finalize().into_bytes().into();
        let mut tag = [0; 16];
        tag.copy_from_slice(&full[..16]);
        Self(tag)
    }
}

/// The public identity of a result, and a capability: who knows it may read the image.
///
/// Grammar: `v2-{32 hex}-c{compression}-w{0000}-h{0000}-{format}-exif{true|false}`; `0000` means that no
/// width or height was given. Further options add `-o{8 hex}`. The same image with the same parameters in the
/// same account has the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ImageId {
    /// The keyed hash of account and source.
    pub tag: ContentTag,
    /// The effective request.
    pub params: OptimizeParams,
    /// The fingerprint of further options.
    pub options: Option<OptionsTag>,
}

impl fmt::Display for ImageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let params = &self.params;
        write!(
            f,
            "v2-{}-c{}-w{:04}-h{:04}-{}-exif{}",
            hex::encode(self.tag.0),
            params.compression,
            params.width.map_or(0, Edge::pixels),
            params.height.map_or(0, Edge::pixels),
            params.format,
            params.keep_exif,
        )?;
        match self.options {
            Some(OptionsTag(tag)) => write!(f, "-o{}", hex::encode(tag)),
            None => Ok(()),
        }
    }
}

/// A text that is no image id. Says nothing about which part is wrong: ids are capabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an image id")]
pub struct ImageIdError;

impl FromStr for ImageId {
    type Err = ImageIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or(ImageIdError)
    }
}

fn parse(text: &str) -> Option<ImageId> {
    let mut parts = text.strip_prefix("v2-")?.split('-');
    let tag = parse_hex::<16>(parts.next()?)?;
    let compression: Compression = parts.next()?.strip_prefix('c')?.parse().ok()?;
    let width = parse_edge(parts.next()?.strip_prefix('w')?)?;
    let height = parse_edge(parts.next()?.strip_prefix('h')?)?;
    let format = parts.next()?;
    let format: RequestedFormat = if format == "jpg" { None } else { format.parse().ok() }?;
    let keep_exif = match parts.next()? {
        "exiftrue" => true,
        "exiffalse" => false,
        _ => return None,
    };
    let options = match parts.next() {
        Some(part) => Some(OptionsTag(parse_hex::<4>(part.strip_prefix('o')?)?)),
        None => None,
    };
    if parts.next().is_some() {
        return None;
    }
    let params = OptimizeParams { compression, width, height, format, keep_exif };
    Some(ImageId { tag: ContentTag(tag), params, options })
}

/// Lower-case digits only: a result has one id.
fn parse_hex<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if digits.bytes().any(|b| b.is_ascii_uppercase()) {
        return None;
    }
    hex::decode_to_slice(digits, &mut bytes).ok()?;
    Some(bytes)
}

/// `0000` is "not given"; otherwise exactly four digits.
#[allow(clippy::option_option, reason = "outer: is it well-formed; inner: is an edge given")]
fn parse_edge(text: &str) -> Option<Option<Edge>> {
    if text.len() != 4 {
        return None;
    }
    if text == "0000" {
        return Some(None);
    }
    text.parse().ok().map(Some)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secret() -> ImageIdSecret {
        ImageIdSecret::new(vec![7; 32]).unwrap()
    }

    fn params() -> impl Strategy<Value = OptimizeParams> {
        let edge = || prop::option::of((1_u32..=8000).prop_map(|px| Edge::new(px).unwrap()));
        let compression = prop::sample::select(Compression::ALL.to_vec());
        let format = prop::sample::select(vec![
            RequestedFormat::Auto,
            RequestedFormat::Jpeg,
            RequestedFormat::Png,
            RequestedFormat::WebP,
            RequestedFormat::Gif,
            RequestedFormat::Avif,
        ]);
        (compression, edge(), edge(), format, any::<bool>()).prop_map(
            |(compression, width, height, format, keep_exif)| OptimizeParams {
                compression,
                width,
                height,
                format,
                keep_exif,
            },
        )
    }

    proptest! {
        #[test]
        fn every_id_parses_back(
            params in params(), options in prop::option::of(any::<[u8; 4]>()),
            source in any::<[u8; 32]>(), account in any::<u128>(),
        ) {
            let account = AccountId(uuid::Uuid::from_u128(account));
            let tag = ContentTag::of(&secret(), account, Sha256Hash(source));
            let id = ImageId { tag, params, options: options.map(OptionsTag) };
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,120}") {
            let _ = text.parse::<ImageId>();
        }
    }

    #[test]
    fn the_shape_is_the_documented_one() {
        let account = AccountId(uuid::Uuid::from_u128(1));
        let params = OptimizeParams {
            compression: Compression::Max,
            width: Edge::new(1920).ok(),
            height: Edge::new(80).ok(),
            format: RequestedFormat::Jpeg,
            keep_exif: true,
        };
        let tag = ContentTag::of(&secret(), account, Sha256Hash::of(b"image"));
        let id = ImageId { tag, params, options: None }.to_string();
        assert!(id.starts_with("v2-"), "{id}");
        assert!(id.ends_with("-cmax-w1920-h0080-jpeg-exiftrue"), "{id}");
        assert_eq!(id.len(), "v2-".len() + 32 + "-cmax-w1920-h0080-jpeg-exiftrue".len());
    }

    #[test]
    fn another_account_or_secret_gives_another_tag() {
        let source = Sha256Hash::of(b"image");
        let one = AccountId(uuid::Uuid::from_u128(1));
        let two = AccountId(uuid::Uuid::from_u128(2));
        let other = ImageIdSecret::new(vec![8; 32]).unwrap();
        let tag = ContentTag::of(&secret(), one, source);
        assert_ne!(tag, ContentTag::of(&secret(), two, source));
        assert_ne!(tag, ContentTag::of(&other, one, source));
    }

    #[test]
    fn forged_ids_are_refused() {
        let good = "v2-00112233445566778899aabbccddeeff-cauto-w0000-h0000-webp-exiffalse";
        assert!(good.parse::<ImageId>().is_ok());
        assert!(format!("{good}-o0123abcd").parse::<ImageId>().is_ok());
        for bad in [
            "v2-../../etc/passwd",
            "v2-00112233445566778899AABBCCDDEEFF-cauto-w0000-h0000-webp-exiffalse",
            "v2-0011-cauto-w0000-h0000-webp-exiffalse",
            "v2-00112233445566778899aabbccddeeff-cauto-w0000-h0000-jpg-exiffalse",
            "v2-00112233445566778899aabbccddeeff-cauto-w9000-h0000-webp-exiffalse",
            "v2-00112233445566778899aabbccddeeff-cauto-w0000-h0000-webp-exiffalse-o1",
            "v2-00112233445566778899aabbccddeeff-cauto-w0000-h0000-webp-exiffalse-o0123abcd-o0123abcd",
            "v2-00112233445566778899aabbccddeeff-cauto-w0000-h0000-webp-exiffalse-o0123ABCD",
            "v1-00112233445566778899aabbccddeeff-cauto-w0000-h0000-webp-exiffalse",
            "",
        ] {
            assert!(bad.parse::<ImageId>().is_err(), "{bad}");
        }
    }
}
