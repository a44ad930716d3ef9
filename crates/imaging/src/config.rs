use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use crate::{ImagingError, vips};

/// Which AV1 encoder makes AVIF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AvifEncoder {
    /// libaom: smaller files at the same quality and six times faster than rav1e.
    #[default]
    Aom,
    /// rav1e: pure Rust.
    Rav1e,
}

impl fmt::Display for AvifEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aom => "aom",
            Self::Rav1e => "rav1e",
        })
    }
}

impl FromStr for AvifEncoder {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "aom" => Ok(Self::Aom),
            "rav1e" => Ok(Self::Rav1e),
            _ => Err(format!("must be aom or rav1e, not {text:?}")),
        }
    }
}

/// How this process decodes and encodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodecConfig {
    /// The AV1 encoder.
    pub avif_encoder: AvifEncoder,
    /// Threads of libvips and of each encoder, at least 1. Several jobs side by side use the cores better
    /// than several threads in one job.
    pub threads: usize,
}

impl Default for CodecConfig {
    fn default() -> Self {
        Self { avif_encoder: AvifEncoder::default(), threads: 1 }
    }
}

impl CodecConfig {
    /// Reads `AVIF_ENCODER` and `CODEC_THREADS`.
    pub fn read(reader: &mut settings::Reader) -> Self {
        let default = Self::default();
        let avif_encoder = reader.or(
            "AVIF_ENCODER",
            default.avif_encoder,
            "The AV1 encoder for AVIF results: aom or rav1e.",
        );
        let threads = reader.or(
            "CODEC_THREADS",
            default.threads,
            "Threads of one image job; 1 to 64, 1 suits a server.",
        );
        if !(1..=64).contains(&threads) {
            reader.fail("CODEC_THREADS", "must be a whole number from 1 to 64");
        }
        Self { avif_encoder, threads: threads.clamp(1, 64) }
    }
}

static STARTED: OnceLock<CodecConfig> = OnceLock::new();

/// Starts libvips with its untrusted loaders blocked and its operation cache off, and bounds the threads
/// of every encoder. Must run once per process before [`crate::optimize`]; a second call changes nothing
/// (libvips itself cannot be started twice).
///
/// # Errors
/// [`ImagingError::Start`] if libvips cannot be initialised.
pub fn start(config: &CodecConfig) -> Result<(), ImagingError> {
    if STARTED.get().is_some() {
        return Ok(());
    }
    vips::start(config.threads)?;
    // Fails only if the process already has a global pool, whose size is then its own choice.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(config.threads).build_global();
    let _ = STARTED.set(*config);
    Ok(())
}

/// The configuration that [`start`] was called with.
pub(crate) fn started() -> Result<&'static CodecConfig, ImagingError> {
    STARTED.get().ok_or(ImagingError::NotStarted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_defaults_and_limits() {
        let mut reader = settings::Reader::from_pairs(Vec::<(String, String)>::new());
        assert_eq!(CodecConfig::read(&mut reader), CodecConfig::default());
        let mut reader = settings::Reader::from_pairs([("AVIF_ENCODER", "rav1e"), ("CODEC_THREADS", "4")]);
        let config = CodecConfig::read(&mut reader);
        assert_eq!(config, CodecConfig { avif_encoder: AvifEncoder::Rav1e, threads: 4 });
        let mut reader = settings::Reader::from_pairs([("AVIF_ENCODER", "x265"), ("CODEC_THREADS", "0")]);
        CodecConfig::read(&mut reader);
        let errors = reader.finish().unwrap_err().to_string();
        assert!(errors.contains("AVIF_ENCODER: must be aom or rav1e"), "{errors}");
        assert!(errors.contains("CODEC_THREADS: must be"), "{errors}");
    }
}
