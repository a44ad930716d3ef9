//! The control messages between parent and child: a length of four bytes, big-endian, then JSON.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use domain::Rejection;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Largest message in bytes. The parent does not trust the child, so it never allocates more than this.
const MAX_FRAME: u32 = 64_000;

/// Precedes the child's first message. What a loader or a wrapper printed before it is skipped.
pub(crate) const PREAMBLE: &[u8] = b"\0optimagio-codec-1\0";

/// Most bytes that may come before the preamble.
const MAX_NOISE: usize = 4_096;

/// The parent's first message: who it is and what the child may use for all its life.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Hello {
    pub(crate) parent: i32,
    pub(crate) address_space: u64,
    pub(crate) file_size: u64,
}

/// One job. `address_space` and `cpu_seconds` are its own limits, at most those of the child.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) source: PathBuf,
    pub(crate) result: PathBuf,
    pub(crate) request: imaging::Request,
    pub(crate) address_space: u64,
    pub(crate) cpu_seconds: u64,
}

/// Why the codec made no result.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refusal {
    /// What the owner of the image is told.
    pub rejection: Rejection,
    /// The libraries' own words, for the log only; cut to 1,000 characters.
    pub detail: Option<String>,
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self { rejection, detail: None }
    }
}

impl From<imaging::ImagingError> for Refusal {
    fn from(error: imaging::ImagingError) -> Self {
        Self { rejection: error.rejection(), detail: Some(error.to_string().chars().take(1_000).collect()) }
    }
}

/// What the child says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// Limited, warm and waiting for the first job.
    Ready,
    /// It has a job and begins: what ends it from now on is the job's doing.
    Accepted,
    Done {
        report: imaging::Report,
        sha256: String,
        codec_micros: u64,
        peak_rss_bytes: Option<u64>,
    },
    Rejected(Refusal),
    /// The source cannot be read, the result cannot be written, or the codec cannot start.
    Failed(String),
}

/// A message with its length in front.
pub(crate) fn frame(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, message)?;
    let length = u32::try_from(bytes.len() - 4).unwrap_or(u32::MAX);
    check(length)?;
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    Ok(bytes)
}

fn check(length: u32) -> io::Result<()> {
    if length <= MAX_FRAME {
        return Ok(());
    }
    let problem = format!("a control message of {length} bytes is longer than {MAX_FRAME}");
    Err(io::Error::new(io::ErrorKind::InvalidData, problem))
}

/// Writes one message, blocking.
pub(crate) fn send(out: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    out.write_all(&frame(message)?)?;
    out.flush()
}

/// Reads one message, blocking; `None` where the other side has closed between two messages.
pub(crate) fn receive<T: DeserializeOwned>(input: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    if input.read(&mut length[..1])? == 0 {
        return Ok(None);
    }
    input.read_exact(&mut length[1..])?;
    let length = u32::from_be_bytes(length);
    check(length)?;
    let mut bytes = vec![0; length as usize];
    input.read_exact(&mut bytes)?;
    Ok(Some(serde_json::from_slice(&bytes)?))
}

/// Reads one message of the child.
pub(crate) async fn receive_async<T: DeserializeOwned>(
    input: &mut (impl AsyncRead + Unpin),
) -> io::Result<T> {
    let length = input.read_u32().await?;
    check(length)?;
    let mut bytes = vec![0; length as usize];
    input.read_exact(&mut bytes).await?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// Reads up to and including the child's preamble.
pub(crate) async fn skip_to_preamble(input: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    let mut seen = Vec::new();
    while !seen.ends_with(PREAMBLE) {
        if seen.len() == MAX_NOISE + PREAMBLE.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it speaks another protocol"));
        }
        seen.push(input.read_u8().await?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_round_trips_and_the_end_is_none() {
        let mut wire = Vec::new();
        send(&mut wire, &Answer::Failed("no disc".to_owned())).unwrap();
        let mut input = wire.as_slice();
        let answer: Option<Answer> = receive(&mut input).unwrap();
        assert!(matches!(answer, Some(Answer::Failed(text)) if text == "no disc"));
        assert!(receive::<Answer>(&mut input).unwrap().is_none());
    }

    #[test]
    fn too_long_a_message_is_refused_before_it_is_read() {
        assert!(frame(&"x".repeat(MAX_FRAME as usize)).is_err());
        let error = receive::<Answer>(&mut [0xff_u8; 8].as_slice()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn half_a_message_is_an_error() {
        let wire = frame(&Answer::Ready).unwrap();
        assert!(receive::<Answer>(&mut &wire[..2]).is_err());
        assert!(receive::<Answer>(&mut &wire[..wire.len() - 1]).is_err());
    }

    #[tokio::test]
    async fn noise_before_the_preamble_is_skipped_up_to_a_bound() {
        let mut wire = b"running 1 test\n".to_vec();
        wire.extend_from_slice(PREAMBLE);
        wire.extend(frame(&Answer::Ready).unwrap());
        let mut input = wire.as_slice();
        skip_to_preamble(&mut input).await.unwrap();
        assert!(matches!(receive_async(&mut input).await.unwrap(), Answer::Ready));
        assert!(skip_to_preamble(&mut [b'x'; 100_000].as_slice()).await.is_err());
    }
}
