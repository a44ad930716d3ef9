use std::time::Duration;

use container::{Icc, Keep};
use domain::{OutputFormat, Placeholder};

use crate::ImagingError;
use crate::encoders::Encoder;
use crate::job::Job;
use crate::request::{ALREADY_OPTIMAL, Encoded, Report};

/// The encoder of results that hold the source's own pixels.
const SOURCE: &str = "source";

/// A finished encoding.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) bytes: Vec<u8>,
    pub(crate) format: OutputFormat,
    /// What made it.
    pub(crate) by: Encoder,
    pub(crate) encoder: &'static str,
    pub(crate) quality: Option<f32>,
    /// Its SSIMULACRA2 score, where it was measured.
    pub(crate) score: Option<f64>,
}

/// What was found out while decoding.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// Width and height of one frame of the result.
    pub(crate) size: (u32, u32),
    pub(crate) frames: u32,
    /// Whether the result shows the source's pixels in the source's size, orientation and number.
    pub(crate) unchanged: bool,
    /// Whether the source needs its own colour profile to look right.
    pub(crate) profile_needed: bool,
    /// Whether the source's colour profile was broken and ignored.
    pub(crate) profile_broken: bool,
    /// The colour profile that the pixels are in, where it was to be kept.
    pub(crate) profile: Option<Vec<u8>>,
    pub(crate) placeholder: Placeholder,
    pub(crate) decode_time: Duration,
    pub(crate) encode_time: Duration,
}

/// Cleans the best encoding of metadata (RELIABILITY F1), and returns the cleaned source instead where
/// that is no larger and shows the same picture, or where there is no encoding.
pub(crate) fn finish(job: &Job<'_>, facts: &Facts, best: Option<Candidate>) -> Result<Encoded, ImagingError> {
    let cleaned = match best {
        Some(best) => {
            let icc = facts.profile.as_deref().map_or(Icc::Drop, Icc::Put);
            let keep = Keep { icc, exif: job.exif.payload.as_deref() };
            let bytes = clean(best.format, &best.bytes, keep)?;
            Some(Candidate { bytes, ..best })
        }
        None => None,
    };
    let most = cleaned.as_ref().map_or(usize::MAX, |best| best.bytes.len());
    let kept = cleaned_source(job, facts)?.filter(|(_, kept)| kept.len() <= most);
    let report = |format, encoder: &str, quality, score: Option<f64>, reason| Report {
        format,
        width: facts.size.0,
        height: facts.size.1,
        frames: facts.frames,
        encoder: encoder.to_owned(),
        quality,
        score: score.map(rounded),
        reason,
        placeholder: Some(facts.placeholder.clone()),
        notes: notes(job, facts, format, encoder == SOURCE),
        decode_micros: micros(facts.decode_time),
        encode_micros: micros(facts.encode_time),
    };
    match (kept, cleaned) {
        (Some((format, bytes)), _) => {
            let reason = Some(ALREADY_OPTIMAL.to_owned());
            Ok(Encoded { bytes, report: report(format, SOURCE, None, Some(100.0), reason) })
        }
        (None, Some(best)) => {
            let report = report(best.format, best.encoder, best.quality, best.score, None);
            Ok(Encoded { bytes: best.bytes, report })
        }
        (None, None) => {
            Err(ImagingError::Process { operation: "choosing a result", detail: "there is none".into() })
        }
    }
}

/// Two decimals: more than the metric can tell.
#[allow(clippy::cast_possible_truncation, reason = "two decimals")]
fn rounded(score: f64) -> f32 {
    ((score * 100.0).round() / 100.0) as f32
}

/// The source without metadata, if it may stand for the result. A profile that its pixels need stays.
fn cleaned_source(job: &Job<'_>, facts: &Facts) -> Result<Option<(OutputFormat, Vec<u8>)>, ImagingError> {
    match job.may_stay() {
        Some(format) if facts.unchanged => {
            let needed = facts.profile_needed || facts.profile.is_some();
            let keep =
                Keep { icc: if needed { Icc::Keep } else { Icc::Drop }, exif: job.exif.payload.as_deref() };
            Ok(Some((format, clean(format, job.source, keep)?)))
        }
        _ => Ok(None),
    }
}

/// `kept` says that the source's own pixels are the result.
fn notes(job: &Job<'_>, facts: &Facts, format: OutputFormat, kept: bool) -> Vec<String> {
    let dropped = format == OutputFormat::Gif && job.exif.payload.is_some();
    let lost = facts.profile_needed && facts.profile.is_none() && !kept;
    let converted = job.request.options.keep_icc && lost;
    [
        (converted, "the colour profile could not be kept; the colours were converted to sRGB"),
        (facts.profile_broken, "the colour profile is broken and was ignored"),
        (job.exif.broken, "the EXIF is broken and was dropped"),
        (dropped, "GIF cannot hold EXIF; it was dropped"),
    ]
    .into_iter()
    .filter(|(applies, _)| *applies)
    .map(|(_, note)| note.to_owned())
    .collect()
}

fn clean(format: OutputFormat, bytes: &[u8], keep: Keep<'_>) -> Result<Vec<u8>, ImagingError> {
    container::rewrite_metadata(format, bytes, &keep).map_err(|source| ImagingError::Clean { format, source })
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
