//! Letters on their way out: to an SMTP server, or into a directory while somebody develops.
//!
//! What is to be sent, when and how often is the store's affair; this crate sends one letter once. Headers are
//! built by `lettre`: no text of a caller can add one.

mod config;
mod letter;
mod mailer;

pub use config::{Config, Delivery};
pub use letter::Letter;
pub use mailer::{MailError, Mailer};
