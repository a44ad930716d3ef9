use std::path::PathBuf;

use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use settings::{Reader, Secret};

/// Settings of outgoing mail.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where letters go; without one they stay where they are kept.
    pub delivery: Option<Delivery>,
    /// Who they come from.
    pub from: Mailbox,
}

/// Where letters go.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// An SMTP server's URL, with its password.
    Smtp(Secret),
    /// A directory, one file a letter.
    Directory(PathBuf),
}

const SMTP_URL: &str = "MAIL_SMTP_URL";
const FROM: &str = "MAIL_FROM";
const DIRECTORY: &str = "MAIL_DIRECTORY";

impl Config {
    /// Reads `MAIL_SMTP_URL`, `MAIL_FROM` and `MAIL_DIRECTORY`.
    pub fn read(reader: &mut Reader) -> Self {
        let url: Option<Secret> = reader.optional(
            SMTP_URL,
            "SMTP server: smtps://user:password@host, or smtp://host:port?tls=required for STARTTLS",
        );
        let from: String =
            reader.or(FROM, "Optimagio <no-reply@optimagio.example>".to_owned(), "sender of mails");
        let directory: Option<PathBuf> = reader.optional(
            DIRECTORY,
            "directory that mails are written to, for development; without it and MAIL_SMTP_URL they wait in the database",
        );
        if url.is_some() && directory.is_some() {
            reader.fail(DIRECTORY, format!("cannot be used together with {SMTP_URL}"));
        }
        if let Some(url) = &url {
            // The error would show the URL, and in it the password.
            if AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose()).is_err() {
                reader.fail(SMTP_URL, "is no smtp:// or smtps:// URL");
            }
        }
        let from = from.parse().unwrap_or_else(|_| {
            reader.fail(FROM, "is no mail address such as Name <name@example.com>");
            nobody()
        });
        Self { delivery: url.map(Delivery::Smtp).or(directory.map(Delivery::Directory)), from }
    }
}

/// Stands in after a failure that [`Reader::finish`] reports; never used to send.
#[allow(clippy::expect_used, reason = "a literal that a test reads")]
fn nobody() -> Mailbox {
    "nobody@optimagio.example".parse().expect("an address")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_required_and_a_url_with_a_password_is_not_shown() {
        let mut reader = Reader::from_pairs([("MAIL_SMTP_URL", "smtps://me:hunter2@mail.example.com")]);
        let config = Config::read(&mut reader);
        assert!(reader.finish().is_ok());
        assert!(matches!(config.delivery, Some(Delivery::Smtp(_))));
        assert!(!format!("{config:?}").contains("hunter2"));
        let mut reader = Reader::from_pairs([("X", "")]);
        assert!(Config::read(&mut reader).delivery.is_none());
        assert!(reader.finish().is_ok());
    }

    #[test]
    fn mistakes_are_named_without_the_value() {
        let mut reader = Reader::from_pairs([
            ("MAIL_SMTP_URL", "https://me:hunter2@mail.example.com"),
            ("MAIL_FROM", "not an address"),
            ("MAIL_DIRECTORY", "mails"),
        ]);
        Config::read(&mut reader);
        let errors = reader.finish().unwrap_err().to_string();
        for name in [SMTP_URL, FROM, DIRECTORY] {
            assert!(errors.contains(&format!("{name}: ")), "{errors}");
        }
        assert!(!errors.contains("hunter2"), "{errors}");
        assert_eq!(nobody().email.domain(), "optimagio.example");
    }
}
