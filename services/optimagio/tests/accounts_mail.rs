//! Letters through SMTP: a recipient that is refused holds up nobody, and nothing is lost without a server.

#![cfg(test)]

mod system;

use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::json;
use system::{SOON, System};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

type Letters = Arc<Mutex<Vec<String>>>;

/// An SMTP server that keeps letters, and refuses every recipient whose address holds `refused`.
async fn receiver(listener: TcpListener, letters: Letters, refused: &'static str) {
    while let Ok((socket, _)) = listener.accept().await {
        tokio::spawn(receive(socket, letters.clone(), refused));
    }
}

async fn receive(socket: TcpStream, letters: Letters, refused: &'static str) -> std::io::Result<()> {
    let (read, mut write) = socket.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 test ESMTP\r\n").await?;
    let mut letter: Option<String> = None;
    while let Some(line) = lines.next_line().await? {
        let answer = match (&mut letter, line.as_str()) {
            (Some(text), ".") => {
                letters.lock().unwrap().push(std::mem::take(text));
                letter = None;
                "250 taken\r\n"
            }
            (Some(text), line) => {
                text.push_str(line);
                text.push('\n');
                continue;
            }
            (None, "DATA") => {
                letter = Some(String::new());
                "354 go on\r\n"
            }
            (None, "QUIT") => "221 bye\r\n",
            (None, line) if line.starts_with("RCPT") && line.contains(refused) => "550 no such person\r\n",
            (None, _) => "250 fine\r\n",
        };
        write.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

async fn sign_up(system: &System, email: &str) {
    let body = json!({"email": email, "password": "correct horse battery"});
    let response = system.anonymous().request(Method::POST, "/api/auth/signup").json(&body).send().await;
    assert_eq!(response.unwrap().status(), 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_reach_the_smtp_server_and_a_refused_one_waits_for_its_next_try() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let letters = Letters::default();
    tokio::spawn(receiver(listener, letters.clone(), "bounces@"));
    let settings = testkit::settings().await.with("MAIL_SMTP_URL", url).with("MAIL_FROM", "us@example.com");
    let system = System::with(settings).await;
    for name in ["bounces", "ann", "bob"] {
        sign_up(&system, &format!("{name}@example.com")).await;
    }
    testkit::wait_until(SOON, "two letters", async || letters.lock().unwrap().len() == 2).await;
    for letter in letters.lock().unwrap().iter() {
        assert!(
            letter.contains("From: us@example.com\n") && letter.contains("verify-email?token="),
            "{letter}"
        );
        assert!(!letter.contains("bounces@"));
    }
    let sql = system.sql().await;
    let query = "SELECT attempts, last_error IS NOT NULL, next_attempt_at > now(), body <> '' \
         FROM mails WHERE sent_at IS NULL";
    testkit::wait_until(SOON, "the refusal to be noted", async || {
        let rows = sql.query(query, &[]).await.unwrap();
        rows.len() == 1 && rows[0].get::<_, bool>(1)
    })
    .await;
    let row = sql.query_one(query, &[]).await.unwrap();
    assert_eq!((row.get::<_, i32>(0), row.get::<_, bool>(2), row.get::<_, bool>(3)), (1, true, true));
    let kept = "SELECT count(*) FROM mails WHERE sent_at IS NOT NULL AND body <> ''";
    assert_eq!(sql.query_one(kept, &[]).await.unwrap().get::<_, i64>(0), 0, "sent letters are forgotten");
    assert!(!system.logs().contains("@example.com"), "an address reached the log");
    system.assert_no_errors_logged();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_way_out_letters_wait_and_it_is_said_once() {
    let system = System::start().await;
    for name in ["ann", "bob"] {
        sign_up(&system, &format!("{name}@example.com")).await;
    }
    assert_eq!(system.store.waiting_mails().await.unwrap(), 2);
    assert_eq!(system.logs().matches("mails are kept and not sent").count(), 1);
}
