use std::time::Instant;

use domain::{OutputFormat, RequestedFormat};

use crate::ImagingError;
use crate::encoders::Encoder;
use crate::finish::{Candidate, Facts, finish};
use crate::job::Job;
use crate::quality::quality;
use crate::request::Encoded;
use crate::vips::{Animation, AnimationFormat};

/// Makes an animated result: all frames, their delays and the loop count.
pub(crate) fn optimize(job: &Job<'_>) -> Result<Encoded, ImagingError> {
    let started = Instant::now();
    let header = &job.header;
    let mut natural = (0, 0);
    let animation = Animation::decode(job.source, header.format, header.orientation, |size| {
        natural = size;
        job.upright_target(size)
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
        decode_time,
        encode_time: started.elapsed(),
    };
    finish(job, &facts, best)
}

fn encode_smallest(job: &Job<'_>, animation: &Animation) -> Result<Candidate, ImagingError> {
    let gif = || encode(job, animation, AnimationFormat::Gif);
    let webp = || encode(job, animation, AnimationFormat::WebP);
    match job.request.params.format {
        RequestedFormat::Gif => gif(),
        RequestedFormat::Auto => {
            let (gif, webp) = (gif()?, webp()?);
            Ok(if gif.bytes.len() < webp.bytes.len() { gif } else { webp })
        }
        _ => webp(),
    }
}

fn encode(job: &Job<'_>, animation: &Animation, format: AnimationFormat) -> Result<Candidate, ImagingError> {
    let quality = quality(Encoder::WebPLossy, job.request.params.compression);
    let bytes = animation.encode(format, quality, job.request.effort)?;
    let (encoder, quality) = match format {
        AnimationFormat::Gif => (Encoder::Gif.name(), None),
        AnimationFormat::WebP => (Encoder::WebPLossy.name(), Some(quality)),
    };
    Ok(Candidate { bytes, format: OutputFormat::from(format), encoder, quality })
}
