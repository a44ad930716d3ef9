use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use domain::{OutputFormat, RequestedFormat};

use super::collect::Source;

/// What is added to the name of a result that lies beside its source.
pub(super) const OPTIMIZED: &str = "-optimized";

/// Where a result goes, but for the extension, which the format decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    folder: PathBuf,
    stem: OsString,
}

impl Target {
    /// The file for a result of this format.
    pub(super) fn path(&self, format: OutputFormat) -> PathBuf {
        let mut name = self.stem.clone();
        name.push(".");
        name.push(format.extension());
        self.folder.join(name)
    }
}

/// The extension of a result, if it is known before the image is encoded.
fn extension(format: RequestedFormat) -> Option<OsString> {
    format.fixed().map(|format| format.extension().into())
}

/// Names for all results: deterministic, each different from every other and from every source, whatever
/// format `auto` turns into.
pub(super) fn name_targets(sources: &[(Source, RequestedFormat)], out: Option<&Path>) -> Vec<Target> {
    let mut names = Names::default();
    for (source, _) in sources {
        let extension = source.path.extension().unwrap_or_default().to_owned();
        names.take(&folder(&source.path), stem(&source.path), Some(extension));
    }
    let mut wanted: Vec<_> = Vec::with_capacity(sources.len());
    for (source, format) in sources {
        let target = match out {
            Some(out) => {
                Target { folder: folder(&out.join(&source.relative)), stem: stem(&source.relative).into() }
            }
            None => {
                let mut name = stem(&source.path).to_owned();
                name.push(OPTIMIZED);
                Target { folder: folder(&source.path), stem: name }
            }
        };
        wanted.push((target, extension(*format)));
    }
    // Whoever can have the plain name gets it before the numbers are given out: `a-2` of a source keeps it.
    let plain: Vec<bool> = wanted.iter().map(|(target, ext)| names.claim(target, ext.clone())).collect();
    let numbered = wanted
        .into_iter()
        .zip(plain)
        .map(|((target, ext), plain)| if plain { target } else { names.number(&target, &ext) });
    numbered.collect()
}

/// The names that are taken: by folder and stem, the extensions; `None` may become any.
#[derive(Default)]
struct Names(HashMap<(PathBuf, OsString), Vec<Option<OsString>>>);

impl Names {
    fn take(&mut self, folder: &Path, stem: &OsStr, extension: Option<OsString>) {
        // The same folder may be written in several ways; one that does not exist yet holds no source.
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        self.0.entry((folder, stem.to_owned())).or_default().push(extension);
    }

    fn claim(&mut self, target: &Target, extension: Option<OsString>) -> bool {
        let folder = target.folder.canonicalize().unwrap_or_else(|_| target.folder.clone());
        let taken = self.0.get(&(folder, target.stem.clone())).is_some_and(|others| {
            others.iter().any(|other| other.is_none() || extension.is_none() || *other == extension)
        });
        if !taken {
            self.take(&target.folder, &target.stem, extension);
        }
        !taken
    }

    fn number(&mut self, target: &Target, extension: &Option<OsString>) -> Target {
        let mut numbered = target.clone();
        for number in 2_u64.. {
            numbered.stem = target.stem.clone();
            numbered.stem.push(format!("-{number}"));
            if self.claim(&numbered, extension.clone()) {
                break;
            }
        }
        numbered
    }
}

/// The name without its extension.
pub(super) fn stem(path: &Path) -> &OsStr {
    path.file_stem().unwrap_or_default()
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use domain::SourceFormat;

    use super::*;

    /// The results' paths, as if every `auto` became WebP.
    fn named(paths: &[&str], format: RequestedFormat, out: Option<&str>) -> Vec<String> {
        let source = |path: &&str| Source {
            path: Path::new("/photos").join(path),
            relative: PathBuf::from(path),
            format: SourceFormat::Jpeg,
        };
        let sources: Vec<_> = paths.iter().map(|path| (source(path), format)).collect();
        let targets = name_targets(&sources, out.map(Path::new));
        let format = format.fixed().unwrap_or(OutputFormat::WebP);
        targets.iter().map(|target| target.path(format).display().to_string()).collect()
    }

    #[test]
    fn beside_the_source_or_below_out_with_the_folders_kept() {
        let paths = ["a.png", "trip/b.tar.jpeg"];
        let beside = ["/photos/a-optimized.jpg", "/photos/trip/b.tar-optimized.jpg"];
        assert_eq!(named(&paths, RequestedFormat::Jpeg, None), beside);
        assert_eq!(named(&paths, RequestedFormat::Avif, Some("/o")), ["/o/a.avif", "/o/trip/b.tar.avif"]);
    }

    #[test]
    fn results_of_one_name_are_numbered_in_order() {
        let paths = ["a.gif", "a.jpg", "a.png", "b.png"];
        let expected = ["/o/a.webp", "/o/a-2.webp", "/o/a-3.webp", "/o/b.webp"];
        assert_eq!(named(&paths, RequestedFormat::WebP, Some("/o")), expected);
        assert_eq!(named(&paths, RequestedFormat::Auto, Some("/o")), expected);
    }

    #[test]
    fn a_number_never_takes_the_name_of_another_source() {
        let expected = ["/o/a.webp", "/o/a-3.webp", "/o/a-2.webp"];
        assert_eq!(named(&["a.jpg", "a.png", "a-2.png"], RequestedFormat::WebP, Some("/o")), expected);
    }

    #[test]
    fn a_source_is_never_the_target() {
        let same = named(&["a.jpg", "b.png"], RequestedFormat::Jpeg, Some("/photos"));
        assert_eq!(same, ["/photos/a-2.jpg", "/photos/b.jpg"]);
        let beside = named(&["a.jpg", "a-optimized.jpg"], RequestedFormat::Jpeg, None);
        assert_eq!(beside, ["/photos/a-optimized-2.jpg", "/photos/a-optimized-optimized.jpg"]);
    }
}
