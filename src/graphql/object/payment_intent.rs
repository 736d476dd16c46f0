//! Payments, and what they lead to.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{
    charge, customer, dispute, early_fraud_warning, invoice, invoice_payment, payment_intent,
    payment_intent::PaymentIntentStatus, payment_method, refund, review,
};

use super::{Charge, Customer, Invoice, Linked, PaymentMethod, one};
use crate::{
    error::Result,
    graphql::{
        filter::By,
        join::{Computed, Join, Joined},
        lists::Lists,
        load::Row,
        money::Money,
        page::Shows,
    },
};

/// A payment, through all its attempts: <https://docs.stripe.com/api/payment_intents>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct PaymentIntent {
    #[graphql(flatten)]
    row: Row<payment_intent::Entity>,
    #[graphql(flatten)]
    lists: Lists<payment_intent::Entity>,
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
        Self { lists: Lists::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for payment_intent::Entity {
    type Shown = PaymentIntent;

    const NAME: Option<&'static str> = Some("Payment");

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer"),
        Join::one::<invoice::Entity>("invoice", "invoice"),
        Join::one::<payment_method::Entity>("paymentMethod", "payment_method").unindexed(),
        Join::one::<charge::Entity>("latestCharge", "latest_charge").unindexed(),
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
    ];
    const FILTERS: &'static [By] = &[
        By::choice::<PaymentIntentStatus>("status").indexed(),
        By::value("amount"),
        By::value("currency"),
        By::value("description"),
        By::metadata().indexed(),
    ];
    const ORDERS: &'static [&'static str] = &["status"];
    const COMPUTED: Option<&'static [Computed]> = Some(&[
        ("statusRaw", &["status"]),
        ("amount", &["amount", "currency"]),
        ("amountReceived", &["amount_received", "currency"]),
        ("amountCapturable", &["amount_capturable", "currency"]),
        ("lastError", &["last_payment_error_code", "last_payment_error_decline_code"]),
    ]);
}

#[ComplexObject]
impl PaymentIntent {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// `status` as Stripe writes it, also where the API has no name for it.
    async fn status_raw(&self) -> &str {
        self.row.status.as_str()
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

    /// Who pays.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Linked<Customer>> {
        one(ctx, self.row.customer.as_deref()).await
    }

    /// What is paid, where it is an invoice.
    async fn invoice(&self, ctx: &Context<'_>) -> Result<Linked<Invoice>> {
        one(ctx, self.row.invoice.as_deref()).await
    }

    /// What it is paid with.
    async fn payment_method(&self, ctx: &Context<'_>) -> Result<Linked<PaymentMethod>> {
        one(ctx, self.row.payment_method.as_deref()).await
    }

    /// The newest attempt.
    async fn latest_charge(&self, ctx: &Context<'_>) -> Result<Linked<Charge>> {
        one(ctx, self.row.latest_charge.as_deref()).await
    }
}
