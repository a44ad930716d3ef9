//! What the user sees at the end: a table or one JSON document.

use std::fmt::Write;

use indicatif::DecimalBytes;
use serde_json::{Value, json};

use super::outcome::{Outcome, Run, percent};

/// One JSON document. Paths that are no Unicode are shown with replacement characters.
pub(super) fn json(run: &Run) -> String {
    let totals = run.totals();
    let document = json!({
        "files": run.outcomes.iter().map(file).collect::<Vec<_>>(),
        "totals": {
            "optimized": totals.optimized,
            "failed": totals.failed,
            "skipped": run.skipped,
            "interrupted": run.interrupted,
            "original_size": totals.original_size,
            "optimized_size": totals.optimized_size,
            "percent": percent(totals.original_size, totals.optimized_size),
        },
    });
    format!("{document:#}\n")
}

fn file(outcome: &Outcome) -> Value {
    let path = outcome.path.display().to_string();
    let original_size = outcome.original_size;
    match &outcome.result {
        Ok(written) => json!({
            "path": path,
            "output": written.path.display().to_string(),
            "original_size": original_size,
            "optimized_size": written.size,
            "percent": percent(original_size.unwrap_or_default(), written.size),
            "format": written.report.format,
            "width": written.report.width,
            "height": written.report.height,
            "encoder": written.report.encoder,
            "quality": written.report.quality.map(decimal),
            "quality_score": written.report.score.map(decimal),
            "placeholder": written.report.placeholder,
            "codec_ms": micros(&written.report) / 1_000.0,
            "notes": written.report.notes,
            "reason": written.report.reason,
            "error": null,
        }),
        Err(rejection) => json!({
            "path": path,
            "output": null,
            "original_size": original_size,
            "error": { "code": rejection.code.as_str(), "message": rejection.message },
        }),
    }
}

/// Two decimals, without the digits that a 32-bit float adds as a 64-bit one.
fn decimal(score: f32) -> f64 {
    (f64::from(score) * 100.0).round() / 100.0
}

/// Time in the codec.
#[allow(clippy::cast_precision_loss, reason = "microseconds of one image need no 53 bits")]
fn micros(report: &imaging::Report) -> f64 {
    (report.decode_micros + report.encode_micros) as f64
}

/// A table of file, before, after and saved, with the totals below and then the failures.
pub(super) fn table(run: &Run) -> String {
    let totals = run.totals();
    let name = |outcome: &Outcome| printable(&outcome.path.display().to_string());
    let width =
        run.outcomes.iter().map(|outcome| name(outcome).chars().count()).max().unwrap_or(0).clamp(5, 60);
    let mut text = String::new();
    let mut row = |name: &str, before: &str, after: &str, saved: &str, score: &str| {
        // Writing to a String cannot fail.
        let line = format!("{name:<width$}  {before:>11}  {after:>11}  {saved:>7}  {score:>5}");
        let _ = writeln!(text, "{}", line.trim_end());
    };
    row("File", "Before", "After", "Saved", "Score");
    for outcome in &run.outcomes {
        let before = outcome.original_size.map_or_else(|| "-".to_owned(), size);
        match &outcome.result {
            Ok(written) => {
                let saved = percent(outcome.original_size.unwrap_or_default(), written.size);
                let score =
                    written.report.score.map_or_else(|| "-".to_owned(), |score| format!("{score:.1}"));
                row(&name(outcome), &before, &size(written.size), &format!("{saved:.1} %"), &score);
            }
            Err(_) => row(&name(outcome), &before, "failed", "-", "-"),
        }
    }
    let saved = percent(totals.original_size, totals.optimized_size);
    let (before, after) = (size(totals.original_size), size(totals.optimized_size));
    row("Total", &before, &after, &format!("{saved:.1} %"), "");
    let interrupted = if run.interrupted { "; interrupted" } else { "" };
    let (optimized, failed, skipped) = (totals.optimized, totals.failed, run.skipped);
    let _ = writeln!(text, "{optimized} optimized, {failed} failed, {skipped} skipped{interrupted}");
    for outcome in &run.outcomes {
        if let Err(rejection) = &outcome.result {
            let _ = writeln!(text, "{}: {}", name(outcome), printable(&rejection.message));
        }
    }
    text
}

fn size(bytes: u64) -> String {
    DecimalBytes(bytes).to_string()
}

/// A file's name may hold control characters that would move the cursor.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use domain::{ErrorCode, OutputFormat, Rejection};

    use super::super::outcome::Written;
    use super::*;

    fn run() -> Run {
        let report = imaging::Report {
            format: OutputFormat::WebP,
            width: 640,
            height: 480,
            frames: 1,
            encoder: "libwebp".to_owned(),
            quality: Some(80.0),
            score: Some(80.25),
            placeholder: Some(domain::Placeholder {
                dominant_color: "#102030".to_owned(),
                thumbhash: "1QcSHQRnh493V4dIh4eXh1h4kJUI".to_owned(),
            }),
            reason: None,
            notes: Vec::new(),
            decode_micros: 1,
            encode_micros: 1,
        };
        let good = Written { path: "out/a.webp".into(), size: 250_000, report };
        let bad = Rejection::new(ErrorCode::InvalidImage, "it is cut off");
        Run {
            outcomes: vec![
                Outcome { path: "a.jpg".into(), original_size: Some(1_000_000), result: Ok(good) },
                Outcome { path: "b\n.png".into(), original_size: None, result: Err(bad) },
            ],
            skipped: 3,
            interrupted: false,
        }
    }

    #[test]
    fn the_table_has_one_line_a_file_the_totals_and_the_reasons() {
        let expected = "\
File         Before        After    Saved  Score
a.jpg       1.00 MB    250.00 kB   75.0 %   80.2
b\u{fffd}.png            -       failed        -      -
Total       1.00 MB    250.00 kB   75.0 %
1 optimized, 1 failed, 3 skipped
b\u{fffd}.png: it is cut off
";
        assert_eq!(table(&run()), expected);
    }

    #[test]
    fn the_document_has_every_field() {
        let document: Value = serde_json::from_str(&json(&run())).unwrap();
        assert_eq!(
            document["files"][0],
            json!({
                "path": "a.jpg", "output": "out/a.webp", "original_size": 1_000_000, "optimized_size": 250_000,
                "percent": 75.0, "format": "webp", "width": 640, "height": 480, "encoder": "libwebp",
                "quality": 80.0, "quality_score": 80.25,
                "placeholder": {"dominant_color": "#102030", "thumbhash": "1QcSHQRnh493V4dIh4eXh1h4kJUI"},
                "codec_ms": 0.002, "notes": [], "reason": null,
                "error": null,
            })
        );
        assert_eq!(
            document["files"][1]["error"],
            json!({ "code": "invalid_image", "message": "it is cut off" })
        );
        assert_eq!(document["totals"]["skipped"], 3);
        assert_eq!(document["totals"]["percent"], 75.0);
    }
}
