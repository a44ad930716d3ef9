use settings::{Reader, Secret};

/// How credits are sold.
#[derive(Debug, Clone)]
pub struct PaymentsConfig {
    /// Signs notices of payments; without it none is believed.
    pub webhook_secret: Option<Secret>,
    /// Key of the provider's API; without it there is no checkout.
    pub secret_key: Option<Secret>,
    /// The provider's API, without a slash at the end.
    pub api_url: String,
    /// Where a buyer comes back to.
    pub return_url: String,
}

impl PaymentsConfig {
    /// Reads `STRIPE_*` and `PAYMENTS_RETURN_URL`.
    pub fn read(reader: &mut Reader) -> Self {
        Self {
            webhook_secret: reader.optional(
                "STRIPE_WEBHOOK_SECRET",
                "signing secret of the endpoint /api/payments/webhook; empty: payments are not configured",
            ),
            secret_key: reader.optional(
                "STRIPE_SECRET_KEY",
                "key of Stripe's API, for checkout sessions; empty: payments are not configured",
            ),
            api_url: reader.or::<String>(
                "STRIPE_API_URL",
                "https://api.stripe.com".to_owned(),
                "Stripe's API",
            ),
            return_url: reader.or::<String>(
                "PAYMENTS_RETURN_URL",
                "https://optimagio.example/dashboard".to_owned(),
                "where a buyer comes back to after a checkout",
            ),
        }
    }
}
