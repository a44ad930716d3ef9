use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Data;
use domain::plan::{Plan, PlanCatalogue};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::config::Contact;

/// One plan. Prices are whole units of the currency where they are whole, with cents otherwise.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanView {
    /// Tier identifier.
    #[schema(example = "starter")]
    code: &'static str,
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
    requests_limit: u64,
    /// Largest file in MB (10^6 bytes).
    #[schema(example = 25)]
    size_limit_mb: u64,
    /// Result bytes a month in GB (10^9 bytes).
    #[schema(example = 50)]
    bandwidth_gb: u64,
    /// Results a minute.
    #[schema(example = 300)]
    rate_limit_per_minute: u32,
    /// Results a minute and key.
    #[schema(example = 150)]
    rate_limit_per_key_per_minute: u32,
    /// Days that an uncommitted result stays; 0 is one hour.
    #[schema(example = 30)]
    optimized_retention_days: u32,
    /// Hard cap of the Storage Library in bytes.
    included_storage_bytes: u64,
    /// Active API keys.
    #[schema(example = 3)]
    api_keys: u32,
    /// Team seats.
    #[schema(example = 2)]
    included_seats: u32,
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
    PlanView {
        code: plan.tier.as_str(),
        name: plan.name.clone(),
        currency: currency.to_owned(),
        period: "month",
        monthly_price: price(plan.monthly_cents),
        annual_price: price(plan.annual_cents(discount)),
        requests_limit: plan.monthly_images,
        size_limit_mb: plan.max_file_bytes / 1_000_000,
        bandwidth_gb: plan.bandwidth_bytes / 1_000_000_000,
        rate_limit_per_minute: plan.results_per_minute,
        rate_limit_per_key_per_minute: plan.results_per_minute_per_key,
        optimized_retention_days: plan.retention_days,
        included_storage_bytes: plan.included_storage_bytes,
        api_keys: plan.api_keys,
        included_seats: plan.seats,
        features: plan.features.clone(),
        popular_plan: plan.popular.then_some(true),
        contact_sales: plan.contact_sales.then_some(true),
    }
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
            upgrade_url: String::new(),
        };
        insta::assert_json_snapshot!(listing(&PlanCatalogue::built_in().unwrap(), &contact));
    }
}
