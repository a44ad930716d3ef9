//! EXIF payloads: a small classic TIFF file (TIFF 6.0 section 2, Exif 2.3 section 4.6).

mod ifd;
mod rebuild;

pub(crate) use ifd::orientation;
pub use rebuild::upright_exif;

/// Largest EXIF payload in bytes that is read or written: what fits into one JPEG segment (65535) beside
/// its length field (2) and the prefix `Exif\0\0` (6).
pub const MAX_EXIF_BYTES: usize = 65_527;

/// Number of the orientation tag in IFD0.
const ORIENTATION: u16 = 0x0112;

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A payload with orientation `value`, a camera name, an Exif IFD with an exposure time, and an IFD1
    /// whose thumbnail reads `THUMBNAIL`.
    pub(crate) fn sample(value: u16, little: bool) -> Vec<u8> {
        let n16 = |v: u16| if little { v.to_le_bytes() } else { v.to_be_bytes() };
        let n32 = |v: u32| if little { v.to_le_bytes() } else { v.to_be_bytes() };
        let mut out = if little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
        let entry = |out: &mut Vec<u8>, tag: u16, kind: u16, count: u32, value: [u8; 4]| {
            out.extend(n16(tag));
            out.extend(n16(kind));
            out.extend(n32(count));
            out.extend(value);
        };
        let short = |v: u16| {
            let [a, b] = n16(v);
            [a, b, 0, 0]
        };
        out.extend(n32(8));
        out.extend(n16(4));
        entry(&mut out, 0x010f, 2, 10, n32(62));
        entry(&mut out, ORIENTATION, 3, 1, short(value));
        entry(&mut out, 0x02bc, 1, 3, *b"XMP\0");
        entry(&mut out, 0x8769, 4, 1, n32(72));
        out.extend(n32(98));
        out.extend(b"CameraInc\0");
        out.extend(n16(1));
        entry(&mut out, 0x829a, 5, 1, n32(90));
        out.extend(n32(0));
        out.extend(n32(1));
        out.extend(n32(125));
        assert_eq!(out.len(), 98);
        out.extend(n16(2));
        entry(&mut out, 0x0201, 4, 1, n32(128));
        entry(&mut out, 0x0202, 4, 1, n32(9));
        out.extend(n32(0));
        assert_eq!(out.len(), 128);
        out.extend(b"THUMBNAIL");
        out
    }

    fn contains(haystack: &[u8], needle: &[u8]) -> bool {
        haystack.windows(needle.len()).any(|window| window == needle)
    }

    #[test]
    fn upright_keeps_the_camera_and_drops_the_rest() {
        for little in [true, false] {
            let payload = sample(6, little);
            assert_eq!(orientation(&payload), 6);
            let upright = upright_exif(&payload).unwrap();
            assert_eq!(orientation(&upright), 1);
            assert!(contains(&upright, b"CameraInc"));
            assert!(contains(&upright, &if little { 125_u32.to_le_bytes() } else { 125_u32.to_be_bytes() }));
            assert!(!contains(&upright, b"THUMBNAIL"));
            assert!(!contains(&upright, b"XMP"));
            assert!(upright.len() < payload.len());
            assert_eq!(upright_exif(&upright), Some(upright.clone()), "idempotent");
        }
    }

    #[test]
    fn an_orientation_out_of_range_is_one() {
        for value in [0, 9, 65_535] {
            assert_eq!(orientation(&sample(value, true)), 1);
        }
        for value in 1..=8 {
            assert_eq!(u16::from(orientation(&sample(value, false))), value);
        }
        assert_eq!(orientation(b"II*\0"), 1);
    }

    #[test]
    fn loops_and_lying_counts_are_hopeless() {
        let mut looping = sample(1, true);
        looping[54..58].copy_from_slice(&8_u32.to_le_bytes());
        assert_eq!(upright_exif(&looping), None, "the Exif IFD is IFD0 itself");
        let mut huge = sample(1, true);
        huge[14..18].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(upright_exif(&huge), None);
        assert_eq!(upright_exif(&vec![0; MAX_EXIF_BYTES + 1]), None);
    }

    proptest! {
        #[test]
        fn damage_never_panics(at in 0_usize..137, with in any::<[u8; 4]>(), little in any::<bool>()) {
            let mut payload = sample(3, little);
            for (offset, byte) in with.into_iter().enumerate() {
                if let Some(target) = payload.get_mut(at + offset) {
                    *target = byte;
                }
            }
            if let Some(upright) = upright_exif(&payload) {
                prop_assert!(upright.len() <= MAX_EXIF_BYTES);
                prop_assert_eq!(orientation(&upright), 1);
                prop_assert_eq!(upright_exif(&upright), Some(upright.clone()));
            }
        }

        #[test]
        fn noise_never_panics(payload in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut tiff = b"MM\0*".to_vec();
            tiff.extend(payload);
            let _ = upright_exif(&tiff);
            prop_assert!((1..=8).contains(&orientation(&tiff)));
        }
    }
}
