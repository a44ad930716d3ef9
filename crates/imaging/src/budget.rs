use domain::SourceFormat;

/// Bytes of memory that one job may need, from the header's pixel count (width × height × frames).
#[must_use]
pub fn memory_budget_bytes(pixels: u64, format: SourceFormat) -> u64 {
    let per_pixel = match format {
        SourceFormat::Gif | SourceFormat::WebP => 60,
        _ => 50,
    };
    pixels.saturating_mul(per_pixel).saturating_add(64_000_000)
}
