use domain::{OptimizeParams, OutputFormat, OutputOptions, Placeholder, Target};
use serde::{Deserialize, Serialize};

/// How much time an encoder may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// A caller waits.
    Interactive,
    /// Nobody waits: smaller results for two to three times the work.
    Background,
}

/// One job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// What to make of the source.
    pub params: OptimizeParams,
    /// What else is asked for.
    #[serde(default)]
    pub options: OutputOptions,
    /// How much time it may take.
    pub effort: Effort,
}

impl Request {
    /// Whether a score decides about the result: with a level, a score or a size, but not where a quality or
    /// losslessness is asked for.
    pub(crate) const fn is_scored(&self) -> bool {
        !matches!(self.options.target, Some(Target::Quality(_) | Target::Lossless))
    }
}

/// A result and how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// The file.
    pub bytes: Vec<u8>,
    /// What it is.
    pub report: Report,
}

/// What a result is and what it cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Format of the result.
    pub format: OutputFormat,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels of one frame.
    pub height: u32,
    /// Frames, at least 1.
    pub frames: u32,
    /// The encoder, e.g. `libaom`; `source` when the source's own pixels data was kept.
    pub encoder: String,
    /// The encoder's own quality, 0–100; none for lossless results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<f32>,
    /// The result's SSIMULACRA2 score against the decoded, resized source, measured over the whole image as
    /// it will be decoded; 100 where nothing was lost. None for animations and explicit qualities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f32>,
    /// Why the result is not a new encoding: `already_optimal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What to show until it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<Placeholder>,
    /// What a careful reader should know, e.g. that a colour profile was broken and ignored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Time to decode, convert and resize, microseconds.
    pub decode_micros: u64,
    /// Time to encode all candidates, microseconds.
    pub encode_micros: u64,
}

/// [`Report::reason`] of a source that no encoding could beat.
pub(crate) const ALREADY_OPTIMAL: &str = "already_optimal";
