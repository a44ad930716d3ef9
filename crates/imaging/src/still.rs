use std::time::Instant;

use domain::{Gravity, OutputFormat, RequestedFormat, SourceFormat};

use crate::choose;
use crate::finish::{Facts, finish};
use crate::frame::{Window, place};
use crate::job::Job;
use crate::orient::{swaps_edges, upright};
use crate::pixels::{Layout, Pixels};
use crate::placeholder::placeholder;
use crate::request::Encoded;
use crate::vips::{self, Decoded};
use crate::{ImagingError, bmp, resample};

/// Makes a still result: the first frame of the source.
pub(crate) fn optimize(job: &Job<'_>) -> Result<Encoded, ImagingError> {
    let started = Instant::now();
    let decoded = decode(job)?;
    let stored = (decoded.pixels.width(), decoded.pixels.height());
    let scaled = upright(decoded.pixels, job.header.orientation)?.simplify();
    let scale = (scaled.width(), scaled.height());
    let natural = match decoded.natural {
        (width, height) if swaps_edges(job.header.orientation) => (height, width),
        natural => natural,
    };
    let pixels = shape(job, scaled, job.frame(natural).window)?;
    let decode_time = started.elapsed();

    let unchanged = stored == decoded.natural
        && (pixels.width(), pixels.height()) == scale
        && job.header.orientation == 1
        && job.header.frames == 1;
    let started = Instant::now();
    let best = choose::best(job, &pixels, unchanged, decoded.profile.is_some())?;
    let facts = Facts {
        size: (pixels.width(), pixels.height()),
        frames: 1,
        unchanged,
        profile_needed: decoded.profile_needed,
        profile_broken: decoded.profile_broken,
        profile: decoded.profile,
        placeholder: placeholder(&pixels),
        decode_time,
        encode_time: started.elapsed(),
    };
    finish(job, &facts, best)
}

fn decode(job: &Job<'_>) -> Result<Decoded, ImagingError> {
    if job.header.format != SourceFormat::Bmp {
        let wanted = vips::Wanted { profile: job.keeps_profile(), target: &|size| job.stored_target(size) };
        return vips::decode_still(job.source, job.header.format, &wanted);
    }
    let pixels = bmp::decode(job.source)?;
    let natural = (pixels.width(), pixels.height());
    let target = job.stored_target(natural);
    let pixels = if target == natural { pixels } else { resample::resample(&pixels, target)? };
    Ok(Decoded { pixels, natural, profile: None, profile_needed: false, profile_broken: false })
}

/// Cuts or surrounds the resized image, and lays it over a colour where the format has no transparency.
fn shape(job: &Job<'_>, pixels: Pixels, window: Window) -> Result<Pixels, ImagingError> {
    let options = &job.request.options;
    let size = (pixels.width(), pixels.height());
    let shaped = match (window, options.gravity) {
        (Window::Whole, _) => pixels,
        (Window::Cut(part), Gravity::Attention | Gravity::Entropy) => {
            vips::cut_to_interest(&pixels, part, options.gravity)?.simplify()
        }
        (Window::Cut(part), gravity) => pixels.cut(place(size, part, gravity), part),
        (Window::Surround(canvas), gravity) => surround(job, pixels, canvas, gravity),
    };
    let background = options.background.map_or([255; 3], |colour| colour.0);
    // A background that was asked for lies behind every format: whoever names it wants to see it.
    let opaque = job.request.params.format == RequestedFormat::Jpeg || options.background.is_some();
    Ok(if opaque { shaped.flatten_on(background) } else { shaped })
}

/// White around opaque pictures and nothing around others, unless a colour was asked for.
fn surround(job: &Job<'_>, pixels: Pixels, canvas: (u32, u32), gravity: Gravity) -> Pixels {
    let at = place(canvas, (pixels.width(), pixels.height()), gravity);
    let colour = job.request.options.background.map_or([255; 3], |colour| colour.0);
    match (pixels.layout(), job.request.options.background) {
        (Layout::Rgba, None) => pixels.surround(at, canvas, &[0; 4]),
        (Layout::Rgba, Some(_)) => pixels.surround(at, canvas, &[colour[0], colour[1], colour[2], u8::MAX]),
        (Layout::Grey, None) => pixels.surround(at, canvas, &[u8::MAX]),
        (Layout::Grey | Layout::Rgb, _) => {
            pixels.without_grey().into_owned().surround(at, canvas, &colour).simplify()
        }
    }
}

/// Where the result's format is known and its pixels are too many for the AV1 encoders' memory.
pub(crate) fn refuse_too_large(job: &Job<'_>, pixels: u64, limit: u64) -> Result<(), ImagingError> {
    if job.request.params.format == RequestedFormat::Avif && pixels > limit {
        return Err(ImagingError::ResultTooLarge { format: OutputFormat::Avif, pixels, limit });
    }
    Ok(())
}
