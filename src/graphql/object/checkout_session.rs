//! Checkout sessions, and what comes of them.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{
    checkout_session, checkout_session_line_item, customer, invoice, payment_intent, payment_link,
    setup_intent, subscription,
};

use super::{
    BillingSubscription, CheckoutSessionLineItem, Customer, Invoice, PaymentIntent, PaymentLink, SetupIntent,
    one,
};
use crate::{
    error::Result,
    graphql::{
        join::{Join, Joined},
        load::{Row, load},
        money::Money,
        page::{Connection, Paging, Shows},
    },
};

/// A visit to a payment page: <https://docs.stripe.com/api/checkout/sessions>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CheckoutSession {
    #[graphql(flatten)]
    row: Row<checkout_session::Entity>,
    /// Where a mutation just made the session: a token with which `GET /wait` answers once the mirror holds it.
    wait_token: Option<String>,
}

impl CheckoutSession {
    /// A session that was just made.
    pub fn made(row: Row<checkout_session::Entity>, wait_token: Option<String>) -> Self {
        Self { row, wait_token }
    }
}

impl Shows for CheckoutSession {
    type Entity = checkout_session::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row, wait_token: None }
    }
}

impl Joined for checkout_session::Entity {
    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer"),
        Join::one::<subscription::Entity>("subscription", "subscription"),
        Join::one::<payment_intent::Entity>("payment", "payment_intent"),
        Join::one::<invoice::Entity>("invoice", "invoice"),
        Join::one::<setup_intent::Entity>("setupIntent", "setup_intent"),
        Join::one::<payment_link::Entity>("paymentLink", "payment_link"),
        Join::many::<checkout_session_line_item::Entity>("lineItems", "checkout_session"),
    ];
}

#[ComplexObject]
impl CheckoutSession {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
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
    async fn customer(&self, ctx: &Context<'_>) -> Result<Option<Customer>> {
        one(ctx, self.row.customer.as_deref()).await
    }

    /// The subscription that came of it.
    async fn subscription(&self, ctx: &Context<'_>) -> Result<Option<BillingSubscription>> {
        one(ctx, self.row.subscription.as_deref()).await
    }

    /// The payment that came of it.
    async fn payment(&self, ctx: &Context<'_>) -> Result<Option<PaymentIntent>> {
        one(ctx, self.row.payment_intent.as_deref()).await
    }

    /// The invoice that came of it.
    async fn invoice(&self, ctx: &Context<'_>) -> Result<Option<Invoice>> {
        one(ctx, self.row.invoice.as_deref()).await
    }

    /// The setup of a payment method that came of it.
    async fn setup_intent(&self, ctx: &Context<'_>) -> Result<Option<SetupIntent>> {
        one(ctx, self.row.setup_intent.as_deref()).await
    }

    /// The link that led to the session.
    async fn payment_link(&self, ctx: &Context<'_>) -> Result<Option<PaymentLink>> {
        one(ctx, self.row.payment_link.as_deref()).await
    }

    /// What is bought.
    async fn line_items(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<CheckoutSessionLineItem>> {
        let paging = Paging { first, after, last, before };
        Connection::of(load(ctx), "checkout_session", &self.row.id, paging).await
    }
}
