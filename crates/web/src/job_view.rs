use domain::JobState;
use serde::Serialize;
use store::Job;
use utoipa::ToSchema;

/// A job as its owner sees it. Times are UNIX seconds.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobView {
    /// The job.
    #[schema(example = "8f3c6d2e-1b4a-4d3e-9c8f-a4b3e2d1c0e1")]
    pub id: String,
    /// `queued`, `processing`, `completed` or `failed`.
    #[schema(example = "completed")]
    pub status: &'static str,
    /// 0, 50 or 100.
    #[schema(example = 100)]
    pub progress: u8,
    /// The result, once completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_image_id: Option<String>,
    /// Address of the result, once completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_url: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<JobFailure>,
    /// When it was accepted.
    #[schema(example = 1_761_696_000)]
    pub created_at: i64,
    /// When it last changed.
    #[schema(example = 1_761_696_012)]
    pub updated_at: i64,
}

/// Why a job failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobFailure {
    /// A code of the closed list.
    #[schema(example = "invalid_image")]
    pub code: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

impl From<&Job> for JobView {
    fn from(job: &Job) -> Self {
        let completed = job.state == JobState::Completed;
        let image_id = completed.then(|| job.image_id.to_string());
        let latest = job.finished_at.or(job.started_at).unwrap_or(job.created_at);
        Self {
            id: job.id.to_string(),
            status: job.state.as_str(),
            progress: match job.state {
                JobState::Queued | JobState::QuotaPaused => 0,
                JobState::Processing => 50,
                JobState::Completed | JobState::Failed => 100,
            },
            result_url: image_id.as_ref().map(|id| format!("/api/images/{id}")),
            result_image_id: image_id,
            error: job.error_code.map(|code| JobFailure {
                code: code.as_str(),
                message: job.error_message.clone().unwrap_or_default(),
            }),
            created_at: job.created_at.timestamp(),
            updated_at: latest.timestamp(),
        }
    }
}
