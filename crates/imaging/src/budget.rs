use domain::SourceFormat;

/// Memory of the process itself: code, libvips, encoder tables.
const BASE_BYTES: u64 = 64_000_000;

/// Most bytes that a pixel costs on its way: AVIF through libaom is the dearest of our encoders.
///
/// Peak resident memory of one job in a fresh process, less 30 MB for the process, per pixel (36 megapixels
/// RGB from a BMP of 3 bytes a pixel; 3.1 megapixels from a JPEG): libaom 44 and 46, cgif 17 and 37, jpegli 18
/// and 16, libwebp 17 and 12, oxipng 8 to 18. Alpha adds one byte a pixel to the picture, two to its planes
/// and a second, monochrome encoding after the first.
const BYTES_PER_PIXEL: u64 = 60;

/// Bytes of memory that one job may need, from the header's pixel count (width × height × frames), whatever the
/// source's format, because any of them may become AVIF: 64 MB, and for every pixel what encoding takes; scoring
/// takes less, once the encoder is done. The source itself is not counted: it is held once by the caller and once by
/// libvips. A process that has done many large jobs keeps up to half as much again in its allocator, so recycle
/// it.
///
/// Animations are estimated, not measured: 12 bytes a pixel of all frames for three copies of the decoded
/// strip, and one frame at a time in the encoder.
#[must_use]
pub const fn memory_budget_bytes(pixels: u64, format: SourceFormat) -> u64 {
    let most = match format {
        SourceFormat::Jpeg
        | SourceFormat::Png
        | SourceFormat::WebP
        | SourceFormat::Gif
        | SourceFormat::Avif
        | SourceFormat::Tiff
        | SourceFormat::Bmp => pixels.saturating_mul(BYTES_PER_PIXEL),
    };
    most.saturating_add(BASE_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_covers_what_was_measured() {
        assert!(memory_budget_bytes(36_000_000, SourceFormat::Bmp) >= 1_594_000_000);
        assert!(memory_budget_bytes(3_100_000, SourceFormat::Jpeg) >= 172_000_000);
        assert_eq!(memory_budget_bytes(u64::MAX, SourceFormat::Png), u64::MAX);
    }
}
