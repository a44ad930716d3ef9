use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use domain::{ErrorCode, Rejection, SourceFormat};
use walkdir::WalkDir;

use super::naming::{OPTIMIZED, stem};

/// An image to optimize.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// As the caller named it or as it was found.
    pub(super) path: PathBuf,
    /// Where it lies below the path that the caller named.
    pub(super) relative: PathBuf,
    /// What its first bytes say.
    pub(super) format: SourceFormat,
}

/// What the named paths hold.
#[derive(Debug, Default)]
pub(super) struct Collection {
    /// The images, each once, in the order of the paths and inside a folder by name.
    pub(super) sources: Vec<Source>,
    /// Named files that are no images and paths that cannot be read.
    pub(super) failures: Vec<(PathBuf, Rejection)>,
    /// Files found in folders that are no images, or results of an earlier run.
    pub(super) skipped: u64,
    seen: HashSet<PathBuf>,
}

/// Looks through `paths`. Files in `out` are results and not sources.
pub(super) fn collect(paths: &[PathBuf], out: Option<&Path>) -> Collection {
    let mut found = Collection::default();
    let out = out.and_then(|out| out.canonicalize().ok());
    for path in paths {
        if path.is_dir() {
            found.folder(path, out.as_deref());
        } else {
            found.file(path);
        }
    }
    found
}

impl Collection {
    fn file(&mut self, path: &Path) {
        let name = path.file_name().map_or_else(|| path.to_owned(), PathBuf::from);
        match sniff(path) {
            Ok(Some(format)) => self.add(path, name, format),
            Ok(None) => {
                let message = "not a supported image; give JPEG, PNG, WebP, GIF, AVIF, TIFF or BMP";
                self.failures.push((path.to_owned(), Rejection::new(ErrorCode::UnsupportedFormat, message)));
            }
            Err(error) => self.fail(path, &error),
        }
    }

    fn folder(&mut self, root: &Path, out: Option<&Path>) {
        let is_out = |path: &Path| out.is_some() && path.canonicalize().is_ok_and(|path| Some(&*path) == out);
        let walk = WalkDir::new(root).sort_by_file_name().into_iter();
        // A folder that the caller names is a source, even where it is the folder for the results too.
        let walk = walk.filter_entry(|entry| {
            entry.depth() == 0 || !(entry.file_type().is_dir() && is_out(entry.path()))
        });
        for entry in walk {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) if entry.file_type().is_file() => {
                    let relative = entry.path().strip_prefix(root).unwrap_or(entry.path()).to_owned();
                    self.found(entry.path(), relative);
                }
                // A link, a pipe, a device: reading it could leave the folder or never end.
                Ok(_) => self.skipped += 1,
                Err(error) => {
                    let path = error.path().unwrap_or(root).to_owned();
                    self.fail(&path, &error.into());
                }
            }
        }
    }

    fn found(&mut self, path: &Path, relative: PathBuf) {
        match sniff(path) {
            Ok(Some(_)) if is_earlier_result(path) => self.skipped += 1,
            Ok(Some(format)) => self.add(path, relative, format),
            Ok(None) => self.skipped += 1,
            Err(error) => self.fail(path, &error),
        }
    }

    fn add(&mut self, path: &Path, relative: PathBuf, format: SourceFormat) {
        let identity = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if self.seen.insert(identity) {
            self.sources.push(Source { path: path.to_owned(), relative, format });
        }
    }

    fn fail(&mut self, path: &Path, error: &io::Error) {
        let code = match error.kind() {
            io::ErrorKind::NotFound => ErrorCode::NotFound,
            _ => ErrorCode::InvalidRequest,
        };
        self.failures.push((path.to_owned(), Rejection::new(code, format!("cannot be read: {error}"))));
    }
}

fn sniff(path: &Path) -> io::Result<Option<SourceFormat>> {
    let mut prefix = Vec::with_capacity(container::SNIFF_BYTES);
    File::open(path)?.take(container::SNIFF_BYTES as u64).read_to_end(&mut prefix)?;
    Ok(container::sniff(&prefix))
}

/// `photo-optimized.jpg` beside a `photo.*`: what this command wrote there.
fn is_earlier_result(path: &Path) -> bool {
    let (name, Some(folder)) = (stem(path), path.parent()) else { return false };
    let Some(original) =
        name.to_str().and_then(|name| name.rsplit_once(OPTIMIZED)).map(|(original, _)| original)
    else {
        return false;
    };
    let Ok(mut entries) = folder.read_dir() else { return false };
    entries.any(|entry| entry.is_ok_and(|entry| stem(&entry.path()) == original))
}
