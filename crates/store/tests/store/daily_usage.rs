use chrono::NaiveDate;
use domain::{AccountId, ApiKeyId};
use store::{DailyCount, NewApiKey};

use crate::fixture::{Fixture, at};

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
}

#[tokio::test]
async fn counts_of_a_day_add_up_by_key() {
    let f = Fixture::new().await;
    let new = NewApiKey {
        account_id: f.account,
        label: "x".to_owned(),
        prefix: "opt_1".to_owned(),
        hash: [1; 32],
        expires_at: None,
    };
    let key = f.store.create_api_key(new, 5, at(0)).await.unwrap().id;
    let count = |key: Option<ApiKeyId>, on, requests| DailyCount {
        account: f.account,
        key,
        day: day(on),
        requests,
        refused: 1,
        failed: 0,
    };
    let gone = DailyCount { account: AccountId::generate(), ..count(None, 1, 9) };
    f.store.add_daily_counts(&[count(Some(key), 1, 5), count(None, 1, 2), gone]).await.unwrap();
    f.store
        .add_daily_counts(&[count(Some(key), 1, 3), count(Some(key), 2, 7), count(None, 1, 1)])
        .await
        .unwrap();
    f.store.add_daily_counts(&[]).await.unwrap();
    let found = f.store.daily_counts(f.account, day(1), day(1)).await.unwrap();
    let numbers: Vec<_> = found.iter().map(|count| (count.key, count.requests, count.refused)).collect();
    assert_eq!(numbers, [(Some(key), 8, 2), (None, 3, 2)]);
    assert_eq!(f.store.daily_counts(f.account, day(1), day(30)).await.unwrap().len(), 3);
}
