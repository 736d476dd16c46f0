//! Credit grants, and what they lead to.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{credit_balance_transaction, credit_grant, customer};

use super::{CreditBalanceTransaction, Customer, one};
use crate::{
    error::Result,
    graphql::{
        join::{Join, Joined},
        load::{Row, load},
        money::Money,
        page::{Connection, Paging, Shows},
    },
};

/// Credit that pays for usage: <https://docs.stripe.com/api/billing/credit-grant>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CreditGrant {
    #[graphql(flatten)]
    row: Row<credit_grant::Entity>,
}

impl Shows for CreditGrant {
    type Entity = credit_grant::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for credit_grant::Entity {
    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer"),
        Join::many::<credit_balance_transaction::Entity>("transactions", "credit_grant"),
    ];
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

    /// Whose it is.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Option<Customer>> {
        one(ctx, self.row.customer.as_deref()).await
    }

    /// What was granted and used of it, newest first.
    async fn transactions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<CreditBalanceTransaction>> {
        let paging = Paging { first, after, last, before };
        Connection::of(load(ctx), "credit_grant", &self.row.id, paging).await
    }
}
