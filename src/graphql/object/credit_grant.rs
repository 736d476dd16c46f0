//! Credit grants, and what they lead to.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{credit_balance_transaction, credit_grant, customer};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    money::Money,
    page::Shows,
};

/// Credit that pays for usage: <https://docs.stripe.com/api/billing/credit-grant>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CreditGrant {
    #[graphql(flatten)]
    row: Row<credit_grant::Entity>,
    #[graphql(flatten)]
    declared: Declared<credit_grant::Entity>,
}

impl Shows for CreditGrant {
    type Entity = credit_grant::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for credit_grant::Entity {
    type Shown = CreditGrant;

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer", "Whose it is."),
        Join::many::<credit_balance_transaction::Entity>(
            "transactions",
            "credit_grant",
            "What was granted and used of it, newest first.",
        ),
    ];
    const FILTERS: &'static [By] = &[By::value("expires_at")];
}

#[ComplexObject]
impl CreditGrant {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// How much was granted.
    async fn amount(&self) -> Option<Money> {
        Money::of(self.row.amount, self.row.currency.as_deref())
    }
}
