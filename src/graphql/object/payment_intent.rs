//! Payments, and what they lead to.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    charge, checkout_session, customer, dispute, early_fraud_warning, invoice, invoice_payment,
    payment_intent::{self, PaymentIntentStatus},
    payment_method, refund, review,
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Computed, Join, Joined},
    load::Row,
    money::Money,
    page::Shows,
};

/// A payment, through all its attempts: <https://docs.stripe.com/api/payment_intents>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct PaymentIntent {
    #[graphql(flatten)]
    row: Row<payment_intent::Entity>,
    #[graphql(flatten)]
    declared: Declared<payment_intent::Entity>,
}

/// Why a payment, or the setup of a payment method, failed: <https://docs.stripe.com/error-codes>.
#[derive(SimpleObject)]
pub struct PaymentError {
    /// Stripe's error code.
    pub code: String,
    /// The card issuer's reason: <https://docs.stripe.com/declines/codes>.
    pub decline_code: Option<String>,
}

impl Shows for PaymentIntent {
    type Entity = payment_intent::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for payment_intent::Entity {
    type Shown = PaymentIntent;

    const NAME: Option<&'static str> = Some("Payment");

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer", "Who pays."),
        Join::one::<invoice::Entity>("invoice", "invoice", "What is paid, where it is an invoice."),
        Join::one::<payment_method::Entity>("paymentMethod", "payment_method", "What it is paid with."),
        Join::one::<charge::Entity>("latestCharge", "latest_charge", "The newest attempt.").unindexed(),
        Join::many::<charge::Entity>("charges", "payment_intent", "The attempts, newest first."),
        Join::many::<refund::Entity>("refunds", "payment_intent", "What was given back, newest first."),
        Join::many::<dispute::Entity>("disputes", "payment_intent", "The disputes, newest first."),
        Join::many::<early_fraud_warning::Entity>(
            "earlyFraudWarnings",
            "payment_intent",
            "What card issuers say of fraud, newest first.",
        ),
        Join::many::<review::Entity>("reviews", "payment_intent", "The reviews by people, newest first."),
        Join::many::<invoice_payment::Entity>(
            "invoicePayments",
            "payment_intent",
            "The invoices that it pays, and how much of each.",
        ),
        Join::back::<checkout_session::Entity>(
            "checkoutSession",
            "payment_intent",
            "The Checkout session that it came of.",
        ),
    ];
    const FILTERS: &'static [By] = &[
        By::choice::<PaymentIntentStatus>("status").indexed(),
        By::value("amount"),
        By::value("currency"),
        By::value("description"),
        By::metadata().indexed(),
    ];
    const ORDERS: &'static [&'static str] = &["status"];
    const COMPUTED: &'static [Computed] =
        &[("lastError", &["last_payment_error_code", "last_payment_error_decline_code"])];
}

#[ComplexObject]
impl PaymentIntent {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// What is to be paid.
    async fn amount(&self) -> Money {
        Money::new(self.row.amount, &self.row.currency)
    }

    /// What was paid.
    async fn amount_received(&self) -> Option<Money> {
        Money::of(self.row.amount_received, Some(&self.row.currency))
    }

    /// What was authorized and can be captured.
    async fn amount_capturable(&self) -> Option<Money> {
        Money::of(self.row.amount_capturable, Some(&self.row.currency))
    }

    /// Why the last attempt failed, if it did.
    async fn last_error(&self) -> Option<PaymentError> {
        let row = &self.row;
        Some(PaymentError {
            code: row.last_payment_error_code.clone()?,
            decline_code: row.last_payment_error_decline_code.clone(),
        })
    }
}
