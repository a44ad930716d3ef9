use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use domain::{ErrorCode, Rejection};

/// What may be written over.
#[derive(Debug)]
pub(super) struct Rules {
    overwrite: bool,
    sources: HashSet<PathBuf>,
}

impl Rules {
    pub(super) fn new<'a>(overwrite: bool, sources: impl Iterator<Item = &'a Path>) -> Self {
        Self { overwrite, sources: sources.filter_map(|path| path.canonicalize().ok()).collect() }
    }

    /// Whether a result may go to `target`.
    pub(super) fn check(&self, target: &Path) -> Result<(), Rejection> {
        let is_source = target.canonicalize().is_ok_and(|path| self.sources.contains(&path));
        if is_source {
            let message = format!("{} is a source and is never overwritten", target.display());
            return Err(Rejection::new(ErrorCode::AlreadyExists, message));
        }
        if !self.overwrite && target.symlink_metadata().is_ok() {
            return Err(exists(target));
        }
        Ok(())
    }
}

/// Copies `result` to `target` so that the target is there whole or not at all: first beside it, then by
/// its name.
pub(super) fn publish(result: &Path, target: &Path, rules: &Rules) -> Result<(), Rejection> {
    rules.check(target)?;
    let failed = |error: io::Error| {
        let message = format!("{} cannot be written: {error}", target.display());
        Rejection::new(ErrorCode::InvalidRequest, message)
    };
    let folder = target.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let mut beside = new_file(folder).map_err(failed)?;
    io::copy(&mut File::open(result).map_err(failed)?, beside.as_file_mut()).map_err(failed)?;
    if rules.overwrite {
        beside.persist(target).map_err(|error| failed(error.error))?;
        return Ok(());
    }
    // Checked once more in one step with the naming: somebody may have made the file meanwhile.
    match beside.persist_noclobber(target) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(exists(target)),
        Err(error) => Err(failed(error.error)),
    }
}

fn exists(target: &Path) -> Rejection {
    let message = format!("{} exists; --overwrite replaces it", target.display());
    Rejection::new(ErrorCode::AlreadyExists, message)
}

/// A temporary file with the permissions of an ordinary one.
fn new_file(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;
    let ordinary = fs::Permissions::from_mode(0o666);
    tempfile::Builder::new().prefix(".optimagio-").permissions(ordinary).tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_overwritten_unless_told_and_a_source_never() {
        let dir = tempfile::tempdir().unwrap();
        let [result, target, source] = ["result", "target", "source"].map(|name| dir.path().join(name));
        for path in [&result, &target, &source] {
            fs::write(path, path.file_name().unwrap().as_encoded_bytes()).unwrap();
        }
        let careful = Rules::new(false, std::iter::once(source.as_path()));
        let error = publish(&result, &target, &careful).unwrap_err();
        assert_eq!(error.code, ErrorCode::AlreadyExists);
        assert_eq!(fs::read(&target).unwrap(), b"target");
        let bold = Rules::new(true, std::iter::once(source.as_path()));
        publish(&result, &target, &bold).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"result");
        assert!(publish(&result, &source, &bold).unwrap_err().message.contains("is a source"));
        assert_eq!(fs::read(&source).unwrap(), b"source");
        publish(&result, &dir.path().join("new/deep/file"), &careful).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4, "a temporary file was left");
    }
}
