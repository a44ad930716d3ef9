//! A codec that does what the text of the source tells it.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, abort, exit};

use domain::{ErrorCode, OutputFormat, Rejection};

pub(crate) fn report() -> imaging::Report {
    imaging::Report {
        format: OutputFormat::WebP,
        width: 3,
        height: 2,
        frames: 1,
        encoder: "test".to_owned(),
        quality: None,
        score: None,
        placeholder: None,
        reason: Some("already_optimal".to_owned()),
        notes: vec!["a note".to_owned()],
        decode_micros: 1,
        encode_micros: 2,
    }
}

pub(crate) fn rejection() -> Rejection {
    Rejection::new(ErrorCode::UnsupportedFormat, "not an image")
}

pub(crate) fn obey(source: &[u8], _: &imaging::Request) -> Result<imaging::Encoded, Rejection> {
    let text = std::str::from_utf8(source).unwrap();
    let (verb, argument) = text.split_once(' ').unwrap_or((text, ""));
    if verb == "reject" {
        return Err(rejection());
    }
    let bytes = match verb {
        "ok" => argument.as_bytes().to_vec(),
        "large-result" => vec![0; argument.parse().unwrap()],
        "hog" => hog(argument.parse().unwrap()),
        "write" => spill(argument.parse().unwrap()),
        "note" => note_and_sleep(argument),
        "abort" | "panic" | "exit" | "loop" | "sleep" | "garbage" => end(verb),
        _ => probe(verb).into_bytes(),
    };
    Ok(imaging::Encoded { bytes, report: report() })
}

fn end(how: &str) -> ! {
    match how {
        "abort" => abort(),
        "panic" => panic!("as told"),
        "exit" => exit(0),
        "garbage" => garbage(),
        "loop" => loop {
            std::hint::spin_loop();
        },
        _ => loop {
            std::thread::park();
        },
    }
}

/// Says nonsense where the parent listens: the first descriptor from 3 on that is a pipe and writable.
fn garbage() -> ! {
    for number in 3..32 {
        let path = format!("/proc/self/fd/{number}");
        let pipe = std::fs::read_link(&path).is_ok_and(|to| to.to_string_lossy().starts_with("pipe:"));
        if pipe && let Ok(mut file) = std::fs::OpenOptions::new().write(true).open(&path) {
            let _ = file.write_all(&[0xff; 16]);
        }
    }
    end("sleep")
}

fn note_and_sleep(path: &str) -> ! {
    std::fs::write(path, format!("{}\n", std::process::id())).unwrap();
    end("sleep")
}

fn hog(mebibytes: usize) -> Vec<u8> {
    let hoard = vec![7_u8; mebibytes << 20];
    assert_eq!(hoard.iter().step_by(4_096).map(|byte| u64::from(*byte)).sum::<u64>() % 7, 0);
    mebibytes.to_string().into_bytes()
}

fn temp_file() -> PathBuf {
    std::env::temp_dir().join("vips-0-1.v")
}

fn spill(bytes: usize) -> Vec<u8> {
    std::fs::write(temp_file(), vec![0; bytes]).unwrap();
    bytes.to_string().into_bytes()
}

fn probe(what: &str) -> String {
    match what {
        "pid" => std::process::id().to_string(),
        "env" => {
            let mut names: Vec<_> = environment();
            names.sort();
            names.join(" ")
        }
        "spill" => {
            spill(10);
            std::env::temp_dir().display().to_string()
        }
        "spill-and-abort" => {
            spill(10);
            abort()
        }
        "socket" => failure(std::net::UdpSocket::bind("127.0.0.1:0").err()),
        "exec" => failure(Command::new("/bin/true").spawn().err()),
        "kill-parent" => {
            let parent = rustix::process::getppid().unwrap();
            failure(rustix::process::test_kill_process(parent).err().map(Into::into))
        }
        "thread" => std::thread::spawn(|| "a thread ran".to_owned()).join().unwrap(),
        "print" => {
            std::io::stdout().write_all(b"libraries print").unwrap();
            std::io::stdout().flush().unwrap();
            "printed".to_owned()
        }
        other => panic!("no such verb: {other}"),
    }
}

fn failure(error: Option<std::io::Error>) -> String {
    error.map_or_else(|| "it worked".to_owned(), |error| error.to_string())
}

/// The names of the variables that this process was started with.
fn environment() -> Vec<String> {
    let mut text = String::new();
    std::fs::File::open("/proc/self/environ").unwrap().read_to_string(&mut text).unwrap();
    text.split_terminator('\0').filter_map(|pair| Some(pair.split_once('=')?.0.to_owned())).collect()
}
