//! Which encoder, at which quality: the decision behind every still result.

use std::time::{Duration, Instant};

use domain::{OutputFormat, SourceFormat, Target};

use crate::candidates::{self, MAX_AV1_PIXELS, Traits};
use crate::encoders::{Encoder, Settings};
use crate::finish::Candidate;
use crate::job::Job;
use crate::judge::{self, Judge};
use crate::pixels::{Layout, Pixels};
use crate::quality::Curve;
use crate::request::Effort;
use crate::sample::sample;
use crate::search::{Aim, Trial, fit, search};
use crate::{ImagingError, analysis, polish};

/// From this many pixels on encoder and quality are looked for on a sample first, so that the whole need be
/// encoded and scored but once or twice: the score costs more than any encoder but AVIF's.
const SAMPLE_ABOVE: u64 = 1_000_000;

/// How long a smaller file is looked for while a caller waits.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a quality found on a sample must promise above the floor.
const SAMPLE_MARGIN: f64 = 0.7;

/// A source is left alone if even a quality that nearly every image needs less than saves no more than this
/// share: encoding it once more would cost quality for nothing.
const WORTH_A_GENERATION: f64 = 0.97;

/// A search that took longer than this is the end, because an image has 30 seconds.
const POLISH_BEFORE: Duration = Duration::from_secs(8);

/// The best encoding of `pixels` for the request; none where the source itself is best. `unchanged` says that
/// the source shows the same picture in the same size.
pub(crate) fn best(
    job: &Job<'_>,
    pixels: &Pixels,
    unchanged: bool,
) -> Result<Option<Candidate>, ImagingError> {
    let count = judge::pixels(pixels);
    crate::still::refuse_too_large(job, count, MAX_AV1_PIXELS)?;
    let traits = Traits {
        graphic: analysis::is_graphic(pixels, job.header.format == SourceFormat::Jpeg),
        opaque: pixels.layout() != Layout::Rgba,
        fits_av1: count <= MAX_AV1_PIXELS,
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
        Some(Target::Score(score)) => choice.reaching(score.value()),
        None => {
            let floor = job.config.floors.of(job.request.params.compression).value();
            if choice.is_not_worth_it(floor)? { Ok(None) } else { choice.reaching(floor) }
        }
    }
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
        let own = self
            .encoders
            .iter()
            .find(|encoder| encoder.has_quality() && encoder.format().as_source() == self.job.header.format);
        // With other formats to choose from, the source is one candidate among several.
        let (Some(&encoder), true, true) = (own, lossy_source, self.encoders.len() == 1) else {
            return Ok(false);
        };
        let piece = sample(self.pixels);
        let bytes = self.encode(&piece, encoder, Curve::of(encoder).safe_quality_for(floor))?;
        let share = ratio(judge::pixels(&piece), judge::pixels(self.pixels));
        Ok(ratio(bytes.len() as u64, source as u64) >= WORTH_A_GENERATION * share)
    }

    /// The smallest encoding with this score; none where the source is smaller.
    fn reaching(&self, floor: f64) -> Result<Option<Candidate>, ImagingError> {
        let found = if judge::pixels(self.pixels) > SAMPLE_ABOVE {
            self.reaching_by_sample(floor)?
        } else {
            self.search_all(self.pixels, floor, self.source_bytes)?
        };
        match found {
            Some(found) if self.is_worth_polishing(&found) => self.polished(found, floor).map(Some),
            found => Ok(found),
        }
    }

    fn is_worth_polishing(&self, found: &Candidate) -> bool {
        found.by == Encoder::Aom
            && self.job.request.effort == Effort::Background
            && judge::pixels(self.pixels) <= polish::MOST_PIXELS
            && self.started.elapsed() < POLISH_BEFORE
    }

    fn polished(&self, found: Candidate, floor: f64) -> Result<Candidate, ImagingError> {
        let (Some(quality), Some(score)) = (found.quality, found.score) else { return Ok(found) };
        let encoder = Encoder::AomThorough;
        let twice = judge::pixels(self.pixels) <= polish::TWICE_PIXELS;
        let found = Trial { quality, score, bytes: found.bytes };
        let Trial { quality, score, bytes } =
            polish::polish(&Curve::of(encoder), floor, found, twice, |quality| {
                let bytes = self.encode(self.pixels, encoder, quality)?;
                Ok(Trial { quality, score: Judge::new(self.pixels).score(&bytes, encoder.format())?, bytes })
            })?;
        Ok(candidate(encoder, quality, bytes, Some(score)))
    }

    fn search_all(
        &self,
        pixels: &Pixels,
        floor: f64,
        source_bytes: Option<usize>,
    ) -> Result<Option<Candidate>, ImagingError> {
        let score = |encoder: Encoder, bytes: &[u8]| {
            if encoder.is_lossless() {
                return Ok(100.0);
            }
            Judge::new(pixels).score(bytes, encoder.format())
        };
        let mut best: Option<Candidate> = None;
        for &encoder in &self.encoders {
            let limit =
                [source_bytes, best.as_ref().map(|best| best.bytes.len())].into_iter().flatten().min();
            let encode = |quality| self.encode(pixels, encoder, quality);
            let found = if encoder.has_quality() {
                let aim = Aim { floor, trials: self.trials(encoder), limit, until: self.until, start: None };
                search(&Curve::of(encoder), aim, encode, |bytes| score(encoder, bytes))?
            } else {
                let bytes = encode(100.0)?;
                Some(Trial { quality: 100.0, score: score(encoder, &bytes)?, bytes })
            };
            if let Some(Trial { quality, bytes, score }) = found {
                keep_better(&mut best, candidate(encoder, quality, bytes, Some(score)), floor);
            }
        }
        if best.is_none() && source_bytes.is_none() {
            return Err(nothing_to_try());
        }
        Ok(best)
    }

    /// Encoder and quality are found on a sample; the search goes on from there on the whole.
    fn reaching_by_sample(&self, floor: f64) -> Result<Option<Candidate>, ImagingError> {
        let piece = sample(self.pixels);
        let share = ratio(judge::pixels(&piece), judge::pixels(self.pixels));
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a size")]
        let source_share = self.source_bytes.map(|bytes| (ratio(bytes as u64, 1) * share) as usize);
        let Some(found) = self.search_all(&piece, floor + SAMPLE_MARGIN, source_share)? else {
            return Ok(None);
        };
        let encoder = found.by;
        let score = |bytes: &[u8]| {
            if encoder.is_lossless() {
                return Ok(100.0);
            }
            Judge::new(self.pixels).score(bytes, encoder.format())
        };
        let encode = |quality| self.encode(self.pixels, encoder, quality);
        let trial = match found.quality {
            None => {
                let bytes = encode(100.0)?;
                Some(Trial { quality: 100.0, score: score(&bytes)?, bytes })
            }
            start => {
                let aim = Aim {
                    floor,
                    trials: self.trials(encoder) - 1,
                    limit: self.source_bytes,
                    until: self.until,
                    start,
                };
                search(&Curve::of(encoder), aim, encode, score)?
            }
        };
        Ok(trial.map(|trial| candidate(encoder, trial.quality, trial.bytes, Some(trial.score))))
    }

    /// Encodings of one encoder. AV1's are dear; for the others the score costs about as much as the encoding.
    fn trials(&self, encoder: Encoder) -> u32 {
        match (self.job.request.effort, encoder.format()) {
            (Effort::Interactive, OutputFormat::Avif) => 2,
            (Effort::Interactive, _) | (Effort::Background, OutputFormat::Avif) => 3,
            (Effort::Background, _) => 5,
        }
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
