//! Sends the letters that transactions have left.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use mail::{Letter, Mailer};
use store::DueMail;
use tokio::time::{MissedTickBehavior, interval};

use crate::app::App;

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Letters of one look.
const LETTERS: u32 = 20;
/// Letters on their way at the same time: a recipient whose server is slow holds up few others.
const CONCURRENCY: usize = 5;

/// Sends letters for ever; without a way out it says so once and leaves them where they are.
pub(crate) async fn send(app: App) {
    let Some(mailer) = app.mailer.clone() else {
        tracing::warn!("mails are kept and not sent: set MAIL_SMTP_URL or MAIL_DIRECTORY");
        return;
    };
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match app.store.claim_mails(LETTERS, app.clock.now()).await {
            Ok(due) => {
                let sending = |mail| send_one(&app, &mailer, mail);
                stream::iter(due).for_each_concurrent(CONCURRENCY, sending).await;
            }
            Err(error) => tracing::warn!(%error, "mails could not be looked for"),
        }
    }
}

async fn send_one(app: &App, mailer: &Mailer, due: DueMail) {
    let mail = due.mail();
    let letter = Letter { recipient: mail.recipient, subject: mail.subject, body: mail.body };
    let sent = mailer.send(&letter).await;
    let now = app.clock.now();
    // Addresses, subjects and the server's words stay in the database.
    let noted = match sent {
        Ok(file) => {
            let file = file.map(|path| path.display().to_string());
            tracing::info!(mail = due.id, file, "a mail was sent");
            app.store.mail_sent(due.id, now).await
        }
        Err(error) => match app.store.mail_failed(&due, &error.to_string(), error.is_final(), now).await {
            Ok(gave_up) => {
                tracing::warn!(mail = due.id, attempt = due.attempts, gave_up, "a mail was not sent");
                Ok(())
            }
            Err(error) => Err(error),
        },
    };
    if let Err(error) = noted {
        tracing::warn!(mail = due.id, %error, "the fate of a mail could not be noted; it may be sent twice");
    }
}
