//! Transfers, and what they lead to.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{account, balance_transaction, charge, transfer};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    money::Money,
    page::Shows,
};

/// Money that goes to a connected account: <https://docs.stripe.com/api/transfers>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Transfer {
    #[graphql(flatten)]
    row: Row<transfer::Entity>,
    #[graphql(flatten)]
    declared: Declared<transfer::Entity>,
}

impl Shows for Transfer {
    type Entity = transfer::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for transfer::Entity {
    type Shown = Transfer;

    const JOINS: &'static [Join] = &[
        Join::one::<balance_transaction::Entity>(
            "balanceTransaction",
            "balance_transaction",
            "What it takes from the balance.",
        )
        .unindexed(),
        Join::one::<account::Entity>("destination", "destination", "The account that it goes to."),
        Join::one::<charge::Entity>(
            "sourceTransaction",
            "source_transaction",
            "The charge whose money it is, if it is one's.",
        ),
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
}
