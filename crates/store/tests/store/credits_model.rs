//! The buckets follow a model that counts unit by unit, whatever happens in whatever order.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::credits::{CreditKind, Funds, Split};
use domain::plan::{Dimension, Overrides, PlanCatalogue};
use domain::{AccountId, BillingMonth, ErrorCode, JobId, JobState, Rejection, Tier};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use store::{Accepted, CacheHit, Completion, NewJob, WhenExhausted};

use crate::fixture::{Fixture, LEASE, at, completion, image, message, new_account, plans, topup};

const KINDS: [CreditKind; 3] = [CreditKind::Images, CreditKind::SourceBytes, CreditKind::ResultBytes];
/// Of a pass of the resumer.
const PER_ACCOUNT: u32 = 2;
const LIMIT: u32 = 3;

#[derive(Debug, Clone)]
enum Step {
    Accept { account: usize, image: u32, pause: bool, keep: bool },
    Claim(usize),
    Complete { job: usize, bytes: u64 },
    Fail(usize),
    Release(usize),
    CacheHit { account: usize, bytes: u64 },
    Topup { account: usize, kind: usize, amount: u64 },
    Limits { account: usize, limits: [Option<u64>; 4], sells: bool },
    Commit { account: usize, image: u32, keep_original: bool },
    NextMonth,
    Resume,
}

fn step() -> impl Strategy<Value = Step> {
    let (account, job, image) = (0..2_usize, 0..64_usize, 0..12_u32);
    let limit = |most: u64| prop::option::weighted(0.8, 0..most);
    prop_oneof![
        16 => (account.clone(), image.clone(), any::<bool>(), prop::bool::weighted(0.4))
            .prop_map(|(account, image, pause, keep)| Step::Accept { account, image, pause, keep }),
        12 => job.clone().prop_map(Step::Claim),
        12 => (job.clone(), 1..30_u64).prop_map(|(job, bytes)| Step::Complete { job, bytes }),
        2 => job.clone().prop_map(Step::Fail),
        2 => job.prop_map(Step::Release),
        3 => (account.clone(), 1..20_u64).prop_map(|(account, bytes)| Step::CacheHit { account, bytes }),
        2 => (account.clone(), 0..3_usize, 1..40_u64)
            .prop_map(|(account, kind, amount)| Step::Topup { account, kind, amount }),
        3 => (account.clone(), (limit(9), limit(150), limit(150), limit(150)), prop::bool::weighted(0.2))
            .prop_map(|(account, (a, b, c, d), sells)| Step::Limits { account, limits: [a, b, c, d], sells }),
        2 => (account, image, any::<bool>())
            .prop_map(|(account, image, keep_original)| Step::Commit { account, image, keep_original }),
        1 => Just(Step::NextMonth),
        3 => Just(Step::Resume),
    ]
}

/// Bytes of the source of an image.
fn source_bytes(image: u32) -> u64 {
    u64::from(image % 5) * 7 + 3
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    used: u64,
    reserved: u64,
    overage: u64,
}

#[derive(Debug, Clone)]
struct Job {
    id: JobId,
    account: usize,
    image: u32,
    state: JobState,
    month: BillingMonth,
    reserved: [Split; 2],
    attempt: u32,
}

struct Account {
    id: AccountId,
    funds: Funds,
    months: BTreeMap<BillingMonth, [Counts; 3]>,
    topup: [Counts; 3],
    granted: [u64; 3],
    /// Images whose results do not expire.
    kept: Vec<u32>,
}

impl Account {
    /// Takes unit after unit from the first source that has one; as much as there is.
    fn take(&self, month: BillingMonth, kind: usize, amount: u64) -> Split {
        let fund = self.funds.get(KINDS[kind]);
        let of_month = self.months.get(&month).copied().unwrap_or_default()[kind];
        let mut split = Split::default();
        for _ in 0..amount {
            if fund.monthly.is_none_or(|limit| of_month.used + of_month.reserved + split.monthly < limit) {
                split.monthly += 1;
            } else if self.topup[kind].used + self.topup[kind].reserved + split.topup < self.granted[kind] {
                split.topup += 1;
            } else if fund.sells_more {
                split.overage += 1;
            }
        }
        split
    }

    /// Whether there was enough.
    fn reserve(&mut self, month: BillingMonth, image: u32) -> Option<[Split; 2]> {
        let splits = [self.take(month, 0, 1), self.take(month, 1, source_bytes(image))];
        let enough = splits[0].total() == 1
            && splits[1].total() == source_bytes(image)
            && self.take(month, 2, 1).total() == 1;
        enough.then(|| {
            for (kind, split) in splits.iter().enumerate() {
                self.months.entry(month).or_default()[kind].reserved += split.monthly;
                self.topup[kind].reserved += split.topup;
            }
            splits
        })
    }

    fn release(&mut self, job: &Job) {
        for (kind, split) in job.reserved.iter().enumerate() {
            self.months.entry(job.month).or_default()[kind].reserved -= split.monthly;
            self.topup[kind].reserved -= split.topup;
        }
    }

    fn spend(&mut self, month: BillingMonth, kind: usize, split: Split) {
        let of_month = &mut self.months.entry(month).or_default()[kind];
        of_month.used += split.monthly;
        of_month.overage += split.overage;
        self.topup[kind].used += split.topup;
    }

    /// Charges what was not known before: what there is nowhere is the month's.
    fn charge(&mut self, month: BillingMonth, amount: u64) {
        let mut split = self.take(month, 2, amount);
        split.monthly += amount - split.total();
        self.spend(month, 2, split);
    }
}

struct World {
    f: Fixture,
    plans: PlanCatalogue,
    accounts: Vec<Account>,
    jobs: Vec<Job>,
    now: DateTime<Utc>,
}

impl World {
    async fn new() -> Self {
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
            world.limits(account, [Some(3), Some(60), Some(60), Some(60)], false).await;
        }
        world
    }

    fn month(&self) -> BillingMonth {
        BillingMonth::containing(self.now)
    }

    async fn happen(&mut self, step: Step) {
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
        let live = |index: &usize| job % 8 == 0 || !self.jobs[*index].state.is_final();
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
    async fn compare(&self) {
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

#[tokio::test(flavor = "multi_thread")]
async fn buckets_follow_the_model() {
    let steps = prop::collection::vec(step(), 80..120);
    let mut runner = TestRunner::default();
    let mut seen = Seen::default();
    for _ in 0..6 {
        let mut world = World::new().await;
        for step in steps.new_tree(&mut runner).unwrap().current() {
            eprintln!("{step:?}");
            world.happen(step).await;
            world.compare().await;
        }
        seen.look(&world);
    }
    seen.check();
}

/// What the histories have reached: a model that nothing happens to agrees with anything.
#[derive(Debug, Default)]
struct Seen {
    completed: usize,
    paused: usize,
    topup: u64,
    overage: u64,
    kept: usize,
}

impl Seen {
    fn look(&mut self, world: &World) {
        let in_state = |state| world.jobs.iter().filter(|job| job.state == state).count();
        self.completed += in_state(JobState::Completed);
        self.paused += in_state(JobState::QuotaPaused);
        for account in &world.accounts {
            self.topup += account.topup.iter().map(|counts| counts.used).sum::<u64>();
            self.overage += account.months.values().flatten().map(|counts| counts.overage).sum::<u64>();
            self.kept += account.kept.len();
        }
    }

    fn check(&self) {
        assert!(self.completed > 10 && self.topup > 0 && self.overage > 0, "{self:?}");
        assert!(self.paused > 0 && self.kept > 0, "{self:?}");
        eprintln!("{self:?}");
    }
}
