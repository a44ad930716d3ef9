use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::credits::Funds;
use domain::plan::{Dimension, Overrides, PlanCatalogue};
use domain::{BillingMonth, ErrorCode, JobState, Rejection, Tier};
use store::{Accepted, CacheHit, Completion, NewJob, WhenExhausted};

use super::account::{Account, Counts, Job, KINDS, source_bytes};
use super::step::Step;
use crate::fixture::{Fixture, LEASE, at, completion, image, message, new_account, plans, topup};

/// Of a pass of the resumer.
const PER_ACCOUNT: u32 = 2;
const LIMIT: u32 = 3;

pub(super) struct World {
    f: Fixture,
    plans: PlanCatalogue,
    pub(super) accounts: Vec<Account>,
    pub(super) jobs: Vec<Job>,
    now: DateTime<Utc>,
}

impl World {
    pub(super) async fn new() -> Self {
        let f = Fixture::new().await;
        let other = f.store.create_account(new_account("other@example.com"), at(0)).await.unwrap().id;
        let account = |id| Account {
            id,
            funds: Funds::default(),
            months: BTreeMap::new(),
            topup: Default::default(),
            granted: [0; 3],
            kept: Vec::new(),
        };
        let accounts = vec![account(f.account), account(other)];
        let mut world = Self { f, plans: plans(), accounts, jobs: Vec::new(), now: at(0) };
        for account in 0..2 {
            world.limits(account, [Some(3), Some(60), Some(60), Some(60)], account == 1).await;
        }
        world
    }

    fn month(&self) -> BillingMonth {
        BillingMonth::containing(self.now)
    }

    pub(super) async fn happen(&mut self, step: Step) {
        self.now += TimeDelta::seconds(1);
        match step {
            Step::Accept { account, image, pause, keep } => self.accept(account, image, pause, keep).await,
            Step::Claim(job) => self.claim(job).await,
            Step::Complete { job, bytes } => self.complete(job, bytes).await,
            Step::Fail(job) => self.fail(job).await,
            Step::Release(job) => self.release(job).await,
            Step::CacheHit { account, bytes } => self.cache_hit(account, bytes).await,
            Step::Topup { account, kind, amount } => {
                let new = topup(self.accounts[account].id, KINDS[kind], amount);
                self.f.store.grant_topup(new, self.now).await.unwrap();
                self.accounts[account].granted[kind] += amount;
            }
            Step::Limits { account, limits, sells } => self.limits(account, limits, sells).await,
            Step::Commit { account, image: number, keep_original } => {
                let cap = self.accounts[account].funds.storage_bytes;
                let id = own_image(account, number);
                let committed = self.f.store.commit_result(&id, keep_original, cap, self.now).await.unwrap();
                let kept = &mut self.accounts[account].kept;
                if committed == store::CommitOutcome::Committed && !kept.contains(&number) {
                    kept.push(number);
                }
            }
            Step::NextMonth => self.now = self.month().reset_at(),
            Step::Resume => self.resume().await,
        }
    }

    async fn accept(&mut self, account: usize, number: u32, pause: bool, keep: bool) {
        let month = self.month();
        let when_exhausted = if pause { WhenExhausted::Pause } else { WhenExhausted::Refuse };
        let of = &mut self.accounts[account];
        let mut new = NewJob {
            account_id: of.id,
            image_id: own_image(account, number),
            funds: of.funds,
            when_exhausted,
            storage_commit: keep,
            keep_original: keep,
            ..self.f.new_job(number)
        };
        new.source.byte_size = source_bytes(number);
        let live = self
            .jobs
            .iter()
            .position(|job| job.account == account && job.image == number && !job.state.is_final());
        let live = live.map(|index| &mut self.jobs[index]);
        let is_kept = of.kept.contains(&number);
        let id = new.id;
        let accepted = self.f.store.accept_job(new, message, self.now).await.unwrap();
        match live {
            Some(job) if job.state != JobState::QuotaPaused => assert_eq!(accepted, Accepted::Joined(job.id)),
            None if is_kept => assert!(matches!(accepted, Accepted::Joined(_)), "{accepted:?}"),
            _ => match (of.reserve(month, number), live) {
                (Some(reserved), Some(job)) => {
                    assert!(matches!(accepted, Accepted::Resumed { job: id, .. } if id == job.id));
                    (job.state, job.month, job.reserved) = (JobState::Queued, month, reserved);
                }
                (Some(reserved), None) => {
                    assert!(matches!(accepted, Accepted::Created { .. }), "{accepted:?}");
                    let state = JobState::Queued;
                    self.jobs.push(Job { id, account, image: number, state, month, reserved, attempt: 0 });
                }
                (None, Some(job)) if pause => assert_eq!(accepted, Accepted::Paused(job.id)),
                (None, None) if pause => {
                    assert_eq!(accepted, Accepted::Paused(id));
                    let (state, reserved) = (JobState::QuotaPaused, Default::default());
                    self.jobs.push(Job { id, account, image: number, state, month, reserved, attempt: 0 });
                }
                (None, _) => assert!(matches!(accepted, Accepted::Refused(_)), "{accepted:?}"),
            },
        }
    }

    /// A job that exists, as the step's number says: one that has not ended for most numbers.
    fn pick(&self, job: usize) -> Option<usize> {
        let live = |index: &usize| job.is_multiple_of(8) || !self.jobs[*index].state.is_final();
        let choice: Vec<_> = (0..self.jobs.len()).filter(live).collect();
        (!choice.is_empty()).then(|| choice[job / 8 % choice.len()])
    }

    async fn claim(&mut self, job: usize) {
        let Some(job) = self.pick(job) else { return };
        let claim = self.f.store.claim_job(self.jobs[job].id, self.now, LEASE, true).await.unwrap();
        let job = &mut self.jobs[job];
        if let store::Claim::Won(won) = claim {
            assert!(matches!(job.state, JobState::Queued | JobState::Processing));
            (job.state, job.attempt) = (JobState::Processing, won.attempt);
        } else {
            assert_ne!(job.state, JobState::Queued, "{claim:?}");
        }
    }

    async fn complete(&mut self, job: usize, bytes: u64) {
        let Some(job) = self.pick(job) else { return };
        let job = &mut self.jobs[job];
        let of = &mut self.accounts[job.account];
        let made = Completion {
            byte_size: bytes,
            funds: of.funds,
            expires_at: Some(self.now),
            ..completion(job.id, job.attempt)
        };
        let done = self.f.store.complete_job(made, message(job.id), self.now).await.unwrap();
        assert_eq!(done.is_some(), job.state == JobState::Processing);
        if done.is_some() {
            of.release(job);
            for (kind, split) in job.reserved.into_iter().enumerate() {
                of.spend(job.month, kind, split);
            }
            of.charge(job.month, bytes);
            job.state = JobState::Completed;
            let result = self.f.store.image(&own_image(job.account, job.image).to_string(), self.now).await;
            if result.unwrap().is_some() && !of.kept.contains(&job.image) {
                of.kept.push(job.image);
            }
        }
    }

    async fn fail(&mut self, job: usize) {
        let Some(job) = self.pick(job) else { return };
        let job = &mut self.jobs[job];
        let rejection = Rejection::new(ErrorCode::InvalidImage, "x");
        let failed =
            self.f.store.fail_job(job.id, None, &rejection, message(job.id), self.now).await.unwrap();
        assert_eq!(failed.is_some(), !job.state.is_final());
        if failed.is_some() {
            if job.state != JobState::QuotaPaused {
                self.accounts[job.account].release(job);
            }
            job.state = JobState::Failed;
        }
    }

    async fn release(&mut self, job: usize) {
        let Some(job) = self.pick(job) else { return };
        let job = &mut self.jobs[job];
        if self.f.store.release_job(job.id, job.attempt, self.now).await.unwrap() {
            assert_eq!(job.state, JobState::Processing);
            job.state = JobState::Queued;
        }
    }

    async fn cache_hit(&mut self, account: usize, bytes: u64) {
        let month = self.month();
        let of = &mut self.accounts[account];
        let left = self.f.store.bandwidth_left(of.id, &of.funds, self.now).await.unwrap();
        assert_eq!(left.is_ok(), of.take(month, 2, 1).total() == 1);
        let hit = CacheHit {
            account_id: of.id,
            api_key_id: None,
            site: None,
            image_id: image(1),
            bytes,
            funds: of.funds,
        };
        self.f.store.record_cache_hit(hit, self.now).await.unwrap();
        of.charge(month, bytes);
    }

    async fn limits(&mut self, account: usize, limits: [Option<u64>; 4], sells: bool) {
        let dimensions = [
            Dimension::MonthlyImages,
            Dimension::MonthlySourceBytes,
            Dimension::BandwidthBytes,
            Dimension::StorageBytes,
        ];
        let own = Overrides(dimensions.into_iter().zip(limits).collect());
        let tier = if sells { Tier::Pro } else { Tier::Free };
        let of = &mut self.accounts[account];
        of.funds = Funds::of(&self.plans.limits(tier, &own), &self.plans.plan(tier).overage);
        let own = serde_json::to_string(&own).unwrap();
        let set = format!("UPDATE accounts SET tier = '{tier}', overrides = '{own}' WHERE id = '{}'", of.id);
        self.f.execute(&set).await;
    }

    async fn resume(&mut self) {
        let month = self.month();
        let make = |job: &store::Job, _: &store::Source| message(job.id);
        let resumed =
            self.f.store.resume_paused(&self.plans, self.now, PER_ACCOUNT, LIMIT, make).await.unwrap();
        assert!(resumed.len() <= LIMIT as usize);
        // Jobs are in the order of their acceptance: what was resumed is what fits, the oldest first.
        for id in &resumed {
            let job = self.jobs.iter_mut().find(|job| job.id == *id).unwrap();
            assert_eq!(job.state, JobState::QuotaPaused);
            let reserved = self.accounts[job.account].reserve(month, job.image);
            job.reserved = reserved.expect("it was resumed without credits");
            (job.state, job.month) = (JobState::Queued, month);
        }
        // Nothing that fits is left behind by a pass with room.
        for (number, of) in self.accounts.iter_mut().enumerate() {
            let turn = resumed
                .iter()
                .filter(|id| self.jobs.iter().any(|job| job.id == **id && job.account == number));
            if turn.count() < PER_ACCOUNT as usize && resumed.len() < LIMIT as usize {
                let paused = |job: &&Job| job.account == number && job.state == JobState::QuotaPaused;
                let oldest = self.jobs.iter().find(paused).map(|job| job.image);
                assert!(oldest.is_none_or(|image| of.reserve(month, image).is_none()), "left behind");
            }
        }
    }

    /// What the database says is what the model says.
    pub(super) async fn compare(&self) {
        self.f.audit().await;
        for account in &self.accounts {
            for (month, counts) in &account.months {
                let usage = self.f.store.usage(account.id, *month).await.unwrap();
                for (index, kind) in KINDS.into_iter().enumerate() {
                    let of = usage.kinds.iter().find(|of| of.kind == kind).unwrap();
                    let found = Counts { used: of.used, reserved: of.reserved, overage: of.overage };
                    assert_eq!(found, counts[index], "{kind} of {month}");
                    let topup = Counts { used: of.topup_used, reserved: of.topup_reserved, overage: 0 };
                    assert_eq!((topup, of.topup_granted), (account.topup[index], account.granted[index]));
                }
            }
        }
        for job in &self.jobs {
            assert_eq!(self.f.store.job(job.id).await.unwrap().unwrap().state, job.state);
        }
    }
}

/// The accounts' images differ, as their ids do.
fn own_image(account: usize, number: u32) -> domain::ImageId {
    image(u32::try_from(account).unwrap() * 1_000 + number)
}
