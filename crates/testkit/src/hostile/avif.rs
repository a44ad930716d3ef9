use super::{Attack, INVALID, TOO_LARGE, UNSUPPORTED, attack};

/// Attacks made from a valid AVIF of one AV1 item.
pub(super) fn attacks(good: &[u8]) -> Vec<Attack> {
    let sized = |edge: u32| overwritten(good, b"ispe", 8, &[edge.to_be_bytes(), edge.to_be_bytes()].concat());
    let item = |kind: &[u8; 4]| overwritten(good, b"av01", 0, kind);
    let cut = good.get(..good.len() * 9 / 10).unwrap_or_default().to_vec();
    let brand = |kind: &[u8; 4]| [b"\0\0\0\x14ftyp", &kind[..], &[0; 4], kind].concat();
    vec![
        attack("T13", "cut.avif", INVALID, cut),
        attack("T23", "declares_16384x16384.avif", TOO_LARGE, sized(16_384)),
        attack("T23", "declares_4294967295x4294967295.avif", TOO_LARGE, sized(u32::MAX)),
        attack("T23", "declares_10000x10000.avif", INVALID, sized(10_000)),
        attack("T23", "declares_1x1.avif", INVALID, sized(1)),
        attack("T23", "brand_only.avif", INVALID, b"\0\0\0\x14ftypavif\0\0\0\0mif1".to_vec()),
        attack("T24", "hevc_item.avif", UNSUPPORTED, item(b"hvc1")),
        attack("T24", "vvc_item.avif", UNSUPPORTED, item(b"vvc1")),
        attack("T24", "jpeg_item.avif", UNSUPPORTED, item(b"jpeg")),
        attack("T24", "jpeg_2000_item.avif", UNSUPPORTED, item(b"j2k1")),
        attack("T24", "animated.avif", UNSUPPORTED, brand(b"avis")),
        attack("T24", "heic.avif", UNSUPPORTED, brand(b"heic")),
        attack("T24", "vvc.avif", UNSUPPORTED, brand(b"vvic")),
        attack("T24", "video.avif", UNSUPPORTED, brand(b"isom")),
    ]
}

/// `file` with `bytes` written over it, `behind` the end of the first `mark` less the mark itself.
fn overwritten(file: &[u8], mark: &[u8; 4], behind: usize, bytes: &[u8]) -> Vec<u8> {
    let mut out = file.to_vec();
    if let Some(found) = file.windows(4).position(|window| window == mark) {
        out.splice(found + behind..found + behind + bytes.len(), bytes.iter().copied());
    }
    out
}
