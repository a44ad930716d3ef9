//! `optimagio optimize` as its user runs it.

use bench::{Bench, set};
use serde_json::Value;

/// A plain red PNG of 2x2 pixels.
const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00,
    0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x02, 0x08, 0x02, 0x00, 0x00, 0x00, 0xfd, 0xd4, 0x9a, 0x73, 0x00,
    0x00, 0x00, 0x10, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0xf8, 0xcf, 0xc0, 0x00, 0x44, 0x0c, 0x10,
    0x0a, 0x00, 0x1f, 0xee, 0x03, 0xfd, 0x8b, 0x5f, 0x14, 0xd4, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e,
    0x44, 0xae, 0x42, 0x60, 0x82,
];

#[cfg(test)]
mod bench {
    use std::collections::BTreeSet;
    use std::path::Path;
    use std::process::{Command, Output};

    use serde_json::Value;

    use super::PNG;

    fn optimize(folder: &Path, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_optimagio"))
            .arg("optimize")
            .args(arguments)
            .current_dir(folder)
            .env("CODEC_TEMP_DIR", scratch(folder))
            .output()
            .unwrap()
    }

    /// Where the codec's temporary files go: beside the folder, so that it holds the results only.
    fn scratch(folder: &Path) -> std::path::PathBuf {
        folder.parent().unwrap().join("scratch")
    }

    pub(crate) struct Bench {
        root: tempfile::TempDir,
    }

    impl Bench {
        /// A folder `photos` with these files; what is no image says so.
        pub(crate) fn with(files: &[&str]) -> Self {
            let bench = Self { root: tempfile::tempdir().unwrap() };
            std::fs::create_dir(bench.root.path().join("scratch")).unwrap();
            std::fs::create_dir(bench.folder()).unwrap();
            for file in files {
                let path = bench.folder().join(file);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                let bytes = if file.ends_with(".txt") { b"not an image".as_slice() } else { PNG };
                std::fs::write(path, bytes).unwrap();
            }
            bench
        }

        pub(crate) fn folder(&self) -> std::path::PathBuf {
            self.root.path().join("photos")
        }

        /// Runs the command in the folder; its status must be `status` and nothing temporary may be left.
        pub(crate) fn run(&self, arguments: &[&str], status: i32) -> String {
            let output = optimize(&self.folder(), arguments);
            let (text, errors) =
                (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
            assert_eq!(output.status.code(), Some(status), "{text}{errors}");
            assert_eq!(
                std::fs::read_dir(scratch(&self.folder())).unwrap().count(),
                0,
                "temporary files are left"
            );
            text
        }

        pub(crate) fn json(&self, arguments: &[&str], status: i32) -> Value {
            serde_json::from_str(&self.run(&[arguments, &["--json"]].concat(), status)).unwrap()
        }

        pub(crate) fn files(&self) -> BTreeSet<String> {
            let walk = walkdir::WalkDir::new(self.folder()).into_iter().map(Result::unwrap);
            let files = walk.filter(|entry| entry.file_type().is_file());
            files
                .map(|entry| entry.path().strip_prefix(self.folder()).unwrap().display().to_string())
                .collect()
        }
    }

    pub(crate) fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
        names.map(str::to_owned).into()
    }
}

#[test]
fn a_result_lies_beside_its_source_which_is_not_touched() {
    let bench = Bench::with(&["a.png"]);
    let document = bench.json(&["a.png", "--format", "webp"], 0);
    assert_eq!(bench.files(), set(["a.png", "a-optimized.webp"]));
    assert_eq!(std::fs::read(bench.folder().join("a.png")).unwrap(), PNG);
    let file = &document["files"][0];
    let written = std::fs::read(bench.folder().join("a-optimized.webp")).unwrap();
    assert_eq!(&written[8..12], b"WEBP");
    assert_eq!(file["output"], "./a-optimized.webp");
    assert_eq!(file["original_size"], PNG.len());
    assert_eq!(file["optimized_size"], written.len());
    assert_eq!((&file["width"], &file["height"]), (&2.into(), &2.into()));
    assert_eq!(file["error"], Value::Null);
}

#[test]
fn folders_are_searched_and_kept_below_out() {
    let bench = Bench::with(&["a.png", "trip/b.png", "trip/notes.txt"]);
    let document = bench.json(&[".", "--out", "out", "--format", "jpeg", "--jobs", "1"], 0);
    let files = set(["a.png", "trip/b.png", "trip/notes.txt", "out/a.jpg", "out/trip/b.jpg"]);
    assert_eq!(bench.files(), files);
    assert_eq!(document["totals"]["optimized"], 2);
    assert_eq!(document["totals"]["skipped"], 1);
    // Once more: the results in the folder are no sources, and nothing is overwritten unless told.
    let document = bench.json(&[".", "--out", "out", "--format", "jpeg"], 2);
    assert_eq!(document["totals"]["failed"], 2);
    assert_eq!(document["files"][0]["error"]["code"], "already_exists");
    bench.run(&[".", "--out", "out", "--format", "jpeg", "--overwrite"], 0);
    assert_eq!(bench.files(), files);
}

#[test]
fn results_of_one_name_are_all_kept() {
    let bench = Bench::with(&["a.gif", "a.jpg", "a.png"]);
    bench.run(&[".", "--out", "out", "--format", "webp"], 0);
    let results = set(["out/a.webp", "out/a-2.webp", "out/a-3.webp"]);
    assert!(results.is_subset(&bench.files()), "{:?}", bench.files());
}

#[test]
fn a_second_run_over_a_folder_leaves_the_first_runs_results_alone() {
    let bench = Bench::with(&["a.png"]);
    bench.run(&["."], 0);
    let document = bench.json(&[".", "--overwrite"], 0);
    assert_eq!(bench.files(), set(["a.png", "a-optimized.png"]));
    assert_eq!(document["totals"]["skipped"], 1);
}

#[test]
fn a_named_file_that_is_no_image_fails_and_the_others_are_written() {
    let bench = Bench::with(&["a.png", "notes.txt"]);
    let text = bench.run(&["notes.txt", "missing.png", "a.png"], 1);
    assert!(text.contains("1 optimized, 2 failed, 0 skipped"), "{text}");
    assert!(text.contains("notes.txt: not a supported image"), "{text}");
    assert!(text.contains("missing.png: cannot be read"), "{text}");
    assert!(bench.files().contains("a-optimized.png"));
}

#[test]
fn nothing_to_do_and_wrong_usage_are_2() {
    let bench = Bench::with(&["notes.txt"]);
    bench.run(&["."], 2);
    bench.run(&["notes.txt"], 2);
    bench.run(&[".", "--format", "heic"], 2);
    bench.run(&[".", "--width", "0"], 2);
    bench.run(&[], 2);
    let help = bench.run(&["--help"], 0);
    assert!(help.contains("1    some images failed"), "{help}");
}

#[test]
fn a_damaged_image_fails_with_its_code() {
    let bench = Bench::with(&["good.png"]);
    std::fs::write(bench.folder().join("bad.png"), &PNG[..50]).unwrap();
    let document = bench.json(&["."], 1);
    assert_eq!(document["files"][0]["path"], "./bad.png");
    assert_eq!(document["files"][0]["error"]["code"], "invalid_image");
    assert_eq!(document["totals"]["optimized"], 1);
}
