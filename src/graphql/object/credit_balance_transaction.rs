//! Credit balance transactions, and what they lead to.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{credit_balance_transaction, credit_grant, invoice};

use crate::graphql::{
    declared::Declared,
    join::{Join, Joined},
    load::Row,
    money::Money,
    page::Shows,
};

/// What moved a customer's credit: <https://docs.stripe.com/api/billing/credit-balance-transaction>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CreditBalanceTransaction {
    #[graphql(flatten)]
    row: Row<credit_balance_transaction::Entity>,
    #[graphql(flatten)]
    declared: Declared<credit_balance_transaction::Entity>,
}

impl Shows for CreditBalanceTransaction {
    type Entity = credit_balance_transaction::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for credit_balance_transaction::Entity {
    type Shown = CreditBalanceTransaction;

    const JOINS: &'static [Join] = &[
        Join::one::<credit_grant::Entity>("creditGrant", "credit_grant", "The grant whose credit it is."),
        Join::one::<invoice::Entity>("invoice", "invoice", "The invoice that was paid, or voided."),
    ];
}

#[ComplexObject]
impl CreditBalanceTransaction {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// How much; `type` says which way.
    async fn amount(&self) -> Option<Money> {
        Money::of(self.row.amount, self.row.currency.as_deref())
    }
}
