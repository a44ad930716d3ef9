//! What was used when, by which key and for which site.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Data, Query};
use chrono::{Datelike, Days, NaiveDate};
use domain::Rejection;
use serde::{Deserialize, Serialize};
use store::Totals;
use utoipa::{IntoParams, ToSchema};
use web::{ApiError, SessionCaller};

use super::subject::Subject;
use crate::app::App;

/// Most days of one answer.
const MOST_DAYS: u64 = 366;
/// Years that can be asked for: PostgreSQL knows fewer than a date can hold.
const YEARS: std::ops::RangeInclusive<i32> = 2_000..=9_999;
/// Most sites of one answer: callers name them as they like.
const MOST_SITES: usize = 100;
/// Days of an answer where none are named, today included.
const USUAL_DAYS: u64 = 30;

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Span {
    /// The first day, UTC; 29 days before the last if left out.
    #[param(example = "2026-11-01")]
    from: Option<NaiveDate>,
    /// The last day, UTC; today if left out.
    #[param(example = "2026-11-30")]
    to: Option<NaiveDate>,
}

impl Span {
    fn days(&self, today: NaiveDate) -> Result<(NaiveDate, NaiveDate), Rejection> {
        let to = self.to.unwrap_or(today);
        let from = self.from.unwrap_or_else(|| to.checked_sub_days(Days::new(USUAL_DAYS - 1)).unwrap_or(to));
        if [from, to].iter().any(|day| !YEARS.contains(&day.year())) {
            return Err(Rejection::invalid(
                "from",
                "`from` and `to` must be days of the years 2000 to 9999.",
            ));
        }
        let days = u64::try_from((to - from).num_days())
            .map_err(|_| Rejection::invalid("from", "`from` must not be after `to`."))?;
        if days >= MOST_DAYS {
            return Err(Rejection::invalid(
                "from",
                format!("At most {MOST_DAYS} days can be asked for at once."),
            ));
        }
        Ok((from, to))
    }
}

/// What was used in a span of days.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct History {
    from: String,
    to: String,
    total: Sums,
    /// Days without use are left out.
    by_day: Vec<Entry>,
    /// By API key; `null` is no key.
    by_key: Vec<Entry>,
    /// By what `X-Client-Site`, `Origin` or `Referer` named, the busiest 100; `null` is nothing.
    by_site: Vec<Entry>,
    /// Requests by day: all, those that a limit refused, and other errors.
    requests: Vec<RequestDay>,
}

/// What all accounts used in a span of days.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistoryOfAll {
    from: String,
    to: String,
    total: Sums,
    /// By account, the busiest first.
    by_account: Vec<Entry>,
}

/// Sums for one day, key, site or account.
#[derive(Debug, Serialize, ToSchema)]
struct Entry {
    key: Option<String>,
    #[serde(flatten)]
    sums: Sums,
}

#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
struct Sums {
    /// Results that were made.
    images: u64,
    source_bytes: u64,
    /// Bandwidth: bytes of results, those from the cache too.
    result_bytes: u64,
    /// Bytes by which results are smaller than their sources.
    saved_bytes: u64,
    /// Results that were handed out without work.
    cache_hits: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct RequestDay {
    day: String,
    requests: u64,
    refused: u64,
    failed: u64,
}

impl From<Totals> for Sums {
    fn from(totals: Totals) -> Self {
        Self {
            images: totals.images,
            source_bytes: totals.source_bytes,
            result_bytes: totals.result_bytes,
            saved_bytes: totals.saved_bytes,
            cache_hits: totals.cache_hits,
        }
    }
}

impl Sums {
    fn add(self, other: Self) -> Self {
        Self {
            images: self.images + other.images,
            source_bytes: self.source_bytes + other.source_bytes,
            result_bytes: self.result_bytes + other.result_bytes,
            saved_bytes: self.saved_bytes + other.saved_bytes,
            cache_hits: self.cache_hits + other.cache_hits,
        }
    }
}

/// What the account used, by day, key and site.
#[utoipa::path(
    get, path = "/api/my/usage", tag = "Usage", operation_id = "getUsageHistory", params(Span),
    responses((status = 200, description = "Sums of the ledger", body = History), (status = 400, description = "Bad days", body = web::ErrorBody), (status = 401, description = "No credentials", body = web::ErrorBody)),
    security(("api_key" = []), ("bearer" = []), ("session" = [])),
)]
pub(crate) async fn own(
    subject: Subject,
    span: Result<Query<Span>, actix_web::Error>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    let (from, to) = days(span, &app)?;
    let (store, account) = (&app.store, subject.account.id);
    let by_day = store.usage_by_day(account, from, to).await?;
    let by_key = store.usage_by_key(account, from, to).await?;
    let mut by_site = store.usage_by_site(account, from, to).await?;
    by_site.sort_by_key(|(_, totals)| std::cmp::Reverse(totals.result_bytes));
    by_site.truncate(MOST_SITES);
    let requests = store.daily_counts(account, from, to).await?;
    let body = History {
        from: from.to_string(),
        to: to.to_string(),
        total: by_day.iter().fold(Sums::default(), |sum, (_, totals)| sum.add((*totals).into())),
        by_day: by_day.into_iter().map(|(day, totals)| entry(Some(day), totals)).collect(),
        by_key: by_key.into_iter().map(|(key, totals)| entry(key, totals)).collect(),
        by_site: by_site.into_iter().map(|(site, totals)| entry(site, totals)).collect(),
        requests: request_days(&requests),
    };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(body))
}

/// What all accounts used, the busiest first.
#[utoipa::path(
    get, path = "/api/admin/usage", tag = "Admin", operation_id = "getUsageOfAll", params(Span),
    responses((status = 200, description = "Sums of the ledger", body = HistoryOfAll), (status = 403, description = "Not an administrator", body = web::ErrorBody)),
    security(("session" = [])),
)]
pub(crate) async fn of_all(
    caller: SessionCaller,
    span: Result<Query<Span>, actix_web::Error>,
    app: Data<App>,
) -> Result<HttpResponse, ApiError> {
    caller.require_operator()?;
    let (from, to) = days(span, &app)?;
    let mut accounts = app.store.usage_of_all(from, to).await?;
    accounts.sort_by_key(|(_, totals)| std::cmp::Reverse(totals.images));
    let body = HistoryOfAll {
        from: from.to_string(),
        to: to.to_string(),
        total: accounts.iter().fold(Sums::default(), |sum, (_, totals)| sum.add((*totals).into())),
        by_account: accounts.into_iter().map(|(account, totals)| entry(Some(account), totals)).collect(),
    };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(body))
}

fn days(span: Result<Query<Span>, actix_web::Error>, app: &App) -> Result<(NaiveDate, NaiveDate), ApiError> {
    let span = span.map_err(|error| {
        Rejection::invalid("from", format!("`from` and `to` are days like 2026-11-30: {error}."))
    })?;
    Ok(span.days(app.clock.now().date_naive())?)
}

fn entry(key: Option<impl ToString>, totals: Totals) -> Entry {
    Entry { key: key.map(|key| key.to_string()), sums: totals.into() }
}

/// One entry a day, over all keys.
fn request_days(counts: &[store::DailyCount]) -> Vec<RequestDay> {
    let mut days: Vec<RequestDay> = Vec::new();
    for count in counts {
        let day = count.day.to_string();
        if days.last().is_none_or(|last| last.day != day) {
            days.push(RequestDay { day, requests: 0, refused: 0, failed: 0 });
        }
        if let Some(last) = days.last_mut() {
            last.requests += count.requests;
            last.refused += count.refused;
            last.failed += count.failed;
        }
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
    }

    #[test]
    fn thirty_days_are_usual_and_a_year_is_the_most() {
        let days = |from, to| Span { from, to }.days(day(30));
        assert_eq!(days(None, None).unwrap(), (day(1), day(30)));
        assert_eq!(days(Some(day(3)), Some(day(3))).unwrap(), (day(3), day(3)));
        assert_eq!(days(Some(day(4)), Some(day(3))).unwrap_err().field.as_deref(), Some("from"));
        assert!(days(NaiveDate::from_ymd_opt(2025, 11, 30), None).is_ok());
        assert!(days(NaiveDate::from_ymd_opt(2025, 11, 29), None).is_err());
        let ancient = NaiveDate::from_ymd_opt(-5_000, 1, 1);
        assert!(days(ancient, ancient).is_err());
    }
}
