use std::path::PathBuf;

use crate::or_fail::OrFail;

/// A file of the project, by its path from the project's root. Looked for when the test runs and not compiled
/// in: one target directory may serve several checkouts.
pub(crate) fn project_file(path: &str) -> PathBuf {
    // A test's process begins in its package's folder.
    let package = std::env::current_dir().or_fail("no current directory");
    let root = package.ancestors().find(|folder| folder.join("Cargo.lock").is_file());
    root.or_fail("the tests run outside of the project").join(path)
}
