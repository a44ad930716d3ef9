use domain::SourceFormat;

const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
const AVIF_BRAND: &[u8] = b"\0\0\0\x14ftypavif\0\0\0\0mif1";

/// `bytes` with what stands in the way of every mutation put right: the signature that makes them a file
/// of `format`, the checksums of a PNG and the length of a RIFF. What lies behind such a gate would hardly
/// ever be reached otherwise.
pub fn repaired(format: SourceFormat, bytes: &[u8]) -> Vec<u8> {
    match format {
        SourceFormat::Jpeg => signed(b"\xff\xd8\xff", bytes),
        SourceFormat::Png => with_checksums(signed(PNG_SIGNATURE, bytes)),
        SourceFormat::WebP => with_riff_length(bytes),
        SourceFormat::Gif if bytes.starts_with(b"GIF87a") => bytes.to_vec(),
        SourceFormat::Gif => signed(b"GIF89a", bytes),
        SourceFormat::Avif if bytes.get(4..8) == Some(b"ftyp") => bytes.to_vec(),
        SourceFormat::Avif => [AVIF_BRAND, bytes].concat(),
        SourceFormat::Tiff => signed(b"II*\0", bytes),
        SourceFormat::Bmp => signed(b"BM", bytes),
    }
}

/// `bytes` with `signature` over its start.
fn signed(signature: &[u8], bytes: &[u8]) -> Vec<u8> {
    [signature, bytes.get(signature.len()..).unwrap_or_default()].concat()
}

fn with_checksums(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut at = PNG_SIGNATURE.len();
    while let Some([a, b, c, d]) = bytes.get(at..at + 4) {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        let (payload, end) = (at + 4, at + 8 + length);
        let Some(checksum) = bytes.get(payload..end).map(crc32fast::hash) else { break };
        let Some(slot) = bytes.get_mut(end..end + 4) else { break };
        slot.copy_from_slice(&checksum.to_be_bytes());
        at = end + 4;
    }
    bytes
}

fn with_riff_length(bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len().max(12) - 8;
    let body = bytes.get(12..).unwrap_or_default();
    [b"RIFF", &(length as u32).to_le_bytes()[..], b"WEBP", body].concat()
}
