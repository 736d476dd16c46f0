//! Plans, and what they are for.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{open::Open, plan, price::RecurringInterval, product};

use super::{Linked, Product, one};
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
    type Shown = Plan;

    // The price of a plan has the same id.
    const NAMESPACE: &'static str = "plan:";
    const JOINS: &'static [Join] = &[Join::one::<product::Entity>("product", "product")];
    const FILTERS: &'static [By] = &[
        By::value("id").named("planId").indexed(),
        By::value("active"),
        By::value("currency"),
        By::choice::<RecurringInterval>("interval"),
        By::value("amount"),
    ];
}

#[ComplexObject]
impl Plan {
    /// The global id, `plan:` and Stripe's id, which the plan's price has too.
    pub async fn id(&self) -> ID {
        ID(format!("plan:{}", self.row.id))
    }

    /// Stripe's id.
    async fn plan_id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// `usageType` as Stripe writes it, also where the API has no name for it.
    async fn usage_type_raw(&self) -> Option<&str> {
        self.row.usage_type.as_ref().map(Open::as_str)
    }

    /// `interval` as Stripe writes it, also where the API has no name for it.
    async fn interval_raw(&self) -> Option<&str> {
        self.row.interval.as_ref().map(Open::as_str)
    }

    /// What one unit costs; absent where tiers say, or where it has a fraction of a minor unit.
    async fn amount(&self) -> Option<Money> {
        Money::of(self.row.amount, self.row.currency.as_deref())
    }

    /// What is sold by this plan.
    async fn product(&self, ctx: &Context<'_>) -> Result<Linked<Product>> {
        one(ctx, self.row.product.as_deref()).await
    }
}
