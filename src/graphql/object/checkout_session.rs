//! Checkout sessions, and what comes of them.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{checkout_session, customer, invoice, payment_intent, subscription};

use super::{BillingSubscription, Customer, Invoice, PaymentIntent, one};
use crate::{
    error::Result,
    graphql::{
        join::{Join, Joined},
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
}

impl Shows for CheckoutSession {
    type Entity = checkout_session::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for checkout_session::Entity {
    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer"),
        Join::one::<subscription::Entity>("subscription", "subscription"),
        Join::one::<payment_intent::Entity>("payment", "payment_intent"),
        Join::one::<invoice::Entity>("invoice", "invoice"),
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
}
