//! Which encoder, at which quality: the decision behind every still result.

mod reaching;

use std::time::{Duration, Instant};

use domain::{Score, SourceFormat, Target};

use crate::candidates::{self, MAX_AV1_PIXELS, Traits};
use crate::encoders::{Encoder, Settings};
use crate::finish::Candidate;
use crate::job::Job;
use crate::judge::{self, Judge};
use crate::pixels::{Layout, Pixels};
use crate::quality::Curve;
use crate::request::Effort;
use crate::sample::sample;
use crate::search::fit;
use crate::{ImagingError, analysis};

/// How long a smaller file is looked for while a caller waits.
const PATIENCE: Duration = Duration::from_secs(2);

/// A source is left alone if even a quality that nearly every image needs less than saves no more than this
/// share: encoding it once more would cost quality for nothing.
const WORTH_A_GENERATION: f64 = 0.97;

/// The best encoding of `pixels` for the request; none where the source itself is best. `unchanged` says that
/// the source shows the same picture in the same size, `profile` that the pixels are in a colour space of their
/// own: they are scored as if they were sRGB, which rates differences in a wide space a little too low.
pub(crate) fn best(
    job: &Job<'_>,
    pixels: &Pixels,
    unchanged: bool,
    profile: bool,
) -> Result<Option<Candidate>, ImagingError> {
    let count = judge::pixels(pixels);
    crate::still::refuse_too_large(job, count, MAX_AV1_PIXELS)?;
    let traits = Traits {
        graphic: analysis::is_graphic(pixels, job.header.format == SourceFormat::Jpeg),
        opaque: pixels.layout() != Layout::Rgba,
        paletted: count > QUANTISED_PIXELS || analysis::few_colours(pixels),
        was_webp: job.header.format == SourceFormat::WebP,
        av1: count <= MAX_AV1_PIXELS && !profile,
    };
    let choice = Choice {
        job,
        pixels,
        encoders: candidates::for_still(&job.request, traits, job.config.avif_encoder),
        started: Instant::now(),
        until: (job.request.effort == Effort::Interactive).then(|| Instant::now() + PATIENCE),
        source_bytes: (unchanged && job.may_stay().is_some()).then_some(job.source.len()),
    };
    match job.request.options.target {
        Some(Target::Quality(quality)) => choice.at_quality(f32::from(quality.value())).map(Some),
        Some(Target::Lossless) => choice.at_quality(100.0).map(Some),
        Some(Target::Bytes(bytes)) => choice.within(usize::try_from(bytes.value()).unwrap_or(usize::MAX)),
        Some(Target::Score(score)) => choice.reaching(aimed(score)),
        None => {
            let floor = aimed(job.config.floors.of(job.request.params.compression));
            if choice.is_not_worth_it(floor)? { Ok(None) } else { choice.reaching(floor) }
        }
    }
}

/// Most pixels of an image that is tried with a palette: each try costs up to a second a megapixel beside the
/// lossless encoding, and an image has 30 seconds.
const QUANTISED_PIXELS: u64 = 6_000_000;

/// Other implementations of the metric differ from ours by up to this much on most pictures: what reaches it
/// here reaches the floor there.
const AGREEMENT: f64 = 0.08;

/// The score to reach for a promised one; no more than identity.
fn aimed(score: Score) -> f64 {
    (score.value() + AGREEMENT).min(100.0)
}

struct Choice<'a> {
    job: &'a Job<'a>,
    pixels: &'a Pixels,
    encoders: Vec<Encoder>,
    started: Instant,
    /// When no trial is made any more that is not needed.
    until: Option<Instant>,
    /// Size of the source, where it may stand for the result.
    source_bytes: Option<usize>,
}

impl Choice<'_> {
    fn encode(&self, pixels: &Pixels, encoder: Encoder, quality: f32) -> Result<Vec<u8>, ImagingError> {
        let settings = Settings {
            quality,
            effort: self.job.request.effort,
            scored: self.job.request.is_scored(),
            threads: self.job.config.threads,
            exif: self.job.exif.payload.as_deref(),
        };
        encoder.encode(pixels, &settings)
    }

    /// The smallest of one encoding by each encoder. Nothing is scored.
    fn at_quality(&self, quality: f32) -> Result<Candidate, ImagingError> {
        let mut best: Option<Candidate> = None;
        for &encoder in &self.encoders {
            let bytes = self.encode(self.pixels, encoder, quality)?;
            let score = encoder.is_lossless().then_some(100.0);
            keep_better(&mut best, candidate(encoder, quality, bytes, score), 0.0);
        }
        best.ok_or_else(nothing_to_try)
    }

    /// The best-looking encoding of at most `limit` bytes.
    fn within(&self, limit: usize) -> Result<Option<Candidate>, ImagingError> {
        if self.source_bytes.is_some_and(|source| source <= limit) {
            return Ok(None);
        }
        let judge = Judge::new(self.pixels);
        let (mut best, mut smallest) = (None::<Candidate>, usize::MAX);
        for &encoder in &self.encoders {
            let found = fit(&Curve::of(encoder), limit, |quality| {
                Ok((quality, self.encode(self.pixels, encoder, quality)?))
            })?;
            match found {
                Ok((quality, bytes)) => {
                    let score = judge.score(&bytes, encoder.format())?;
                    if best.as_ref().is_none_or(|best| best.score < Some(score)) {
                        best = Some(candidate(encoder, quality, bytes, Some(score)));
                    }
                }
                Err(size) => smallest = smallest.min(size),
            }
        }
        best.map(Some).ok_or(ImagingError::TargetTooSmall { smallest, limit })
    }

    /// Whether the source is a lossy file of the result's format that is about as small already as the level
    /// makes files: our own results among them.
    fn is_not_worth_it(&self, floor: f64) -> Result<bool, ImagingError> {
        let Some(source) = self.source_bytes else { return Ok(false) };
        let lossy_source =
            matches!(self.job.header.format, SourceFormat::Jpeg | SourceFormat::WebP | SourceFormat::Avif);
        // With other formats to choose from, the source is one candidate among several.
        let own = self.job.header.format;
        if !lossy_source || self.encoders.iter().any(|encoder| encoder.format().as_source() != own) {
            return Ok(false);
        }
        let piece = sample(self.pixels);
        let share = ratio(judge::pixels(&piece), judge::pixels(self.pixels));
        for &encoder in &self.encoders {
            let bytes = self.encode(&piece, encoder, Curve::of(encoder).safe_quality_for(floor))?;
            if ratio(bytes.len() as u64, source as u64) < WORTH_A_GENERATION * share {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn candidate(encoder: Encoder, quality: f32, bytes: Vec<u8>, score: Option<f64>) -> Candidate {
    Candidate {
        bytes,
        format: encoder.format(),
        by: encoder,
        encoder: encoder.name(),
        quality: encoder.has_quality().then_some(quality),
        score,
    }
}

/// A result that reaches the floor is better than one that does not; of two alike the smaller is.
fn keep_better(best: &mut Option<Candidate>, new: Candidate, floor: f64) {
    let reaches = |candidate: &Candidate| candidate.score.is_none_or(|score| score >= floor);
    let better = match best {
        None => true,
        Some(best) if reaches(best) != reaches(&new) => reaches(&new),
        Some(best) => new.bytes.len() < best.bytes.len(),
    };
    if better {
        *best = Some(new);
    }
}

#[allow(clippy::cast_precision_loss, reason = "a share")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

fn nothing_to_try() -> ImagingError {
    ImagingError::Process { operation: "choosing an encoder", detail: "no candidate".into() }
}
