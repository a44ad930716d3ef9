//! Short ways to ask for a result.

use domain::{Compression, Edge, OptimizeParams, RequestedFormat};
use imaging::{Effort, Encoded, ImagingError, Request};

pub(crate) fn params(format: RequestedFormat) -> OptimizeParams {
    OptimizeParams { compression: Compression::Medium, width: None, height: None, format, keep_exif: false }
}

pub(crate) fn run(source: &[u8], params: OptimizeParams) -> Result<Encoded, ImagingError> {
    imaging::start(&imaging::CodecConfig::default()).unwrap();
    imaging::optimize(
        source,
        &Request { params, options: domain::OutputOptions::default(), effort: Effort::Interactive },
    )
}

pub(crate) fn optimize(source: &[u8], format: RequestedFormat) -> Encoded {
    run(source, params(format)).unwrap()
}

pub(crate) fn boxed(
    source: &[u8],
    format: RequestedFormat,
    width: Option<u32>,
    height: Option<u32>,
) -> Encoded {
    let edge = |pixels: Option<u32>| pixels.map(|pixels| Edge::new(pixels).unwrap());
    run(source, OptimizeParams { width: edge(width), height: edge(height), ..params(format) }).unwrap()
}

/// A result of `params` with further options.
pub(crate) fn with(
    source: &[u8],
    params: OptimizeParams,
    options: domain::OutputOptions,
) -> Result<Encoded, ImagingError> {
    imaging::start(&imaging::CodecConfig::default()).unwrap();
    imaging::optimize(source, &Request { params, options, effort: Effort::Interactive })
}
