//! Whatever is encoded decodes to the same value, and no bytes make the decoder panic.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use chrono::{DateTime, Utc};
use contracts::{JobEndedMessage, JobMessage, Outcome};
use domain::{AccountId, Compression, ErrorCode, ImageId, JobClass, JobId};
use proptest::prelude::*;
use uuid::Uuid;

fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    (0_i64..4_102_444_800_000).prop_map(|ms| DateTime::from_timestamp_millis(ms).unwrap())
}

fn job() -> impl Strategy<Value = JobMessage> {
    let numbers = (any::<u64>(), any::<u64>());
    let class = prop::sample::select(JobClass::ALL.to_vec());
    (any::<u128>(), any::<u128>(), ".{1,80}", numbers, class, instant()).prop_map(
        |(job, account, source_key, (source_bytes, source_pixels), class, enqueued_at)| JobMessage {
            job_id: JobId(Uuid::from_u128(job)),
            account_id: AccountId(Uuid::from_u128(account)),
            source_key,
            source_bytes,
            source_pixels,
            class,
            enqueued_at,
        },
    )
}

fn image_id() -> impl Strategy<Value = ImageId> {
    let compression = prop::sample::select(vec!["low", "medium", "max", "auto"]);
    (any::<u128>(), compression, 0_u16..=8000).prop_map(|(tag, compression, width)| {
        assert!(compression.parse::<Compression>().is_ok());
        format!("v2-{tag:032x}-c{compression}-w{width:04}-h0000-webp-exiftrue").parse().unwrap()
    })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let completed =
        (image_id(), any::<u64>(), any::<u64>()).prop_map(|(image_id, original_size, optimized_size)| {
            Outcome::Completed { image_id, original_size, optimized_size }
        });
    let failed = (prop::sample::select(ErrorCode::ALL.to_vec()), ".{0,80}")
        .prop_map(|(code, message)| Outcome::Failed { code, message });
    prop_oneof![completed, failed]
}

proptest! {
    #[test]
    fn a_job_survives_the_wire(job in job()) {
        prop_assert_eq!(JobMessage::decode(&job.encode()).unwrap(), job);
    }

    #[test]
    fn an_event_survives_the_wire(
        job in any::<u128>(),
        account in any::<u128>(),
        ended_at in instant(),
        outcome in outcome(),
    ) {
        let (job_id, account_id) = (JobId(Uuid::from_u128(job)), AccountId(Uuid::from_u128(account)));
        let ended = JobEndedMessage { job_id, account_id, ended_at, outcome };
        prop_assert_eq!(JobEndedMessage::decode(&ended.encode()).unwrap(), ended);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = JobMessage::decode(&bytes);
        let _ = JobEndedMessage::decode(&bytes);
    }

    #[test]
    fn no_damage_makes_it_panic(job in job(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = job.encode();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = JobMessage::decode(&bytes);
        let _ = JobMessage::decode(&bytes[..at]);
    }
}
