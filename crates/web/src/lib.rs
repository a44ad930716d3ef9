//! What every HTTP service of this house shares: one table from error code to status, the error body, the
//! request id, the caller's credentials, health routes, and the metrics listener.

mod address;
mod alerts;
mod body;
mod caller;
mod config;
mod error;
mod hang_up;
mod health;
mod job_view;
mod limits;
mod metrics;
mod observe;
mod plans;
mod request_id;
mod server;
mod status;

pub use address::{ClientAddress, TrustedHops};
pub use alerts::read_alerts;
pub use body::{ErrorBody, Problem};
pub use caller::{ApiCaller, Authenticator, SessionCaller, refuse_stopped};
pub use config::Config;
pub use error::ApiError;
pub use health::{Check, Health, configure as health_routes};
pub use job_view::{JobFailure, JobView};
pub use limits::{
    AnonymousWork, BlockEntered, DayCount, EdgeConfig, Family, Gate, ResultSlot, SlotWait, Tally,
    key_subject, limit,
};
pub use metrics::{HttpMetrics, MetricsServer, metrics};
pub use observe::observe;
pub use plans::read_plans;
pub use request_id::RequestId;
pub use server::{Listening, bind, fallback};
pub use status::{status_of, title_of};
