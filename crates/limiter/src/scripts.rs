use std::time::Duration;

use domain::Sha256Hash;
use redis::aio::MultiplexedConnection;
use redis::{RedisResult, pipe};
use uuid::Uuid;

use crate::answer::{Answer, Count};
use crate::hashed::{Hashed, Place};
use crate::program::{Call, Program, Steered};
use crate::rule::millis;
use crate::{Block, BlockedSubject, Check, Escalation, Penalty, Standing};

/// The Redis side: one script and one round trip for each question.
///
/// All keys share one hash tag, so that a cluster keeps them on one node, where one script may use them.
#[derive(Debug)]
pub(crate) struct Scripts {
    prefix: String,
    decide: Program,
    refund: Program,
    renew: Program,
    standing: Program,
    forgive: Program,
    blocked: Program,
}

macro_rules! script {
    ($($part:literal),+) => {
        Program::new(concat!(include_str!("script/time.lua"), $("\n", include_str!(concat!("script/", $part))),+))
    };
}

impl Scripts {
    /// `prefix` is put before every key.
    pub(crate) fn new(prefix: &str) -> Self {
        Self {
            prefix: format!("{prefix}{{limits}}:"),
            decide: script!("counters.lua", "penalty.lua", "decide.lua"),
            refund: script!("counters.lua", "refund.lua"),
            renew: script!("counters.lua", "renew.lua"),
            standing: script!("penalty.lua", "standing.lua"),
            forgive: script!("penalty.lua", "forgive.lua"),
            blocked: script!("penalty.lua", "blocked.lua"),
        }
    }

    pub(crate) async fn decide(
        &self,
        connection: &mut MultiplexedConnection,
        time: Steered,
        request: &Hashed<'_>,
        lease: Uuid,
    ) -> RedisResult<Answer> {
        let mut call = self.decide.call(time);
        call.arg(lease.as_simple().to_string()).arg(request.checks.len());
        for (place, check) in &request.checks {
            call.key(place.key(&self.prefix)).arg(check.rule.kind().as_str());
            call.arg(check.rule.limit()).arg(check.rule.millis()).arg(check.cost);
        }
        if let Some((subject, penalty)) = request.penalty {
            self.add_penalty(&mut call, subject, penalty);
        }
        let numbers: Vec<u64> = call.run(connection).await?;
        answer(&numbers).filter(|answer| answer.counts.len() == request.checks.len()).ok_or_else(strange)
    }

    fn add_penalty(&self, call: &mut Call<'_>, subject: Sha256Hash, penalty: &Penalty) {
        let Escalation { thresholds, decay, max_tier, .. } = penalty.settings;
        call.key(self.record(subject)).key(self.hits(subject)).key(self.blocked_key()).key(self.labels_key());
        call.arg(subject.to_string()).arg(&penalty.label).arg(millis(decay));
        for (tier, threshold) in (2..=max_tier).zip(thresholds) {
            call.arg(threshold).arg(penalty.settings.cooldown(tier));
        }
    }

    pub(crate) async fn refund(
        &self,
        connection: &mut MultiplexedConnection,
        time: Steered,
        place: Place,
        check: &Check,
    ) -> RedisResult<()> {
        let mut call = self.refund.call(time);
        call.key(place.key(&self.prefix)).arg(check.rule.kind().as_str());
        call.arg(check.rule.limit()).arg(check.rule.millis()).arg(check.cost);
        call.run(connection).await
    }

    pub(crate) async fn renew(
        &self,
        connection: &mut MultiplexedConnection,
        time: Steered,
        slots: &[(Place, Check)],
        lease: Uuid,
    ) -> RedisResult<()> {
        let mut call = self.renew.call(time);
        call.arg(lease.as_simple().to_string());
        for (place, check) in slots {
            call.key(place.key(&self.prefix)).arg(check.rule.millis()).arg(check.cost);
        }
        call.run(connection).await
    }

    pub(crate) async fn release(
        &self,
        connection: &mut MultiplexedConnection,
        slots: &[(Place, Check)],
        lease: Uuid,
    ) -> RedisResult<()> {
        let mut commands = pipe();
        let id = lease.as_simple();
        // Checks of one place number their slots on, see `hold` in counters.lua.
        let most: u32 = slots.iter().fold(0, |sum, (_, check)| sum.saturating_add(check.cost));
        for (place, _) in slots {
            let members: Vec<String> = (1..=most).map(|slot| format!("{id}:{slot}")).collect();
            commands.zrem(place.key(&self.prefix), members).ignore();
        }
        commands.query_async(connection).await
    }

    /// How a subject stands, and its hits.
    pub(crate) async fn standing(
        &self,
        connection: &mut MultiplexedConnection,
        time: Steered,
        subject: Sha256Hash,
    ) -> RedisResult<(Standing, u32)> {
        let mut call = self.standing.call(time);
        call.key(self.record(subject)).key(self.hits(subject));
        let (tier, violations, rest, hits) = call.run(connection).await?;
        Ok((Standing { tier, violations, blocked_for: Duration::from_millis(rest) }, hits))
    }

    /// Forgives a subject, or whom a label names.
    pub(crate) async fn forgive(
        &self,
        connection: &mut MultiplexedConnection,
        time: Steered,
        subject: Option<Sha256Hash>,
        label: &str,
    ) -> RedisResult<bool> {
        let mut call = self.forgive.call(time);
        call.key(self.blocked_key()).key(self.labels_key()).arg(self.records());
        call.arg(subject.map(|subject| subject.to_string()).unwrap_or_default()).arg(label);
        call.run(connection).await
    }

    pub(crate) async fn blocked(
        &self,
        connection: &mut MultiplexedConnection,
        time: Steered,
        limit: usize,
    ) -> RedisResult<Vec<BlockedSubject>> {
        let mut call = self.blocked.call(time);
        call.key(self.blocked_key()).key(self.labels_key()).arg(self.records());
        call.arg(i64::try_from(limit).unwrap_or(i64::MAX));
        let lines: Vec<(String, u8, u64)> = call.run(connection).await?;
        let line =
            |(label, tier, rest)| BlockedSubject { label, tier, retry_after: Duration::from_millis(rest) };
        Ok(lines.into_iter().map(line).collect())
    }

    fn records(&self) -> String {
        format!("{}penalty:", self.prefix)
    }

    fn record(&self, subject: Sha256Hash) -> String {
        format!("{}penalty:{subject}", self.prefix)
    }

    fn hits(&self, subject: Sha256Hash) -> String {
        format!("{}hits:{subject}", self.prefix)
    }

    fn blocked_key(&self) -> String {
        format!("{}blocked", self.prefix)
    }

    fn labels_key(&self) -> String {
        format!("{}labels", self.prefix)
    }
}

/// Reads what `decide.lua` returns.
fn answer(numbers: &[u64]) -> Option<Answer> {
    let (&[tier, rest, entered, refused], counts) = numbers.split_first_chunk::<4>()?;
    let retry_after = Duration::from_millis(rest);
    let tier = u8::try_from(tier).ok()?;
    let blocked = (tier > 0).then_some(Block { tier, retry_after, entered: entered == 1 });
    let refused = usize::try_from(refused).ok()?.checked_sub(1);
    let counts = counts.chunks_exact(3).map(|count| Count {
        allowed: count[0] == 1,
        used: u32::try_from(count[1]).unwrap_or(u32::MAX),
        reset_after: count[2],
    });
    Some(Answer { blocked, refused, counts: counts.collect() })
}

fn strange() -> redis::RedisError {
    (redis::ErrorKind::UnexpectedReturnType, "the script answered something else").into()
}
