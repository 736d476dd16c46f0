//! Balance transactions, and what they lead to.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{
    balance_transaction::{self, BalanceTransactionStatus, BalanceTransactionType},
    payout,
};

use super::{Node, node};
use crate::{
    error::Result,
    graphql::{
        declared::Declared,
        filter::By,
        join::{Join, Joined},
        load::Row,
        money::Money,
        page::Shows,
    },
};

/// What moved the merchant's balance: <https://docs.stripe.com/api/balance_transactions>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct BalanceTransaction {
    #[graphql(flatten)]
    row: Row<balance_transaction::Entity>,
    #[graphql(flatten)]
    declared: Declared<balance_transaction::Entity>,
}

impl Shows for BalanceTransaction {
    type Entity = balance_transaction::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for balance_transaction::Entity {
    type Shown = BalanceTransaction;

    const JOINS: &'static [Join] = &[
        Join::any("source", "source"),
        Join::many::<payout::Entity>(
            "payouts",
            "balance_transaction",
            "The payouts that moved the balance so, newest first.",
        ),
    ];
    const FILTERS: &'static [By] = &[
        By::choice::<BalanceTransactionStatus>("status"),
        By::value("amount"),
        By::value("currency"),
        By::value("reporting_category"),
        By::choice::<BalanceTransactionType>("type"),
    ];

    /// Each payment moves money.
    fn is_large() -> bool {
        true
    }
}

#[ComplexObject]
impl BalanceTransaction {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// What was moved, before the fee.
    async fn amount(&self) -> Money {
        Money::new(self.row.amount, &self.row.currency)
    }

    /// What Stripe takes of it.
    async fn fee(&self) -> Option<Money> {
        Money::of(self.row.fee, Some(&self.row.currency))
    }

    /// What was moved, after the fee.
    async fn net(&self) -> Option<Money> {
        Money::of(self.row.net, Some(&self.row.currency))
    }

    /// What moved it: a charge, a refund, a payout, …
    async fn source(&self, ctx: &Context<'_>) -> Result<Option<Node>> {
        let Some(id) = self.row.source.as_deref() else { return Ok(None) };
        node(ctx, id).await
    }
}
