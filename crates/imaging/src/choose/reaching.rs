//! The smallest encoding that reaches a score.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::OutputFormat;
use rayon::prelude::*;

use super::{Choice, candidate, keep_better, nothing_to_try, ratio};
use crate::encoders::Encoder;
use crate::finish::Candidate;
use crate::judge::{self, Judge};
use crate::pixels::Pixels;
use crate::quality::Curve;
use crate::request::Effort;
use crate::sample::sample;
use crate::search::{Aim, Trial, search};
use crate::{ImagingError, polish};

/// From this many pixels on encoder and quality are looked for on a sample first, so that the whole need be
/// encoded and scored but once or twice: the score costs more than any encoder but AVIF's.
const SAMPLE_ABOVE: u64 = 1_000_000;

/// What a quality found on a sample must promise above the floor.
const SAMPLE_MARGIN: f64 = 0.7;

/// A search that took longer than this is the end, because an image has 30 seconds.
const POLISH_BEFORE: Duration = Duration::from_secs(8);

/// Larger images are encoded twice only after a quick search.
const TWICE_BEFORE: Duration = Duration::from_secs(5);

impl Choice<'_> {
    /// The smallest encoding with this score; none where the source is smaller.
    pub(super) fn reaching(&self, floor: f64) -> Result<Option<Candidate>, ImagingError> {
        // How many colours a picture needs cannot be told from a part of it.
        let whole_only = self.encoders.contains(&Encoder::PngPalette);
        let found = if judge::pixels(self.pixels) > SAMPLE_ABOVE && !whole_only {
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
        let small = judge::pixels(self.pixels) <= polish::TWICE_PIXELS;
        let twice = small || self.started.elapsed() < TWICE_BEFORE;
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
        let smallest = AtomicUsize::new(source_bytes.unwrap_or(usize::MAX));
        let search_one = |&encoder: &Encoder| {
            let limit = Some(smallest.load(Ordering::Relaxed)).filter(|limit| *limit != usize::MAX);
            let found = self.search_one(pixels, encoder, floor, limit)?;
            if let Some(found) = found.as_ref().filter(|found| found.score >= Some(floor)) {
                smallest.fetch_min(found.bytes.len(), Ordering::Relaxed);
            }
            Ok(found)
        };
        // Side by side they know less of each other's sizes and take more work together, but less time.
        let found: Result<Vec<_>, ImagingError> = if self.job.config.threads > 1 {
            self.encoders.par_iter().map(search_one).collect()
        } else {
            self.encoders.iter().map(search_one).collect()
        };
        let mut best: Option<Candidate> = None;
        for found in found?.into_iter().flatten() {
            keep_better(&mut best, found, floor);
        }
        if best.is_none() && source_bytes.is_none() {
            return Err(nothing_to_try());
        }
        Ok(best)
    }

    /// The smallest encoding by one encoder; none where it will not get below `limit`.
    fn search_one(
        &self,
        pixels: &Pixels,
        encoder: Encoder,
        floor: f64,
        limit: Option<usize>,
    ) -> Result<Option<Candidate>, ImagingError> {
        let encode = |quality| self.encode(pixels, encoder, quality);
        let score = |bytes: &[u8]| match encoder.is_lossless() {
            true => Ok(100.0),
            false => Judge::new(pixels).score(bytes, encoder.format()),
        };
        let found = if encoder.has_quality() {
            let aim = Aim { floor, trials: self.trials(encoder), limit, until: self.until, start: None };
            search(&Curve::of(encoder), aim, encode, score)?
        } else {
            let bytes = encode(100.0)?;
            Some(Trial { quality: 100.0, score: score(&bytes)?, bytes })
        };
        Ok(found.map(|Trial { quality, bytes, score }| candidate(encoder, quality, bytes, Some(score))))
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
        let found = trial.map(|trial| candidate(encoder, trial.quality, trial.bytes, Some(trial.score)));
        let missed = found.as_ref().is_some_and(|found| found.score < Some(floor));
        if !missed || self.encoders.len() == 1 {
            return Ok(found);
        }
        // The sample promised what the whole cannot keep.
        let others = self.encoders.iter().copied().filter(|other| *other != encoder).collect();
        let mut best =
            Self { encoders: others, ..*self }.search_all(self.pixels, floor, self.source_bytes)?;
        if let Some(found) = found {
            keep_better(&mut best, found, floor);
        }
        Ok(best)
    }

    /// Encodings of one encoder. AV1's are dear; for the others the score costs about as much as the encoding.
    fn trials(&self, encoder: Encoder) -> u32 {
        match (self.job.request.effort, encoder.format()) {
            (Effort::Interactive, OutputFormat::Avif) => 2,
            (Effort::Interactive, _) | (Effort::Background, OutputFormat::Avif | OutputFormat::Png) => 3,
            (Effort::Background, _) => 5,
        }
    }
}
