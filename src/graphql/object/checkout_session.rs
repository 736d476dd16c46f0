//! Checkout sessions, and what comes of them.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{
    checkout_session, checkout_session::CheckoutMode, checkout_session::CheckoutPaymentStatus,
    checkout_session::CheckoutSessionStatus, checkout_session_line_item, customer, invoice, open::Open,
    payment_intent, payment_link, setup_intent, subscription,
};

use super::{BillingSubscription, Customer, Invoice, Linked, PaymentIntent, PaymentLink, SetupIntent, one};
use crate::{
    error::Result,
    graphql::{
        filter::By,
        join::{Join, Joined},
        lists::Lists,
        load::Row,
        money::Money,
        page::Shows,
    },
};

/// A visit to a payment page: <https://docs.stripe.com/api/checkout/sessions>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CheckoutSession {
    #[graphql(flatten)]
    row: Row<checkout_session::Entity>,
    #[graphql(flatten)]
    lists: Lists<checkout_session::Entity>,
    /// Where a mutation just made the session: a token with which `GET /wait` answers once the mirror holds it.
    wait_token: Option<String>,
}

impl CheckoutSession {
    /// A session that was just made.
    pub fn made(row: Row<checkout_session::Entity>, wait_token: Option<String>) -> Self {
        Self { lists: Lists::of(&row), row, wait_token }
    }
}

impl Shows for CheckoutSession {
    type Entity = checkout_session::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self::made(row, None)
    }
}

impl Joined for checkout_session::Entity {
    type Shown = CheckoutSession;

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer"),
        Join::one::<subscription::Entity>("subscription", "subscription"),
        Join::one::<payment_intent::Entity>("payment", "payment_intent").unindexed(),
        Join::one::<invoice::Entity>("invoice", "invoice").unindexed(),
        Join::one::<setup_intent::Entity>("setupIntent", "setup_intent").unindexed(),
        Join::one::<payment_link::Entity>("paymentLink", "payment_link").unindexed(),
        Join::many::<checkout_session_line_item::Entity>("lineItems", "checkout_session", "What is bought."),
    ];
    const FILTERS: &'static [By] = &[
        By::choice::<CheckoutSessionStatus>("status"),
        By::choice::<CheckoutMode>("mode"),
        By::choice::<CheckoutPaymentStatus>("payment_status"),
        By::value("client_reference_id"),
    ];
}

#[ComplexObject]
impl CheckoutSession {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// `uiMode` as Stripe writes it, also where the API has no name for it.
    async fn ui_mode_raw(&self) -> Option<&str> {
        self.row.ui_mode.as_ref().map(Open::as_str)
    }

    /// `status` as Stripe writes it, also where the API has no name for it.
    async fn status_raw(&self) -> Option<&str> {
        self.row.status.as_ref().map(Open::as_str)
    }

    /// `paymentStatus` as Stripe writes it, also where the API has no name for it.
    async fn payment_status_raw(&self) -> Option<&str> {
        self.row.payment_status.as_ref().map(Open::as_str)
    }

    /// `mode` as Stripe writes it, also where the API has no name for it.
    async fn mode_raw(&self) -> &str {
        self.row.mode.as_str()
    }

    /// All items, before discounts and taxes.
    async fn amount_subtotal(&self) -> Option<Money> {
        Money::of(self.row.amount_subtotal, self.row.currency.as_deref())
    }

    /// All items, after discounts and taxes.
    async fn amount_total(&self) -> Option<Money> {
        Money::of(self.row.amount_total, self.row.currency.as_deref())
    }

    /// Who pays.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Linked<Customer>> {
        one(ctx, self.row.customer.as_deref()).await
    }

    /// The subscription that came of it.
    async fn subscription(&self, ctx: &Context<'_>) -> Result<Linked<BillingSubscription>> {
        one(ctx, self.row.subscription.as_deref()).await
    }

    /// The payment that came of it.
    async fn payment(&self, ctx: &Context<'_>) -> Result<Linked<PaymentIntent>> {
        one(ctx, self.row.payment_intent.as_deref()).await
    }

    /// The invoice that came of it.
    async fn invoice(&self, ctx: &Context<'_>) -> Result<Linked<Invoice>> {
        one(ctx, self.row.invoice.as_deref()).await
    }

    /// The setup of a payment method that came of it.
    async fn setup_intent(&self, ctx: &Context<'_>) -> Result<Linked<SetupIntent>> {
        one(ctx, self.row.setup_intent.as_deref()).await
    }

    /// The link that led to the session.
    async fn payment_link(&self, ctx: &Context<'_>) -> Result<Linked<PaymentLink>> {
        one(ctx, self.row.payment_link.as_deref()).await
    }
}
