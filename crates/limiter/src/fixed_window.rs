use std::time::Duration;

use redis::aio::ConnectionLike;
use redis::{RedisResult, Script};

use crate::{Decision, FixedWindow, Source};

/// The Redis side of a fixed window: one script, one round trip, sent by its hash.
#[derive(Debug)]
pub(crate) struct FixedWindowScript(Script);

impl FixedWindowScript {
    pub(crate) fn new() -> Self {
        Self(Script::new(include_str!("fixed_window.lua")))
    }

    /// Takes `cost` units. A server that forgot the script is sent the script again.
    pub(crate) async fn take(
        &self,
        connection: &mut impl ConnectionLike,
        key: &str,
        window: &FixedWindow,
        cost: u32,
    ) -> RedisResult<Decision> {
        let mut call = self.0.key(key);
        call.arg(window.millis()).arg(window.limit).arg(cost);
        let (allowed, used, reset): (bool, u32, u64) = call.invoke_async(connection).await?;
        Ok(window.decision(allowed, used, Duration::from_millis(reset), Source::Redis))
    }
}
