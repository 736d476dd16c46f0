//! Credit balance transactions, and what they lead to.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{credit_balance_transaction, credit_grant, invoice};

use super::{CreditGrant, Invoice, Linked, one};
use crate::{
    error::Result,
    graphql::{
        join::{Join, Joined},
        load::Row,
        money::Money,
        page::Shows,
    },
};

/// What moved a customer's credit: <https://docs.stripe.com/api/billing/credit-balance-transaction>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CreditBalanceTransaction {
    #[graphql(flatten)]
    row: Row<credit_balance_transaction::Entity>,
}

impl Shows for CreditBalanceTransaction {
    type Entity = credit_balance_transaction::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for credit_balance_transaction::Entity {
    type Shown = CreditBalanceTransaction;

    const JOINS: &'static [Join] = &[
        Join::one::<credit_grant::Entity>("creditGrant", "credit_grant"),
        Join::one::<invoice::Entity>("invoice", "invoice"),
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

    /// The grant whose credit it is.
    async fn credit_grant(&self, ctx: &Context<'_>) -> Result<Linked<CreditGrant>> {
        one(ctx, self.row.credit_grant.as_deref()).await
    }

    /// The invoice that was paid, or voided.
    async fn invoice(&self, ctx: &Context<'_>) -> Result<Linked<Invoice>> {
        one(ctx, self.row.invoice.as_deref()).await
    }
}
