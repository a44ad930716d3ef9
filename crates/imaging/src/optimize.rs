use crate::config::started;
use crate::exif::KeptExif;
use crate::job::Job;
use crate::request::{Encoded, Request};
use crate::{ImagingError, animation, still};

/// Makes of `source` what `request` asks for.
///
/// The result carries no metadata but the EXIF that was asked for, its pixels are sRGB and upright, and it
/// is never larger than a source of the same format and size whose orientation is 1: then the source's own
/// pixels come back without metadata and [`crate::Report::reason`] says `already_optimal`. A source with
/// another orientation is always encoded anew, because its stored pixels are not upright.
///
/// # Errors
/// [`ImagingError`]; [`ImagingError::rejection`] tells a bad image from a fault of ours.
pub fn optimize(source: &[u8], request: &Request) -> Result<Encoded, ImagingError> {
    let config = started()?;
    let header = container::inspect_bytes(source)?;
    let exif =
        if request.params.keep_exif { KeptExif::of(source, header.format) } else { KeptExif::default() };
    let job = Job { source, header, request: *request, config, exif };
    if job.animates() { animation::optimize(&job) } else { still::optimize(&job) }
}
