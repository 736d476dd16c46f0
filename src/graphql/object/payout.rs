//! Payouts, and what they lead to.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{balance_transaction, payout, payout::PayoutStatus};

use super::{BalanceTransaction, Linked, one};
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

/// Money that goes to the merchant's bank: <https://docs.stripe.com/api/payouts>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Payout {
    #[graphql(flatten)]
    row: Row<payout::Entity>,
}

impl Shows for Payout {
    type Entity = payout::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for payout::Entity {
    type Shown = Payout;

    const JOINS: &'static [Join] = &[
        Join::one::<balance_transaction::Entity>("balanceTransaction", "balance_transaction"),
        Join::one::<balance_transaction::Entity>("failureBalanceTransaction", "failure_balance_transaction")
            .unindexed(),
        Join::one::<payout::Entity>("originalPayout", "original_payout").unindexed(),
        Join::one::<payout::Entity>("reversedBy", "reversed_by").unindexed(),
    ];
    const FILTERS: &'static [By] = &[
        By::choice::<PayoutStatus>("status"),
        By::value("amount"),
        By::value("arrival_date"),
        By::value("currency"),
    ];
}

#[ComplexObject]
impl Payout {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// `status` as Stripe writes it, also where the API has no name for it.
    async fn status_raw(&self) -> &str {
        self.row.status.as_str()
    }

    /// What goes out.
    async fn amount(&self) -> Money {
        Money::new(self.row.amount, &self.row.currency)
    }

    /// What it takes from the balance.
    async fn balance_transaction(&self, ctx: &Context<'_>) -> Result<Linked<BalanceTransaction>> {
        one(ctx, self.row.balance_transaction.as_deref()).await
    }

    /// What it gave back to the balance, where it failed.
    async fn failure_balance_transaction(&self, ctx: &Context<'_>) -> Result<Linked<BalanceTransaction>> {
        one(ctx, self.row.failure_balance_transaction.as_deref()).await
    }

    /// The payout that this one takes back.
    async fn original_payout(&self, ctx: &Context<'_>) -> Result<Linked<Payout>> {
        one(ctx, self.row.original_payout.as_deref()).await
    }

    /// The payout that took this one back.
    async fn reversed_by(&self, ctx: &Context<'_>) -> Result<Linked<Payout>> {
        one(ctx, self.row.reversed_by.as_deref()).await
    }
}
