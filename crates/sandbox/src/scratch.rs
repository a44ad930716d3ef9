use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use tempfile::TempDir;

use crate::SandboxError;

const PREFIX: &str = "optimagio-codec-";
const LOCK: &str = ".lock";

/// A directory of this process's own below the configured one; everything temporary lies in it, and it
/// goes with the value.
///
/// A process that was killed cannot clear up, so each directory holds a locked file: whoever comes next
/// removes the directories whose lock is free (RELIABILITY F5, R23).
pub(crate) struct Scratch {
    dir: TempDir,
    _lock: File,
}

impl Scratch {
    /// Clears what dead processes left below `parent` and makes a directory of its own.
    pub(crate) fn create(parent: &Path) -> Result<Self, SandboxError> {
        sweep(parent);
        let fail = |error| SandboxError::temp_dir(parent, error);
        let dir = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent).map_err(fail)?;
        let lock = File::create(dir.path().join(LOCK)).map_err(fail)?;
        lock.lock().map_err(fail)?;
        Ok(Self { dir, _lock: lock })
    }

    /// A new directory inside; gone when the value is dropped.
    pub(crate) fn subdir(&self, prefix: &str) -> Result<TempDir, SandboxError> {
        tempfile::Builder::new()
            .prefix(prefix)
            .tempdir_in(self.dir.path())
            .map_err(|error| SandboxError::temp_dir(self.dir.path(), error))
    }
}

/// Removes the directories of processes that no longer run. What cannot be removed belongs to somebody
/// else and stays.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten().filter(|entry| is_ours(&entry.file_name())) {
        let path = entry.path();
        // Another process may be between making its directory and locking it: no lock file, not stale.
        let free = File::open(path.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok());
        if free && let Err(error) = fs::remove_dir_all(&path) {
            tracing::warn!(path = %path.display(), %error, "a stale temporary directory stays");
        }
    }
}

fn is_ours(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with(PREFIX))
}

/// Removes everything inside `dir`, which stays.
pub(crate) fn empty(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_directories_of_dead_processes_are_swept() {
        let parent = tempfile::tempdir().unwrap();
        let alive = Scratch::create(parent.path()).unwrap();
        let dead = parent.path().join("optimagio-codec-dead");
        let unlocked = parent.path().join("optimagio-codec-starting");
        let foreign = parent.path().join("photos");
        for dir in [&dead, &unlocked, &foreign] {
            fs::create_dir(dir).unwrap();
        }
        fs::write(dead.join(LOCK), "").unwrap();
        fs::write(dead.join("vips-0-1.v"), "spilled").unwrap();
        let next = Scratch::create(parent.path()).unwrap();
        assert!(!dead.exists());
        assert!(alive.dir.path().exists() && next.dir.path().exists());
        assert!(unlocked.exists() && foreign.exists());
    }

    #[test]
    fn it_goes_with_the_value_and_empties_folders() {
        let parent = tempfile::tempdir().unwrap();
        let scratch = Scratch::create(parent.path()).unwrap();
        let sub = scratch.subdir("job-").unwrap();
        fs::create_dir(sub.path().join("a")).unwrap();
        fs::write(sub.path().join("a/b"), "x").unwrap();
        fs::write(sub.path().join("c"), "x").unwrap();
        empty(sub.path()).unwrap();
        assert_eq!(fs::read_dir(sub.path()).unwrap().count(), 0);
        drop((sub, scratch));
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }
}
