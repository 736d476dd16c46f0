//! Charges, and what they lead to.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{
    balance_transaction, charge, customer, dispute, invoice, payment_intent, payment_method, refund,
};

use super::{BalanceTransaction, Customer, Dispute, Invoice, PaymentIntent, PaymentMethod, Refund, one};
use crate::{
    error::Result,
    graphql::{
        join::{Join, Joined},
        load::{Row, load},
        money::Money,
        page::{Connection, Paging, Shows},
    },
};

/// One attempt to move money: <https://docs.stripe.com/api/charges>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Charge {
    #[graphql(flatten)]
    row: Row<charge::Entity>,
}

impl Shows for Charge {
    type Entity = charge::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for charge::Entity {
    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer"),
        Join::one::<invoice::Entity>("invoice", "invoice"),
        Join::one::<payment_intent::Entity>("payment", "payment_intent"),
        Join::one::<payment_method::Entity>("paymentMethod", "payment_method"),
        Join::many::<refund::Entity>("refunds", "charge"),
        Join::many::<dispute::Entity>("disputes", "charge"),
        Join::one::<balance_transaction::Entity>("balanceTransaction", "balance_transaction"),
    ];
}

#[ComplexObject]
impl Charge {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// What is to be moved.
    async fn amount(&self) -> Money {
        Money::new(self.row.amount, &self.row.currency)
    }

    /// What was taken.
    async fn amount_captured(&self) -> Option<Money> {
        Money::of(self.row.amount_captured, Some(&self.row.currency))
    }

    /// What was given back.
    async fn amount_refunded(&self) -> Option<Money> {
        Money::of(self.row.amount_refunded, Some(&self.row.currency))
    }

    /// Who pays.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Option<Customer>> {
        one(ctx, self.row.customer.as_deref()).await
    }

    /// What is paid, where it is an invoice.
    async fn invoice(&self, ctx: &Context<'_>) -> Result<Option<Invoice>> {
        one(ctx, self.row.invoice.as_deref()).await
    }

    /// The payment that this is an attempt of.
    async fn payment(&self, ctx: &Context<'_>) -> Result<Option<PaymentIntent>> {
        one(ctx, self.row.payment_intent.as_deref()).await
    }

    /// What it is paid with.
    async fn payment_method(&self, ctx: &Context<'_>) -> Result<Option<PaymentMethod>> {
        one(ctx, self.row.payment_method.as_deref()).await
    }

    /// What was given back, newest first.
    async fn refunds(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Refund>> {
        let paging = Paging { first, after, last, before };
        Connection::of(load(ctx), "charge", &self.row.id, paging).await
    }

    /// The disputes, newest first.
    async fn disputes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Dispute>> {
        let paging = Paging { first, after, last, before };
        Connection::of(load(ctx), "charge", &self.row.id, paging).await
    }

    /// What it moves of the merchant's balance.
    async fn balance_transaction(&self, ctx: &Context<'_>) -> Result<Option<BalanceTransaction>> {
        one(ctx, self.row.balance_transaction.as_deref()).await
    }
}
