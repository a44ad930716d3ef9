use chrono::NaiveDate;
use domain::BillingMonth;
use domain::credits::{CreditKind, Funds};
use store::{CacheHit, NewJob, Totals};

use crate::fixture::{Fixture, at, image};

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
}

#[tokio::test]
async fn the_ledger_is_summed_by_day_site_key_and_account() {
    let f = Fixture::new().await;
    for (number, site, now) in [(1, Some("shop"), at(0)), (2, None, at(0)), (3, Some("shop"), at(86_400))] {
        let new = NewJob { site: site.map(str::to_owned), ..f.new_job(number) };
        let id = new.id;
        f.accept(new, now).await;
        f.claim(id, now).await;
        f.complete(id, 1, now).await.unwrap();
    }
    let hit = CacheHit {
        account_id: f.account,
        api_key_id: None,
        site: Some("shop".to_owned()),
        image_id: image(1),
        bytes: 400,
        funds: Funds::default(),
    };
    f.store.record_cache_hit(hit, at(1)).await.unwrap();
    f.queued(9).await;

    let one = Totals { images: 1, source_bytes: 1_000, result_bytes: 400, saved_bytes: 600, cache_hits: 0 };
    let two_and_a_hit =
        Totals { images: 2, source_bytes: 2_000, result_bytes: 1_200, saved_bytes: 1_200, cache_hits: 1 };
    let all =
        Totals { images: 3, source_bytes: 3_000, result_bytes: 1_600, saved_bytes: 1_800, cache_hits: 1 };
    let (from, to) = (day(20), day(21));
    let by_day = f.store.usage_by_day(f.account, from, to).await.unwrap();
    assert_eq!(by_day, [(day(20), two_and_a_hit), (day(21), one)]);
    assert_eq!(f.store.usage_by_day(f.account, day(21), day(21)).await.unwrap(), [(day(21), one)]);
    let by_site = f.store.usage_by_site(f.account, from, to).await.unwrap();
    assert_eq!(by_site, [(Some("shop".to_owned()), two_and_a_hit), (None, one)]);
    assert_eq!(f.store.usage_by_key(f.account, from, to).await.unwrap(), [(None, all)]);
    assert_eq!(f.store.usage_of_all(from, to).await.unwrap(), [(f.account, all)]);
    assert_eq!(f.store.usage_of_all(day(1), day(19)).await.unwrap(), []);

    let usage = f.store.usage(f.account, BillingMonth::containing(at(0))).await.unwrap();
    assert_eq!((usage.images, usage.cache_hits), (3, 1));
    let images = usage.kinds.into_iter().find(|of| of.kind == CreditKind::Images).unwrap();
    assert_eq!((images.used, images.reserved, images.overage, images.topup_granted), (3, 1, 0, 0));
}
