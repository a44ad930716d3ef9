use std::time::Instant;

use domain::{OutputFormat, RequestedFormat, SourceFormat};

use crate::candidates::{MAX_AV1_PIXELS, Traits};
use crate::encoders::{Encoder, Settings};
use crate::finish::{Candidate, Facts, finish};
use crate::job::Job;
use crate::orient::upright;
use crate::pixels::{Layout, Pixels};
use crate::quality::quality;
use crate::request::Encoded;
use crate::vips::{self, Decoded};
use crate::{ImagingError, analysis, bmp, candidates};

/// Makes a still result: the first frame of the source.
pub(crate) fn optimize(job: &Job<'_>) -> Result<Encoded, ImagingError> {
    let started = Instant::now();
    let decoded = decode(job)?;
    let stored = (decoded.pixels.width(), decoded.pixels.height());
    let pixels = upright(decoded.pixels, job.header.orientation)?.simplify();
    let decode_time = started.elapsed();

    let started = Instant::now();
    let best = encode_smallest(job, &pixels)?;
    let facts = Facts {
        size: (pixels.width(), pixels.height()),
        frames: 1,
        unchanged: stored == decoded.natural && job.header.orientation == 1 && job.header.frames == 1,
        profile_needed: decoded.profile_needed,
        profile_broken: decoded.profile_broken,
        decode_time,
        encode_time: started.elapsed(),
    };
    finish(job, &facts, best)
}

fn decode(job: &Job<'_>) -> Result<Decoded, ImagingError> {
    if job.header.format != SourceFormat::Bmp {
        return vips::decode_still(job.source, job.header.format, |size| job.stored_target(size));
    }
    let pixels = bmp::decode(job.source)?;
    let natural = (pixels.width(), pixels.height());
    let target = job.stored_target(natural);
    let pixels = if target == natural { pixels } else { vips::resize_pixels(&pixels, target)? };
    Ok(Decoded { pixels, natural, profile_needed: false, profile_broken: false })
}

/// Encodes with every encoder worth trying and keeps the smallest file.
fn encode_smallest(job: &Job<'_>, pixels: &Pixels) -> Result<Candidate, ImagingError> {
    let count = u64::from(pixels.width()) * u64::from(pixels.height());
    let fits_av1 = count <= MAX_AV1_PIXELS;
    if job.request.params.format == RequestedFormat::Avif && !fits_av1 {
        let format = OutputFormat::Avif;
        return Err(ImagingError::ResultTooLarge { format, pixels: count, limit: MAX_AV1_PIXELS });
    }
    let opaque = pixels.layout() != Layout::Rgba;
    let traits = Traits { graphic: analysis::is_graphic(pixels), opaque, fits_av1 };
    let mut best: Option<Candidate> = None;
    for encoder in candidates::for_still(job.request.params.format, traits, job.config.avif_encoder) {
        let candidate = encode(job, pixels, encoder)?;
        if best.as_ref().is_none_or(|best| candidate.bytes.len() < best.bytes.len()) {
            best = Some(candidate);
        }
    }
    best.ok_or(ImagingError::Process { operation: "choosing an encoder", detail: "no candidate".into() })
}

fn encode(job: &Job<'_>, pixels: &Pixels, encoder: Encoder) -> Result<Candidate, ImagingError> {
    let settings = Settings {
        quality: quality(encoder, job.request.params.compression),
        effort: job.request.effort,
        threads: job.config.threads,
        exif: job.exif.payload.as_deref(),
    };
    Ok(Candidate {
        bytes: encoder.encode(pixels, &settings)?,
        format: encoder.format(),
        encoder: encoder.name(),
        quality: encoder.has_quality().then_some(settings.quality),
    })
}
