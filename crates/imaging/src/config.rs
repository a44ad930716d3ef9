use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use domain::{Compression, Score};

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

/// The visual floor of every compression level: no result's SSIMULACRA2 score against the image it was made
/// from is lower.
///
/// | level | floor | what it looks like |
/// |---|---|---|
/// | low | 88 | visually lossless unless flickered against the original |
/// | medium | 80 | hard to tell apart side by side |
/// | auto | 78 | the same for most; the smallest result |
/// | max | 68 | good web quality |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Floors {
    /// Of `low`.
    pub low: Score,
    /// Of `medium`.
    pub medium: Score,
    /// Of `auto`.
    pub auto: Score,
    /// Of `max`.
    pub max: Score,
}

impl Floors {
    /// The floor of a level.
    #[must_use]
    pub const fn of(&self, level: Compression) -> Score {
        match level {
            Compression::Low => self.low,
            Compression::Medium => self.medium,
            Compression::Auto => self.auto,
            Compression::Max => self.max,
        }
    }
}

impl Default for Floors {
    fn default() -> Self {
        Self {
            low: Score::whole(88),
            medium: Score::whole(80),
            auto: Score::whole(78),
            max: Score::whole(68),
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
    /// What the levels promise.
    pub floors: Floors,
}

impl Default for CodecConfig {
    fn default() -> Self {
        Self { avif_encoder: AvifEncoder::default(), threads: 1, floors: Floors::default() }
    }
}

impl CodecConfig {
    /// The variables that [`Self::read`] makes the same configuration of, for a child process.
    #[must_use]
    pub fn pairs(&self) -> [(&'static str, String); 6] {
        let Floors { low, medium, auto, max } = self.floors;
        [
            ("AVIF_ENCODER", self.avif_encoder.to_string()),
            ("CODEC_THREADS", self.threads.to_string()),
            ("QUALITY_FLOOR_LOW", low.to_string()),
            ("QUALITY_FLOOR_MEDIUM", medium.to_string()),
            ("QUALITY_FLOOR_AUTO", auto.to_string()),
            ("QUALITY_FLOOR_MAX", max.to_string()),
        ]
    }

    /// Reads `AVIF_ENCODER`, `CODEC_THREADS` and `QUALITY_FLOOR_*`.
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
        let floors = Floors {
            low: reader.or("QUALITY_FLOOR_LOW", default.floors.low, LOW),
            medium: reader.or("QUALITY_FLOOR_MEDIUM", default.floors.medium, "The same for medium."),
            auto: reader.or("QUALITY_FLOOR_AUTO", default.floors.auto, "The same for auto."),
            max: reader.or("QUALITY_FLOOR_MAX", default.floors.max, "The same for max."),
        };
        Self { avif_encoder, threads: threads.clamp(1, 64), floors }
    }
}

const LOW: &str = "SSIMULACRA2 score that no result of compression=low falls below.";

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
        assert_eq!(
            config,
            CodecConfig { avif_encoder: AvifEncoder::Rav1e, threads: 4, ..CodecConfig::default() }
        );
        let mut reader = settings::Reader::from_pairs([("AVIF_ENCODER", "x265"), ("CODEC_THREADS", "0")]);
        CodecConfig::read(&mut reader);
        let errors = reader.finish().unwrap_err().to_string();
        assert!(errors.contains("AVIF_ENCODER: must be aom or rav1e"), "{errors}");
        assert!(errors.contains("CODEC_THREADS: must be"), "{errors}");
    }
}
