use std::time::Instant;

use domain::{Edge, OutputFormat, RequestedFormat, Target};

use crate::ImagingError;
use crate::encoders::Encoder;
use crate::finish::{Candidate, Facts, finish};
use crate::fit::fit_inside;
use crate::job::Job;
use crate::pixels::Pixels;
use crate::placeholder::placeholder;
use crate::quality::Curve;
use crate::request::Encoded;
use crate::search::fit;
use crate::vips::{self, Animation, AnimationFormat, Shape};

/// Makes an animated result: all frames, their delays and the loop count.
pub(crate) fn optimize(job: &Job<'_>) -> Result<Encoded, ImagingError> {
    let started = Instant::now();
    let header = &job.header;
    let mut natural = (0, 0);
    let shape = Shape { gravity: job.request.options.gravity, background: job.request.options.background };
    let animation = Animation::decode(job.source, header.format, header.orientation, shape, |size| {
        natural = size;
        job.frame(size)
    })?;
    let decode_time = started.elapsed();

    let started = Instant::now();
    let best = encode_smallest(job, &animation)?;
    let facts = Facts {
        size: animation.size(),
        frames: animation.frames(),
        unchanged: animation.size() == natural
            && header.orientation == 1
            && animation.frames() == header.frames,
        profile_needed: animation.profile_needed(),
        profile_broken: animation.profile_broken(),
        profile: None,
        placeholder: placeholder(&first_frame(job)?),
        decode_time,
        encode_time: started.elapsed(),
    };
    finish(job, &facts, Some(best))
}

/// Small: only the placeholder is made of it.
fn first_frame(job: &Job<'_>) -> Result<Pixels, ImagingError> {
    let edge = Edge::new(FIRST_FRAME_EDGE).ok();
    let wanted = vips::Wanted { profile: false, target: &|size| fit_inside(size, edge, edge) };
    Ok(vips::decode_still(job.source, job.header.format, &wanted)?.pixels)
}

/// Longest edge in pixels of the frame that placeholders are made of.
const FIRST_FRAME_EDGE: u32 = 200;

fn encode_smallest(job: &Job<'_>, animation: &Animation) -> Result<Candidate, ImagingError> {
    if let Some(Target::Bytes(limit)) = job.request.options.target {
        return within(job, animation, usize::try_from(limit.value()).unwrap_or(usize::MAX));
    }
    let gif = || encode(job, animation, AnimationFormat::Gif, None);
    let webp = || encode(job, animation, AnimationFormat::WebP, quality(job));
    let formats = job.request.options.formats;
    match job.request.params.format {
        RequestedFormat::Gif => gif(),
        RequestedFormat::Auto if !formats.contains(OutputFormat::WebP) => gif(),
        RequestedFormat::Auto if !formats.contains(OutputFormat::Gif) => webp(),
        RequestedFormat::Auto => {
            let (gif, webp) = (gif()?, webp()?);
            Ok(if gif.bytes.len() < webp.bytes.len() { gif } else { webp })
        }
        _ => webp(),
    }
}

/// The best animation of at most `limit` bytes. Only WebP has a quality to lower.
fn within(job: &Job<'_>, animation: &Animation, limit: usize) -> Result<Candidate, ImagingError> {
    if job.request.params.format == RequestedFormat::Gif {
        let gif = encode(job, animation, AnimationFormat::Gif, None)?;
        let smallest = gif.bytes.len();
        return if smallest <= limit {
            Ok(gif)
        } else {
            Err(ImagingError::TargetTooSmall { smallest, limit })
        };
    }
    let found = fit(&Curve::of(Encoder::WebPLossy), limit, |quality| {
        Ok((quality, animation.encode(AnimationFormat::WebP, Some(quality), job.request.effort)?))
    })?;
    let (quality, bytes) = found.map_err(|smallest| ImagingError::TargetTooSmall { smallest, limit })?;
    let by = Encoder::WebPLossy;
    let (format, quality) = (OutputFormat::WebP, Some(quality));
    Ok(Candidate { bytes, format, by, encoder: by.name(), quality, score: None })
}

fn encode(
    job: &Job<'_>,
    animation: &Animation,
    format: AnimationFormat,
    quality: Option<f32>,
) -> Result<Candidate, ImagingError> {
    let bytes = animation.encode(format, quality, job.request.effort)?;
    let (by, quality) = match format {
        AnimationFormat::Gif => (Encoder::Gif, None),
        AnimationFormat::WebP if quality.is_none() => (Encoder::WebPLossless, None),
        AnimationFormat::WebP => (Encoder::WebPLossy, quality),
    };
    let score = by.is_lossless().then_some(100.0);
    Ok(Candidate { bytes, format: OutputFormat::from(format), by, encoder: by.name(), quality, score })
}

/// Frames are not scored: the quality is one at which nearly every photo reaches the floor. None is lossless.
fn quality(job: &Job<'_>) -> Option<f32> {
    let curve = Curve::of(Encoder::WebPLossy);
    match job.request.options.target {
        Some(Target::Lossless) => None,
        Some(Target::Quality(quality)) => Some(f32::from(quality.value())),
        Some(Target::Score(score)) => Some(curve.safe_quality_for(score.value())),
        Some(Target::Bytes(_)) | None => {
            let floor = job.config.floors.of(job.request.params.compression);
            Some(curve.safe_quality_for(floor.value()))
        }
    }
}
