//! What must hold for every input, whatever its bytes are. The targets call these functions on their
//! input as it is and once more repaired, so that mutation gets past signatures, lengths and checksums.

mod inspection;
mod repair;
mod rewriting;

pub use inspection::{check_inspection, check_sniffing, check_walk};
pub use repair::repaired;
pub use rewriting::check_rewriting;
