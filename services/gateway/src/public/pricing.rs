use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Data;
use domain::credits::CreditKind;
use domain::plan::{Dimension, Plan, PlanCatalogue};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::config::Contact;

/// One plan. Prices are whole units of the currency where they are whole, with cents otherwise; a limit that is
/// `null` is none.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanView {
    /// Tier identifier.
    #[schema(example = "starter")]
    code: String,
    /// Marketing name.
    #[schema(example = "Starter")]
    name: String,
    /// ISO 4217 code.
    #[schema(example = "USD")]
    currency: String,
    /// Always `month`.
    #[schema(example = "month")]
    period: &'static str,
    /// Price of a month.
    #[schema(value_type = f64, example = 9)]
    monthly_price: serde_json::Number,
    /// Price of a year.
    #[schema(value_type = f64, example = 91.8)]
    annual_price: serde_json::Number,
    /// Image credits a month.
    #[schema(example = 10_000)]
    requests_limit: Option<u64>,
    /// Largest file in MB (10^6 bytes).
    #[schema(example = 25)]
    size_limit_mb: Option<u64>,
    /// Result bytes a month in GB (10^9 bytes).
    #[schema(example = 50)]
    bandwidth_gb: Option<u64>,
    /// Results a minute.
    #[schema(example = 300)]
    rate_limit_per_minute: Option<u64>,
    /// Results a minute and key.
    #[schema(example = 150)]
    rate_limit_per_key_per_minute: Option<u64>,
    /// Days that an uncommitted result stays; 0 is one hour.
    #[schema(example = 30)]
    optimized_retention_days: Option<u64>,
    /// Hard cap of the Storage Library in bytes.
    included_storage_bytes: Option<u64>,
    /// Active API keys.
    #[schema(example = 3)]
    api_keys: Option<u64>,
    /// Team seats.
    #[schema(example = 2)]
    included_seats: Option<u64>,
    /// What is sold beyond the monthly credits: cents an image, cents a GB; absent where the plan stops hard.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    overage_cents: BTreeMap<&'static str, u64>,
    /// Selling points.
    features: Vec<String>,
    /// Shown on one plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    popular_plan: Option<bool>,
    /// Sold by contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_sales: Option<bool>,
}

/// E-mail addresses.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContactView {
    /// Sales.
    sales: String,
    /// Support.
    support: String,
}

/// All plans.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pricing {
    /// From the smallest to the largest.
    plans: Vec<PlanView>,
    /// Discount of a yearly payment.
    #[schema(example = 15)]
    annual_discount_percent: u64,
    /// Whom to ask.
    contact: ContactView,
}

/// List the plans.
#[utoipa::path(
    get, path = "/public/pricing", tag = "Public", operation_id = "listPlans",
    responses((status = 200, description = "The plans that enforcement uses", body = Pricing)),
    security(()),
)]
pub(crate) async fn pricing(app: Data<App>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .json(listing(&app.plans, &app.contact))
}

fn listing(catalogue: &PlanCatalogue, contact: &Contact) -> Pricing {
    let discount = catalogue.annual_discount_percent;
    Pricing {
        plans: catalogue.plans().iter().map(|plan| view(plan, &catalogue.currency, discount)).collect(),
        annual_discount_percent: discount,
        contact: ContactView { sales: contact.sales.clone(), support: contact.support.clone() },
    }
}

fn view(plan: &Plan, currency: &str, discount: u64) -> PlanView {
    let limit = |dimension| plan.limits.get(dimension);
    PlanView {
        code: plan.code.clone(),
        name: plan.name.clone(),
        currency: currency.to_owned(),
        period: "month",
        monthly_price: price(plan.monthly_cents),
        annual_price: price(plan.annual_cents(discount)),
        requests_limit: limit(Dimension::MonthlyImages),
        size_limit_mb: limit(Dimension::FileBytes).map(|bytes| bytes / 1_000_000),
        bandwidth_gb: limit(Dimension::BandwidthBytes).map(|bytes| bytes / 1_000_000_000),
        rate_limit_per_minute: limit(Dimension::ResultsPerMinute),
        rate_limit_per_key_per_minute: limit(Dimension::ResultsPerMinutePerKey),
        optimized_retention_days: limit(Dimension::RetentionDays),
        included_storage_bytes: limit(Dimension::StorageBytes),
        api_keys: limit(Dimension::ApiKeys),
        included_seats: limit(Dimension::Seats),
        overage_cents: overage(plan),
        features: plan.features.clone(),
        popular_plan: plan.popular.then_some(true),
        contact_sales: plan.contact_sales.then_some(true),
    }
}

fn overage(plan: &Plan) -> BTreeMap<&'static str, u64> {
    let priced = |kind: CreditKind| Some((kind.as_str(), plan.overage.cents(kind)?));
    CreditKind::ALL.into_iter().filter_map(priced).collect()
}

/// `9` for 900 cents, `91.8` for 9180.
#[allow(clippy::cast_precision_loss, reason = "prices are far below 2^53 cents")]
fn price(cents: u64) -> serde_json::Number {
    if cents.is_multiple_of(100) {
        return (cents / 100).into();
    }
    serde_json::Number::from_f64(cents as f64 / 100.0).unwrap_or_else(|| 0.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listing_is_the_published_one() {
        let contact = Contact {
            sales: "sales@optimagio.example".to_owned(),
            support: "support@optimagio.example".to_owned(),
            alerts: store::Alerts::default(),
        };
        insta::assert_json_snapshot!(listing(&PlanCatalogue::built_in().unwrap(), &contact));
    }
}
