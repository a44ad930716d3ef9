use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Body, Mailbox};
use lettre::{Address, Message};

use crate::MailError;

/// A letter in plain text to one person.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// The address.
    pub recipient: String,
    /// One line.
    pub subject: String,
    /// Plain text; lines end with `\n`.
    pub body: String,
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Letters carry addresses and tokens.
        f.write_str("Letter(redacted)")
    }
}

impl Letter {
    /// The message as it is sent. `readable` keeps the text as it is, for people who read the file; otherwise it
    /// is encoded for servers that pass 7 bits.
    pub(crate) fn message(&self, from: &Mailbox, readable: bool) -> Result<Message, MailError> {
        let recipient: Address = self.recipient.parse().map_err(|_| MailError::Address)?;
        let body = match readable {
            true => {
                let text = self.body.replace('\n', "\r\n").into_bytes();
                Body::dangerous_pre_encoded(text, ContentTransferEncoding::EightBit)
            }
            false => Body::new(self.body.clone()),
        };
        Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, recipient))
            .subject(one_line(&self.subject))
            .message_id(None)
            .header(ContentType::TEXT_PLAIN)
            .body(body)
            .map_err(MailError::Build)
    }
}

/// A subject is one line whatever the names in it hold.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(letter: &Letter) -> String {
        let from: Mailbox = "Optimagio <no-reply@optimagio.example>".parse().unwrap();
        String::from_utf8(letter.message(&from, false).unwrap().formatted()).unwrap()
    }

    fn letter() -> Letter {
        Letter {
            recipient: "you@example.com".to_owned(),
            subject: "Hello".to_owned(),
            body: "Line one\nLine two".to_owned(),
        }
    }

    /// The names of the header fields.
    fn fields(message: &str) -> Vec<&str> {
        let head = message.split("\r\n\r\n").next().unwrap();
        let starts = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
        starts.map(|line| line.split(':').next().unwrap()).collect()
    }

    #[test]
    fn no_text_can_add_a_header_or_end_the_head() {
        let plain = formatted(&letter());
        let evil = [
            "Hi\r\nBcc: all@example.com",
            "Hi\nBcc: all@example.com\n\nbody",
            "Hi\rBcc: x@example.com",
            "Hi\u{2028}Bcc: x@example.com\u{85}",
            "é\r\nBcc: all@example.com",
            &format!("{}\r\nBcc: all@example.com", "x".repeat(2_000)),
        ];
        for subject in evil {
            let message = formatted(&Letter { subject: subject.to_owned(), ..letter() });
            assert_eq!(fields(&message), fields(&plain), "{message}");
            assert!(message.ends_with("Line one\r\nLine two"), "{message}");
        }
    }

    #[test]
    fn an_address_with_a_line_break_or_a_second_recipient_is_refused() {
        let from: Mailbox = "no-reply@optimagio.example".parse().unwrap();
        for address in [
            "you@example.com\r\nBcc: all@example.com",
            "you@example.com, other@example.com",
            "you@example.com>\r\nRCPT TO:<x@example.com",
            "",
            "you",
            "you @example.com",
            "@example.com",
        ] {
            let letter = Letter { recipient: address.to_owned(), ..letter() };
            assert!(matches!(letter.message(&from, false), Err(MailError::Address)), "{address:?}");
        }
    }

    #[test]
    fn a_readable_letter_keeps_its_text() {
        let from: Mailbox = "no-reply@optimagio.example".parse().unwrap();
        let body = format!("Für dich: {}\n", "x".repeat(120));
        let letter = Letter { body, ..letter() };
        let text = String::from_utf8(letter.message(&from, true).unwrap().formatted()).unwrap();
        assert!(text.contains(&format!("Für dich: {}", "x".repeat(120))), "{text}");
    }
}
