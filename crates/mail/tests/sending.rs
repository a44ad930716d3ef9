//! Letters to a real socket and to a real directory.

#![cfg(test)]

use mail::{Config, Letter, MailError, Mailer};
use settings::Reader;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

fn mailer(pairs: &[(&str, &str)]) -> Mailer {
    let mut reader = Reader::from_pairs(pairs.iter().copied());
    let config = Config::read(&mut reader);
    reader.finish().unwrap();
    Mailer::new(&config).unwrap().unwrap()
}

fn letter(recipient: &str) -> Letter {
    Letter {
        recipient: recipient.to_owned(),
        subject: "Grüße".to_owned(),
        body: "Follow the link:\n.\nhttps://example.com/x?token=abc\n".to_owned(),
    }
}

/// Speaks as much SMTP as one letter needs, and returns what it was told.
async fn receive(socket: TcpStream, refused: &str) -> Vec<String> {
    let (read, mut write) = socket.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut heard = Vec::new();
    write.write_all(b"220 test ESMTP\r\n").await.unwrap();
    let mut in_data = false;
    while let Some(line) = lines.next_line().await.unwrap() {
        heard.push(line.clone());
        let answer = match line.as_str() {
            "." if in_data => {
                in_data = false;
                "250 taken\r\n"
            }
            _ if in_data => continue,
            "DATA" => {
                in_data = true;
                "354 go on\r\n"
            }
            "QUIT" => "221 bye\r\n",
            line if !refused.is_empty() && line.contains(refused) => "550 no such person\r\n",
            _ => "250 fine\r\n",
        };
        write.write_all(answer.as_bytes()).await.unwrap();
        if line == "QUIT" {
            break;
        }
    }
    heard
}

#[tokio::test]
async fn a_letter_reaches_an_smtp_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move { receive(listener.accept().await.unwrap().0, "").await });
    let mailer = mailer(&[("MAIL_SMTP_URL", &url), ("MAIL_FROM", "Us <us@example.com>")]);
    mailer.send(&letter("you@example.com")).await.unwrap();
    // The connection is kept for the next letter or closed with the mailer.
    drop(mailer);
    let heard = server.await.unwrap();
    assert!(heard.iter().any(|line| line.starts_with("MAIL FROM:<us@example.com>")), "{heard:?}");
    assert!(heard.iter().any(|line| line == "RCPT TO:<you@example.com>"), "{heard:?}");
    assert!(heard.iter().any(|line| line == "To: you@example.com"), "{heard:?}");
    assert!(heard.iter().any(|line| line == "https://example.com/x?token=abc"), "{heard:?}");
    assert!(heard.iter().any(|line| line == ".."), "a line with a dot is stuffed: {heard:?}");
    assert!(heard.iter().any(|line| line.starts_with("Message-ID: <")), "{heard:?}");
}

#[tokio::test]
async fn a_refused_recipient_and_a_server_that_is_down_may_be_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { receive(listener.accept().await.unwrap().0, "RCPT").await });
    let mailer = mailer(&[("MAIL_SMTP_URL", &format!("smtp://{address}"))]);
    let refused = mailer.send(&letter("you@example.com")).await.unwrap_err();
    assert!(matches!(refused, MailError::Smtp(_)) && !refused.is_final(), "{refused:?}");
    server.abort();
    let _ = server.await;
    let down = mailer.send(&letter("you@example.com")).await.unwrap_err();
    assert!(matches!(down, MailError::Smtp(_)) && !down.is_final(), "{down:?}");
    assert!(mailer.send(&letter("not an address")).await.unwrap_err().is_final());
}

#[tokio::test]
async fn a_letter_becomes_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("deeper");
    let mailer = mailer(&[("MAIL_DIRECTORY", path.to_str().unwrap())]);
    for number in 0..2 {
        mailer.send(&letter(&format!("you{number}@example.com"))).await.unwrap();
    }
    let mut names: Vec<_> = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert_eq!(names.len(), 2);
    for (number, name) in names.iter().enumerate() {
        let text = std::fs::read_to_string(name).unwrap();
        assert!(text.contains(&format!("To: you{number}@example.com\r\n")), "{text}");
        assert!(text.contains("https://example.com/x?token=abc"), "{text}");
    }
}
