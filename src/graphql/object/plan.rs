//! Plans, and what they are for.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{meter, plan, price::RecurringInterval, product};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Computed, Join, Joined},
    load::Row,
    money::Money,
    page::Shows,
};

/// What something costs, and how often, in the form that came before prices: <https://docs.stripe.com/api/plans>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Plan {
    #[graphql(flatten)]
    row: Row<plan::Entity>,
    #[graphql(flatten)]
    declared: Declared<plan::Entity>,
}

impl Shows for Plan {
    type Entity = plan::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for plan::Entity {
    type Shown = Plan;

    // The price of a plan has the same id.
    const NAMESPACE: &'static str = "plan:";
    const JOINS: &'static [Join] = &[
        Join::one::<product::Entity>("product", "product", "What is sold by this plan."),
        Join::one::<meter::Entity>("meter", "meter", "What counts the usage that is paid."),
    ];
    const FILTERS: &'static [By] = &[
        By::value("id").named("planId").indexed(),
        By::value("active"),
        By::value("currency"),
        By::choice::<RecurringInterval>("interval"),
        By::value("amount"),
    ];
    const COMPUTED: &'static [Computed] = &[("id", &["id"]), ("planId", &["id"])];
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

    /// What one unit costs; absent where tiers say, or where it has a fraction of a minor unit.
    async fn amount(&self) -> Option<Money> {
        Money::of(self.row.amount, self.row.currency.as_deref())
    }
}
