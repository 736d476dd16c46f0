//! Transfers, and what they lead to.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{account, balance_transaction, charge, transfer};

use super::{Account, BalanceTransaction, Charge, Linked, one};
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

/// Money that goes to a connected account: <https://docs.stripe.com/api/transfers>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Transfer {
    #[graphql(flatten)]
    row: Row<transfer::Entity>,
}

impl Shows for Transfer {
    type Entity = transfer::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for transfer::Entity {
    type Shown = Transfer;

    const JOINS: &'static [Join] = &[
        Join::one::<balance_transaction::Entity>("balanceTransaction", "balance_transaction").unindexed(),
        Join::one::<account::Entity>("destination", "destination"),
        Join::one::<charge::Entity>("sourceTransaction", "source_transaction"),
    ];
    const FILTERS: &'static [By] =
        &[By::value("amount"), By::value("currency"), By::value("reversed"), By::value("transfer_group")];

    /// Each payment moves money.
    fn is_large() -> bool {
        true
    }
}

#[ComplexObject]
impl Transfer {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// What goes there.
    async fn amount(&self) -> Money {
        Money::new(self.row.amount, &self.row.currency)
    }

    /// What came back.
    async fn amount_reversed(&self) -> Option<Money> {
        Money::of(self.row.amount_reversed, Some(&self.row.currency))
    }

    /// What it takes from the balance.
    async fn balance_transaction(&self, ctx: &Context<'_>) -> Result<Linked<BalanceTransaction>> {
        one(ctx, self.row.balance_transaction.as_deref()).await
    }

    /// The account that it goes to.
    async fn destination(&self, ctx: &Context<'_>) -> Result<Linked<Account>> {
        one(ctx, self.row.destination.as_deref()).await
    }

    /// The charge whose money it is, if it is one's.
    async fn source_transaction(&self, ctx: &Context<'_>) -> Result<Linked<Charge>> {
        one(ctx, self.row.source_transaction.as_deref()).await
    }
}
