//! Checkout sessions at Stripe: made and fetched.

use std::collections::HashMap;

use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionAutomaticTax, CreateCheckoutSessionDiscounts,
    CreateCheckoutSessionLineItems, CreateCheckoutSessionPaymentMethodCollection,
    CreateCheckoutSessionSubscriptionData, RetrieveCheckoutSession,
};
use stripe_client_core::{RequestBuilder, StripeMethod};

use super::{Answer, Stripe, StripeError, error::check_id};

/// A Checkout session to be made, in Stripe's own words where those are open-ended.
#[derive(Clone, Debug, Default)]
pub struct NewCheckoutSession {
    pub mode: &'static str,
    pub ui_mode: &'static str,
    pub customer: String,
    pub client_reference_id: String,
    /// Prices and quantities.
    pub line_items: Vec<(String, Option<u64>)>,
    pub success_url: Option<String>,
    pub cancel_url: Option<String>,
    pub return_url: Option<String>,
    pub currency: Option<String>,
    pub trial_period_days: Option<u32>,
    pub payment_method_collection: Option<&'static str>,
    pub allow_promotion_codes: Option<bool>,
    pub promotion_code: Option<String>,
    pub coupon: Option<String>,
    pub automatic_tax: Option<bool>,
    pub locale: Option<String>,
    pub metadata: HashMap<String, String>,
    pub subscription_metadata: HashMap<String, String>,
}

impl Stripe {
    /// Makes a Checkout session; the same idempotency key makes the same one.
    pub async fn create_checkout_session(
        &self,
        session: NewCheckoutSession,
        idempotency_key: Option<String>,
    ) -> Result<Answer, StripeError> {
        self.send(&session.request(), idempotency_key).await
    }

    /// Fetches a Checkout session with what came of it.
    pub async fn retrieve_checkout_session(&self, id: &str) -> Result<Answer, StripeError> {
        check_id(id)?;
        let outcome = ["customer", "invoice", "payment_intent", "subscription"];
        let request = RetrieveCheckoutSession::new(id).expand(outcome.map(str::to_owned));
        self.send(&request, None).await
    }

    /// Fetches a price.
    pub async fn retrieve_price(&self, id: &str) -> Result<Answer, StripeError> {
        check_id(id)?;
        self.send_built(RequestBuilder::new(StripeMethod::Get, format!("/prices/{id}")), None).await
    }
}

impl NewCheckoutSession {
    fn request(self) -> CreateCheckoutSession {
        let mut request = CreateCheckoutSession::new()
            .mode(known::<stripe_shared::CheckoutSessionMode>(self.mode))
            .ui_mode(known::<stripe_shared::CheckoutSessionUiMode>(self.ui_mode))
            .customer(self.customer)
            .client_reference_id(self.client_reference_id);
        if !self.line_items.is_empty() {
            request = request.line_items(line_items(self.line_items));
        }
        if !self.metadata.is_empty() {
            request = request.metadata(self.metadata);
        }
        if self.trial_period_days.is_some() || !self.subscription_metadata.is_empty() {
            let mut subscription = CreateCheckoutSessionSubscriptionData::new();
            subscription.trial_period_days = self.trial_period_days;
            subscription.metadata = Some(self.subscription_metadata).filter(|metadata| !metadata.is_empty());
            request = request.subscription_data(subscription);
        }
        if self.promotion_code.is_some() || self.coupon.is_some() {
            let mut discount = CreateCheckoutSessionDiscounts::new();
            (discount.promotion_code, discount.coupon) = (self.promotion_code, self.coupon);
            request = request.discounts(vec![discount]);
        }
        let request = set(request, self.success_url, CreateCheckoutSession::success_url);
        let request = set(request, self.cancel_url, CreateCheckoutSession::cancel_url);
        let request = set(request, self.return_url, CreateCheckoutSession::return_url);
        let request = set(request, self.allow_promotion_codes, CreateCheckoutSession::allow_promotion_codes);
        let request = set(
            request,
            self.currency.as_deref().map(known::<stripe_types::Currency>),
            CreateCheckoutSession::currency,
        );
        let request = set(
            request,
            self.locale.as_deref().map(known::<stripe_shared::CheckoutSessionLocale>),
            CreateCheckoutSession::locale,
        );
        let tax = self.automatic_tax.map(CreateCheckoutSessionAutomaticTax::new);
        let request = set(request, tax, CreateCheckoutSession::automatic_tax);
        let collection =
            self.payment_method_collection.map(known::<CreateCheckoutSessionPaymentMethodCollection>);
        set(request, collection, CreateCheckoutSession::payment_method_collection)
    }
}

/// Sets an optional parameter where it is given.
fn set<T>(
    request: CreateCheckoutSession,
    value: Option<T>,
    setter: fn(CreateCheckoutSession, T) -> CreateCheckoutSession,
) -> CreateCheckoutSession {
    match value {
        Some(value) => setter(request, value),
        None => request,
    }
}

/// A value in Stripe's own words: the client crate's enumerations take any.
fn known<T: std::str::FromStr<Err = std::convert::Infallible>>(text: &str) -> T {
    let Ok(value) = text.parse();
    value
}

fn line_items(items: Vec<(String, Option<u64>)>) -> Vec<CreateCheckoutSessionLineItems> {
    let item = |(price, quantity)| {
        let mut item = CreateCheckoutSessionLineItems::new();
        (item.price, item.quantity) = (Some(price), quantity);
        item
    };
    items.into_iter().map(item).collect()
}
