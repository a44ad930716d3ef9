//! RELIABILITY T1 to T30 over HTTP and on the command line: each file gets its stated answer, the same one twice,
//! within the limits of time and memory, and leaves nothing behind.

#![cfg(test)]

mod system;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use domain::Tier;
use serde_json::Value;
use system::{Client, Form, SOON, System, files};
use testkit::hostile::{Attack, PAYLOAD, attacks, largest_png};

/// Longest time for one answer (RELIABILITY R16).
const LONGEST: Duration = Duration::from_secs(20);
/// Most resident memory of a codec process, in kB (RELIABILITY R16).
const MOST_RESIDENT_KB: u64 = 1_500_000;

/// The largest picture takes most of what the codec has by default, on a machine that does nothing else.
const SLOW_MACHINE: [(&str, &str); 2] = [("CODEC_TIMEOUT_SECONDS", "120"), ("CODEC_CPU_SECONDS", "120")];

/// An answer without what may differ between two runs: code and message, or format, size and content.
type Answer = Vec<String>;

fn accepted(format: &Value, width: &Value, height: &Value, result: &[u8]) -> Answer {
    assert!(!result.windows(PAYLOAD.len()).any(|part| part == PAYLOAD.as_bytes()), "the payload is left");
    let content = format!("{} bytes, {:08x}", result.len(), crc32fast::hash(result));
    vec!["accepted".to_owned(), format.to_string(), width.to_string(), height.to_string(), content]
}

fn refused(code: &Value, message: &Value) -> Answer {
    vec![code.as_str().unwrap().to_owned(), message.as_str().unwrap().to_owned()]
}

async fn over_http(client: &Client, attack: &Attack) -> Answer {
    let started = Instant::now();
    let (status, body) = client.optimize(Form::image(&attack.name, attack.bytes.clone())).await;
    assert!(started.elapsed() < LONGEST, "{} took {:?}", attack.name, started.elapsed());
    if status != 200 {
        assert_eq!(status, 400, "{}: {body}", attack.name);
        return refused(&body["error"], &body["message"]);
    }
    let data = &body["data"];
    let result = client.get(data["optimized_url"].as_str().unwrap()).await;
    let header = |name| result.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-security-policy").contains("sandbox"));
    accepted(&data["format"], &data["width"], &data["height"], &result.bytes().await.unwrap())
}

/// The highest resident memory that any child of a process has had so far, in kB; 0 without a child.
fn peak_of_children(parent: u32) -> u64 {
    let statuses = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        // A process may end between the listing and the reading.
        std::fs::read_to_string(entry.unwrap().path().join("status")).ok()
    });
    let field = |status: &str, name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    let ours = statuses.filter(|status| field(status, "PPid:") == Some(parent.into()));
    ours.filter_map(|status| field(&status, "VmHWM:")).max().unwrap_or(0)
}

/// Every answer that is not the stated one, or not the same both times.
fn deviations<'a>(all: impl Iterator<Item = (&'a Attack, &'a [Answer; 2])>) -> Vec<String> {
    let deviates = |(attack, answers): (&Attack, &[Answer; 2])| {
        let Attack { class, name, refused, .. } = attack;
        let [first, second] = answers;
        let wanted = refused.unwrap_or("accepted");
        (first[0] != wanted || first != second)
            .then(|| format!("{class} {name}: not {wanted} but {first:?}, then {second:?}"))
    };
    all.filter_map(deviates).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_class_gets_its_answer_over_http() {
    let system = System::start().await;
    // Two accounts share no result: both have every file worked on.
    let ((first, key), second) = (system.account(Tier::Business).await, system.client(Tier::Business).await);
    let clients = [Client::new(system.base(), Some(key)), second];
    let form = Form::image("a.png", testkit::images::png_rgb(80, 60, 1)).text("format", "avif");
    let avif = clients[0].download(&clients[0].optimize(form).await.1).await;

    let mut all = Vec::new();
    let mut peak = 0;
    for attack in attacks(&avif) {
        let answers = [over_http(&clients[0], &attack).await, over_http(&clients[1], &attack).await];
        peak = peak.max(peak_of_children(system.roles[0].pid()));
        all.push((attack, answers));
    }
    let found = deviations(all.iter().map(|(attack, answers)| (attack, answers)));
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!((1..MOST_RESIDENT_KB).contains(&peak), "{peak} kB");
    let charged = all.iter().filter(|(attack, _)| attack.refused.is_none()).count() + 1;
    assert_eq!(
        usize::try_from(system.ledger_rows(first).await),
        Ok(charged),
        "what is refused costs nothing"
    );
    assert_eq!(files(&system.roles[0].uploads()), 0);
    testkit::wait_until(SOON, "nothing but the lock in the codec's directory", async || {
        files(&system.roles[0].codec()) == 1
    })
    .await;
    system.assert_no_errors_logged();
}

/// Runs `optimagio optimize --json` in `folder`; its temporary directory is empty afterwards.
fn optimize(folder: &Path, arguments: &[&str]) -> Value {
    let scratch = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_optimagio"))
        .args(["optimize", "--json", "--fast"])
        .args(arguments)
        .current_dir(folder)
        .env("CODEC_TEMP_DIR", scratch.path())
        .envs(SLOW_MACHINE)
        .output()
        .unwrap();
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0, "temporary files are left");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The answer to each file of `folder` that is named, by its name; the results go to `out`.
fn on_the_command_line(folder: &Path, names: &[&str], out: &str) -> BTreeMap<String, Answer> {
    let run = optimize(folder, &[names, &["--out", out]].concat());
    let answer = |file: &Value| {
        let error = &file["error"];
        if !error.is_null() {
            return refused(&error["code"], &error["message"]);
        }
        let result = std::fs::read(folder.join(file["output"].as_str().unwrap())).unwrap();
        accepted(&file["format"], &file["width"], &file["height"], &result)
    };
    let files = run["files"].as_array().unwrap().iter();
    files.map(|file| (file["path"].as_str().unwrap().to_owned(), answer(file))).collect()
}

#[test]
fn every_class_gets_its_answer_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("seed.png"), testkit::images::png_rgb(80, 60, 1)).unwrap();
    let made = optimize(folder, &["seed.png", "--format", "avif", "--out", "seed"]);
    let avif = std::fs::read(folder.join(made["files"][0]["output"].as_str().unwrap())).unwrap();

    let all = attacks(&avif);
    for attack in &all {
        std::fs::write(folder.join(&attack.name), &attack.bytes).unwrap();
    }
    let names: Vec<_> = all.iter().map(|attack| attack.name.as_str()).collect();
    let started = Instant::now();
    let runs = ["first", "second"].map(|out| on_the_command_line(folder, &names, out));
    assert!(started.elapsed() < LONGEST * 4, "{:?}", started.elapsed());
    let both: Vec<_> =
        all.iter().map(|attack| runs.each_ref().map(|run| run[&attack.name].clone())).collect();
    let found = deviations(all.iter().zip(&both));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_largest_picture_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("largest.png"), largest_png()).unwrap();
    let run = optimize(folder.path(), &["largest.png", "--out", "out"]);
    let file = &run["files"][0];
    assert_eq!((&file["width"], &file["height"]), (&10_000.into(), &10_000.into()), "{run}");
}
