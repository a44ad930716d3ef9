use domain::AccountId;
use store::NewMail;

use crate::fixture::{Fixture, at};

fn mail(number: u32) -> NewMail {
    NewMail {
        recipient: format!("p{number}@example.com"),
        subject: "Hello\0".to_owned(),
        body: "secret link".to_owned(),
    }
}

#[tokio::test]
async fn a_letter_is_tried_six_times_in_the_documented_rhythm() {
    let f = Fixture::new().await;
    f.store.queue_mail(mail(1), at(0)).await.unwrap();
    let mut now = 0;
    for (attempt, wait) in (1..).zip([60, 300, 1_800, 7_200, 43_200]) {
        let due = f.store.claim_mails(10, at(now)).await.unwrap();
        assert_eq!((due.len(), due[0].attempts), (1, attempt), "at {now} s");
        assert!(!f.store.mail_failed(&due[0], "no\0 answer", false, at(now)).await.unwrap());
        assert!(f.store.claim_mails(10, at(now + wait - 1)).await.unwrap().is_empty(), "not before {wait} s");
        now += wait;
    }
    let due = f.store.claim_mails(10, at(now)).await.unwrap();
    assert!(f.store.mail_failed(&due[0], "no answer", false, at(now)).await.unwrap(), "it gives up");
    assert!(f.store.claim_mails(10, at(now * 9)).await.unwrap().is_empty());
    let kept = "SELECT count(*) FROM mails WHERE body = '' AND gave_up_at IS NOT NULL AND last_error <> ''";
    assert_eq!(f.number(kept).await, 1, "the text is forgotten, the reason is not");
    assert_eq!(f.store.waiting_mails().await.unwrap(), 0);
}

#[tokio::test]
async fn a_letter_that_fails_holds_up_no_other_and_a_sent_one_is_forgotten() {
    let f = Fixture::new().await;
    for number in 0..3 {
        f.store.queue_mail(mail(number), at(0)).await.unwrap();
    }
    let due = f.store.claim_mails(2, at(1)).await.unwrap();
    assert_eq!(due.len(), 2);
    assert!(f.store.mail_failed(&due[0], "no such person", true, at(1)).await.unwrap(), "nothing helps");
    f.store.mail_sent(due[1].id, at(1)).await.unwrap();
    let rest = f.store.claim_mails(2, at(2)).await.unwrap();
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].mail().recipient, "p2@example.com");
    assert_eq!(rest[0].mail().subject, "Hello\u{fffd}");
    assert_eq!(f.number("SELECT count(*) FROM mails WHERE body <> ''").await, 1);
    assert_eq!(f.store.waiting_mails().await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_senders_never_get_the_same_letter() {
    let f = Fixture::new().await;
    for number in 0..60 {
        f.store.queue_mail(mail(number), at(0)).await.unwrap();
    }
    let senders: Vec<_> = (0..8)
        .map(|_| {
            let store = f.store.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let due = store.claim_mails(5, at(1)).await.unwrap();
                    if due.is_empty() {
                        return mine;
                    }
                    mine.extend(due.into_iter().map(|mail| mail.id));
                }
            })
        })
        .collect();
    let mut all = Vec::new();
    for sender in senders {
        all.extend(sender.await.unwrap());
    }
    // A sender may find nothing while another still locks the rest: nothing is lost by that, only later.
    all.extend(f.store.claim_mails(60, at(1)).await.unwrap().into_iter().map(|mail| mail.id));
    all.sort_unstable();
    assert_eq!(all.len(), 60);
    all.dedup();
    assert_eq!(all.len(), 60);
}

#[tokio::test]
async fn an_account_is_written_to_at_its_address() {
    let f = Fixture::new().await;
    assert!(f.store.mail_account(f.account, "Hello", "body", at(0)).await.unwrap());
    assert!(!f.store.mail_account(AccountId::generate(), "Hello", "body", at(0)).await.unwrap());
    let due = f.store.claim_mails(10, at(0)).await.unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].mail().recipient, "owner@example.com");
    assert!(!format!("{:?}", due[0].mail()).contains("owner"));
}
