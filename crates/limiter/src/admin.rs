//! What operators and usage pages ask.

use domain::Sha256Hash;

use crate::{BlockedSubject, Limiter, LimiterError, Standing};

impl Limiter {
    /// How the subject of a penalty stands. Without Redis: as this process knows it.
    pub async fn standing(&self, subject: &str) -> Standing {
        let subject = Sha256Hash::of(subject.as_bytes());
        let scripts = &self.inner.scripts;
        let shared =
            self.ask(async |mut redis, time| scripts.standing(&mut redis, time, subject).await).await;
        shared.map_or_else(|_| self.inner.local.standing(subject, self.millis()), |(standing, _)| standing)
    }

    /// Answers that refused the subject of a penalty in the last 24 hours, by a limit or by a block. Counted
    /// by the hour: the current one and the 23 before. Without Redis: as this process knows it.
    pub async fn hits_24h(&self, subject: &str) -> u32 {
        let subject = Sha256Hash::of(subject.as_bytes());
        let scripts = &self.inner.scripts;
        let shared =
            self.ask(async |mut redis, time| scripts.standing(&mut redis, time, subject).await).await;
        shared.map_or_else(|_| self.inner.local.hits(subject, self.millis()), |(_, hits)| hits)
    }

    /// Forgets the violations and the block of a subject, but not its hits: also for a key that is let in
    /// again after a suspension. Returns whether there was anything to forgive.
    ///
    /// # Errors
    /// [`LimiterError`] if Redis is away: then only this process has forgiven.
    pub async fn forgive(&self, subject: &str) -> Result<bool, LimiterError> {
        let subject = Sha256Hash::of(subject.as_bytes());
        let here = self.inner.local.forgive(subject, self.millis());
        let scripts = &self.inner.scripts;
        let there =
            self.ask(async |mut redis, time| scripts.forgive(&mut redis, time, Some(subject), "").await);
        there.await.map(|there| there || here)
    }

    /// The same for a blocked subject by its label in [`Limiter::blocked`].
    ///
    /// # Errors
    /// [`LimiterError`] if Redis is away: then only this process has forgiven.
    pub async fn forgive_label(&self, label: &str) -> Result<bool, LimiterError> {
        let here = self.inner.local.forgive_label(label, self.millis());
        let scripts = &self.inner.scripts;
        let there = self.ask(async |mut redis, time| scripts.forgive(&mut redis, time, None, label).await);
        there.await.map(|there| there || here)
    }

    /// Who is blocked, the longest first, at most `limit`. Without Redis: by this process.
    pub async fn blocked(&self, limit: usize) -> Vec<BlockedSubject> {
        let scripts = &self.inner.scripts;
        let shared = self.ask(async |mut redis, time| scripts.blocked(&mut redis, time, limit).await).await;
        shared.unwrap_or_else(|_| self.inner.local.blocked(limit, self.millis()))
    }
}
