use proptest::prelude::*;

#[derive(Debug, Clone)]
pub(super) enum Step {
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

pub(super) fn step() -> impl Strategy<Value = Step> {
    let (account, job, image) = (0..2_usize, 0..64_usize, 0..12_u32);
    let limit = |most: u64| prop::option::weighted(0.9, 0..most);
    prop_oneof![
        16 => (account.clone(), image.clone(), any::<bool>(), prop::bool::weighted(0.4))
            .prop_map(|(account, image, pause, keep)| Step::Accept { account, image, pause, keep }),
        12 => job.clone().prop_map(Step::Claim),
        12 => (job.clone(), 1..30_u64).prop_map(|(job, bytes)| Step::Complete { job, bytes }),
        2 => job.clone().prop_map(Step::Fail),
        2 => job.prop_map(Step::Release),
        3 => (account.clone(), 1..20_u64).prop_map(|(account, bytes)| Step::CacheHit { account, bytes }),
        5 => (account.clone(), 0..3_usize, 1..40_u64)
            .prop_map(|(account, kind, amount)| Step::Topup { account, kind, amount }),
        2 => (account.clone(), (limit(6), limit(60), limit(60), limit(150)), prop::bool::weighted(0.3))
            .prop_map(|(account, (a, b, c, d), sells)| Step::Limits { account, limits: [a, b, c, d], sells }),
        2 => (account, image, any::<bool>())
            .prop_map(|(account, image, keep_original)| Step::Commit { account, image, keep_original }),
        1 => Just(Step::NextMonth),
        3 => Just(Step::Resume),
    ]
}
