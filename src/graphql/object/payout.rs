//! Payouts, and what they lead to.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    balance_transaction,
    payout::{self, PayoutStatus},
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    money::Money,
    page::Shows,
};

/// Money that goes to the merchant's bank: <https://docs.stripe.com/api/payouts>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Payout {
    #[graphql(flatten)]
    row: Row<payout::Entity>,
    #[graphql(flatten)]
    declared: Declared<payout::Entity>,
}

impl Shows for Payout {
    type Entity = payout::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for payout::Entity {
    type Shown = Payout;

    const JOINS: &'static [Join] = &[
        Join::one::<balance_transaction::Entity>(
            "balanceTransaction",
            "balance_transaction",
            "What it takes from the balance.",
        ),
        Join::one::<balance_transaction::Entity>(
            "failureBalanceTransaction",
            "failure_balance_transaction",
            "What it gave back to the balance, where it failed.",
        )
        .unindexed(),
        Join::one::<payout::Entity>(
            "originalPayout",
            "original_payout",
            "The payout that this one takes back.",
        )
        .unindexed(),
        Join::one::<payout::Entity>("reversedBy", "reversed_by", "The payout that took this one back.")
            .unindexed(),
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

    /// What goes out.
    async fn amount(&self) -> Money {
        Money::new(self.row.amount, &self.row.currency)
    }
}
