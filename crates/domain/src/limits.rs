//! Numbers that the published API states and that do not depend on the plan.

/// Longest edge of an input in pixels (`max_dimensions` of `/public/formats`).
pub const MAX_INPUT_EDGE: u32 = 10_000;
/// Most pixels of an input, all frames counted: 10,000 × 10,000 (RELIABILITY F7, F8).
pub const MAX_INPUT_PIXELS: u64 = 100_000_000;
/// Most frames of an animation; libnsgif silently stops at 4,097 (RELIABILITY F8).
pub const MAX_FRAMES: u32 = 1_000;
/// Longest requested edge of an output in pixels.
pub const MAX_OUTPUT_EDGE: u32 = 8_000;
/// Most scans of a progressive JPEG (RELIABILITY F7).
pub const MAX_JPEG_SCANS: u32 = 100;
/// Largest download of a source by URL in bytes, before the plan's own limit.
pub const MAX_URL_SOURCE_BYTES: u64 = 50_000_000;
/// Default cap of a synchronous request body in bytes.
pub const DEFAULT_SYNC_BODY_BYTES: u64 = 10_000_000;
/// Longest source URL in bytes.
pub const MAX_URL_BYTES: usize = 2_048;
