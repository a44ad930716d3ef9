use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use uuid::Uuid;

use crate::{Config, Delivery, Letter};

/// Longest wait for one step of the conversation with the server.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time for one letter.
const LETTER_TIMEOUT: Duration = Duration::from_secs(30);

/// Why a letter was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The recipient or the text cannot be written into a message; no repetition helps.
    #[error("the recipient is no mail address")]
    Address,
    /// The message could not be built; no repetition helps.
    #[error("the message could not be built")]
    Build(#[source] lettre::error::Error),
    /// The SMTP server could not be reached or refused.
    #[error("the SMTP server did not take the letter: {0}")]
    Smtp(#[source] lettre::transport::smtp::Error),
    /// The SMTP server took too long.
    #[error("the SMTP server took too long")]
    Timeout,
    /// The file could not be written.
    #[error("the letter could not be written to the mail directory")]
    Write(#[source] std::io::Error),
}

impl MailError {
    /// Whether no repetition can help.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Address | Self::Build(_))
    }
}

/// Sends letters.
#[derive(Clone)]
pub enum Mailer {
    /// To an SMTP server.
    Smtp {
        /// The connection's settings.
        transport: Box<AsyncSmtpTransport<Tokio1Executor>>,
        /// Who letters come from.
        from: Mailbox,
    },
    /// Into a directory, one `.eml` file a letter.
    Directory {
        /// The directory; made where it is missing.
        path: PathBuf,
        /// Who letters come from.
        from: Mailbox,
    },
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Smtp { .. } => "Mailer::Smtp(redacted)",
            Self::Directory { .. } => "Mailer::Directory",
        })
    }
}

impl Mailer {
    /// The configured way out; none where letters are to wait. No server need be up.
    ///
    /// # Errors
    /// [`MailError::Smtp`] where the URL is not usable.
    pub fn new(config: &Config) -> Result<Option<Self>, MailError> {
        let from = config.from.clone();
        Ok(match &config.delivery {
            None => None,
            Some(Delivery::Directory(path)) => Some(Self::Directory { path: path.clone(), from }),
            Some(Delivery::Smtp(url)) => {
                let builder =
                    AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose()).map_err(MailError::Smtp)?;
                let transport = builder.timeout(Some(STEP_TIMEOUT)).build();
                Some(Self::Smtp { transport: Box::new(transport), from })
            }
        })
    }

    /// Sends a letter once. The answer names the file where it was written to one.
    ///
    /// # Errors
    /// [`MailError`]; [`MailError::is_final`] tells whether to try again.
    pub async fn send(&self, letter: &Letter) -> Result<Option<PathBuf>, MailError> {
        match self {
            Self::Smtp { transport, from } => {
                let message = letter.message(from, false)?;
                let sent = tokio::time::timeout(LETTER_TIMEOUT, transport.send(message)).await;
                sent.map_err(|_| MailError::Timeout)?.map_err(MailError::Smtp)?;
                Ok(None)
            }
            Self::Directory { path, from } => {
                let message = letter.message(from, true)?;
                write(path, &message.formatted()).await.map(Some).map_err(MailError::Write)
            }
        }
    }
}

/// Whole files only: a reader who lists `*.eml` never sees half a letter. Names sort by time.
async fn write(directory: &Path, bytes: &[u8]) -> std::io::Result<PathBuf> {
    tokio::fs::create_dir_all(directory).await?;
    let name = Uuid::now_v7();
    let part = directory.join(format!(".{name}.part"));
    tokio::fs::write(&part, bytes).await?;
    let whole = directory.join(format!("{name}.eml"));
    tokio::fs::rename(&part, &whole).await?;
    Ok(whole)
}
