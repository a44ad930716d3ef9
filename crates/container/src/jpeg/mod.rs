//! JPEG (ITU-T T.81): the marker walk and the removal of application segments.

mod header;
mod marker;
mod rewrite;

pub(crate) use header::inspect;
pub(crate) use rewrite::{read_exif, rewrite};
