//! The messages behind the golden files: shared by the test that decodes them and by the example that
//! writes them.

use chrono::DateTime;
use contracts::{JobEndedMessage, JobMessage, Outcome};
use domain::{AccountId, ErrorCode, JobClass, JobId};
use uuid::Uuid;

const JOB: JobId = JobId(Uuid::from_u128(0x0192_f3a4_0000_7000_8000_0000_0000_0001));
const ACCOUNT: AccountId = AccountId(Uuid::from_u128(0x0192_f3a4_0000_7000_8000_0000_0000_00aa));

/// Golden jobs by file name.
pub(crate) fn jobs() -> Vec<(&'static str, JobMessage)> {
    let paid = JobMessage {
        job_id: JOB,
        account_id: ACCOUNT,
        source_key: format!("sources/{ACCOUNT}/{}", "ab".repeat(32)),
        source_bytes: 2_345_678,
        source_pixels: 12_000_000,
        class: JobClass::Paid,
        enqueued_at: DateTime::from_timestamp_millis(1_763_640_000_123).unwrap(),
    };
    let free = JobMessage { class: JobClass::Free, source_bytes: 0, source_pixels: 0, ..paid.clone() };
    vec![("job_paid.bin", paid), ("job_free.bin", free)]
}

/// Golden events by file name.
pub(crate) fn endings() -> Vec<(&'static str, JobEndedMessage)> {
    let image_id = "v2-00112233445566778899aabbccddeeff-cmedium-w0800-h0000-webp-exiffalse";
    let completed = JobEndedMessage {
        job_id: JOB,
        account_id: ACCOUNT,
        ended_at: DateTime::from_timestamp_millis(1_763_640_001_456).unwrap(),
        outcome: Outcome::Completed {
            image_id: image_id.parse().unwrap(),
            original_size: 2_345_678,
            optimized_size: 345_678,
        },
    };
    let outcome = Outcome::Failed {
        code: ErrorCode::InvalidImage,
        message: "The image cannot be decoded: größer als erlaubt.".to_owned(),
    };
    let failed = JobEndedMessage { outcome, ..completed.clone() };
    vec![("job_ended_completed.bin", completed), ("job_ended_failed.bin", failed)]
}
