use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use domain::ImageIdSecret;
use domain::limits::DEFAULT_SYNC_BODY_BYTES;
use domain::plan::PlanCatalogue;
use settings::{ByteSize, Reader, Seconds, Secret};

use crate::payments::PaymentsConfig;

/// Everything the gateway reads from the environment.
pub struct Config {
    /// Address of the public listener.
    pub listen: SocketAddr,
    /// Address of the metrics listener.
    pub metrics_listen: SocketAddr,
    /// Bounds of uploads.
    pub upload: UploadLimits,
    /// How long a synchronous request waits for its result.
    pub sync_wait: Duration,
    /// Unpublished messages beyond which no work is accepted while the broker is away.
    pub outbox_cap: i64,
    /// Queued jobs that count as a full worker pool.
    pub queue_capacity: u32,
    /// Where job and batch status is served; requests for it are passed on.
    pub batch_status_url: String,
    /// Secret behind image ids.
    pub image_id_secret: ImageIdSecret,
    /// The plans.
    pub plans: PlanCatalogue,
    /// Addresses shown to people.
    pub contact: Contact,
    /// How credits are sold.
    pub payments: PaymentsConfig,
    /// Sign-ups and log-ins per minute and client address.
    pub auth_attempts_per_minute: u32,
    /// HTTP.
    pub web: web::Config,
    /// Database.
    pub store: store::Config,
    /// Object storage.
    pub blob: blob::Config,
    /// Broker.
    pub bus: bus::Config,
    /// Limits.
    pub limiter: limiter::Config,
    /// The account in whose name callers without credentials optimize.
    pub anonymous_account: Option<String>,
    /// Caps of client addresses.
    pub edge: web::EdgeConfig,
    /// Sessions.
    pub auth: auth::Config,
    /// Remote sources.
    pub fetch: fetch::Config,
    /// Draining.
    pub lifecycle: lifecycle::Config,
    /// Outgoing mail.
    pub mail: mail::Config,
    /// Public address of the service, for links in mails.
    pub public_base_url: String,
}

/// Bounds of one upload.
#[derive(Debug, Clone)]
pub struct UploadLimits {
    /// Largest body of a synchronous request in bytes.
    pub body_bytes: u64,
    /// Longest time for a whole body.
    pub deadline: Duration,
    /// Least bytes a second, measured over [`Self::rate_window`].
    pub min_bytes_per_second: u64,
    /// Span over which the rate is measured; also the longest silence.
    pub rate_window: Duration,
    /// Where uploads beyond a megabyte wait.
    pub temp_dir: PathBuf,
}

/// Addresses shown to people.
#[derive(Debug, Clone)]
pub struct Contact {
    /// Sales e-mail.
    pub sales: String,
    /// Support e-mail.
    pub support: String,
    /// When accounts are warned, and where plans are upgraded.
    pub alerts: store::Alerts,
}

impl Config {
    /// Reads every setting of the gateway.
    pub fn read(reader: &mut Reader) -> Self {
        Self {
            listen: reader.or(
                "GATEWAY_LISTEN",
                ([127, 0, 0, 1], 8080).into(),
                "public listener of the gateway",
            ),
            metrics_listen: reader.or(
                "GATEWAY_METRICS_LISTEN",
                ([127, 0, 0, 1], 9101).into(),
                "metrics listener of the gateway",
            ),
            upload: UploadLimits::read(reader),
            sync_wait: seconds(reader, "SYNC_WAIT_SECONDS", 10, "longest wait of a synchronous request"),
            outbox_cap: reader.or(
                "OUTBOX_CAP",
                10_000,
                "unpublished messages beyond which no work is accepted while the broker is away",
            ),
            queue_capacity: reader.or(
                "QUEUE_CAPACITY",
                1_000,
                "queued jobs that count as a full worker pool",
            ),
            batch_status_url: reader.or(
                "BATCH_STATUS_URL",
                "http://127.0.0.1:8081".to_owned(),
                "where the gateway finds batch-status",
            ),
            image_id_secret: read_secret(reader),
            plans: web::read_plans(reader),
            contact: Contact::read(reader),
            payments: PaymentsConfig::read(reader),
            auth_attempts_per_minute: reader.or(
                "AUTH_ATTEMPTS_PER_MINUTE",
                20,
                "sign-ups, log-ins, password changes, uses of mailed links and access requests per minute and client address",
            ),
            web: web::Config::read(reader),
            store: store::Config::read(reader),
            blob: blob::Config::read(reader),
            bus: bus::Config::read(reader),
            limiter: limiter::Config::read(reader),
            anonymous_account: reader.optional(
                "ANONYMOUS_ACCOUNT",
                "e-mail address of the account in whose name callers without credentials optimize; empty: they may not",
            ),
            edge: web::EdgeConfig::read(reader),
            auth: auth::Config::read(reader),
            fetch: fetch::Config::read(reader),
            lifecycle: lifecycle::Config::read(reader),
            mail: mail::Config::read(reader),
            public_base_url: reader.or(
                "PUBLIC_BASE_URL",
                "http://127.0.0.1:8080".to_owned(),
                "public address of the service, for links in mails",
            ),
        }
    }
}

impl UploadLimits {
    fn read(reader: &mut Reader) -> Self {
        Self {
            body_bytes: reader
                .or(
                    "SYNC_BODY_LIMIT",
                    ByteSize(DEFAULT_SYNC_BODY_BYTES),
                    "largest body of a synchronous request",
                )
                .0,
            deadline: seconds(reader, "UPLOAD_TIMEOUT_SECONDS", 300, "longest time for a whole request body"),
            min_bytes_per_second: reader
                .or("UPLOAD_MIN_BYTES_PER_SECOND", ByteSize(1_000), "least rate of a request body")
                .0,
            rate_window: seconds(
                reader,
                "UPLOAD_RATE_WINDOW_SECONDS",
                10,
                "span over which the rate of a request body is measured",
            ),
            temp_dir: PathBuf::from(reader.or(
                "UPLOAD_TEMP_DIR",
                "/tmp".to_owned(),
                "directory for uploads beyond 1 MB while they are received",
            )),
        }
    }
}

impl Contact {
    fn read(reader: &mut Reader) -> Self {
        Self {
            sales: reader.or(
                "CONTACT_SALES",
                "sales@optimagio.example".to_owned(),
                "shown on pricing pages; access requests are mailed to it",
            ),
            support: reader.or(
                "CONTACT_SUPPORT",
                "support@optimagio.example".to_owned(),
                "shown on pricing pages",
            ),
            alerts: web::read_alerts(reader),
        }
    }
}

fn seconds(reader: &mut Reader, name: &'static str, default: u64, help: &'static str) -> Duration {
    reader.or(name, Seconds(Duration::from_secs(default)), help).0
}

fn read_secret(reader: &mut Reader) -> ImageIdSecret {
    const NAME: &str = "IMAGE_ID_SECRET";
    const EXAMPLE: &str = "0000000000000000000000000000000000000000000000000000000000000000";
    let given: Secret = reader.required(NAME, EXAMPLE, "secret behind image ids: at least 64 hex digits");
    let parsed = hex::decode(given.expose()).map_err(|_| "must be hex digits".to_owned());
    match parsed.and_then(ImageIdSecret::new) {
        Ok(secret) => secret,
        Err(problem) => {
            reader.fail(NAME, problem);
            placeholder_secret()
        }
    }
}

/// Stands in after a failure that [`Reader::finish`] reports; never used to serve.
fn placeholder_secret() -> ImageIdSecret {
    #[allow(clippy::expect_used, reason = "the length is right by construction")]
    ImageIdSecret::new([0; ImageIdSecret::MIN_BYTES]).expect("long enough")
}
