//! Plans, and what they are for.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{plan, product};

use super::{Product, one};
use crate::{
    error::Result,
    graphql::{
        join::{Join, Joined},
        load::Row,
        money::Money,
        page::Shows,
    },
};

/// What something costs, and how often, in the form that came before prices: <https://docs.stripe.com/api/plans>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Plan {
    #[graphql(flatten)]
    row: Row<plan::Entity>,
}

impl Shows for Plan {
    type Entity = plan::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for plan::Entity {
    const JOINS: &'static [Join] = &[Join::one::<product::Entity>("product", "product")];
}

#[ComplexObject]
impl Plan {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// What one unit costs; absent where tiers say, or where it has a fraction of a minor unit.
    async fn amount(&self) -> Option<Money> {
        Money::of(self.row.amount, self.row.currency.as_deref())
    }

    /// What is sold by this plan.
    async fn product(&self, ctx: &Context<'_>) -> Result<Option<Product>> {
        one(ctx, self.row.product.as_deref()).await
    }
}
