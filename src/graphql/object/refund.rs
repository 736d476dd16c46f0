//! Refunds, and what they lead to.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{balance_transaction, charge, open::Open, payment_intent, refund, refund::RefundStatus};

use super::{BalanceTransaction, Charge, Linked, PaymentIntent, one};
use crate::{
    error::Result,
    graphql::{
        filter::By,
        join::{Join, Joined},
        load::Row,
        money::Money,
        page::Shows,
    },
};

/// Money given back: <https://docs.stripe.com/api/refunds>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Refund {
    #[graphql(flatten)]
    row: Row<refund::Entity>,
}

impl Shows for Refund {
    type Entity = refund::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for refund::Entity {
    type Shown = Refund;

    const JOINS: &'static [Join] = &[
        Join::one::<charge::Entity>("charge", "charge"),
        Join::one::<payment_intent::Entity>("payment", "payment_intent"),
        Join::one::<balance_transaction::Entity>("balanceTransaction", "balance_transaction").unindexed(),
    ];
    const FILTERS: &'static [By] = &[
        By::choice::<RefundStatus>("status"),
        By::value("amount"),
        By::value("currency"),
        By::value("reason"),
    ];
}

#[ComplexObject]
impl Refund {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// `status` as Stripe writes it, also where the API has no name for it.
    async fn status_raw(&self) -> Option<&str> {
        self.row.status.as_ref().map(Open::as_str)
    }

    /// What is given back.
    async fn amount(&self) -> Money {
        Money::new(self.row.amount, &self.row.currency)
    }

    /// The charge whose money it is.
    async fn charge(&self, ctx: &Context<'_>) -> Result<Linked<Charge>> {
        one(ctx, self.row.charge.as_deref()).await
    }

    /// The payment whose money it is.
    async fn payment(&self, ctx: &Context<'_>) -> Result<Linked<PaymentIntent>> {
        one(ctx, self.row.payment_intent.as_deref()).await
    }

    /// What it moves of the merchant's balance.
    async fn balance_transaction(&self, ctx: &Context<'_>) -> Result<Linked<BalanceTransaction>> {
        one(ctx, self.row.balance_transaction.as_deref()).await
    }
}
