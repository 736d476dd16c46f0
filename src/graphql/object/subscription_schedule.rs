//! Subscription schedules, and what they are of.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{
    customer, subscription, subscription_schedule, subscription_schedule::SubscriptionScheduleStatus,
};

use super::{BillingSubscription, Customer, Linked, one};
use crate::{
    error::Result,
    graphql::{
        filter::By,
        join::{Join, Joined},
        load::Row,
        page::Shows,
    },
};

/// What a subscription is going to be, phase by phase: <https://docs.stripe.com/api/subscription_schedules>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct SubscriptionSchedule {
    #[graphql(flatten)]
    row: Row<subscription_schedule::Entity>,
}

impl Shows for SubscriptionSchedule {
    type Entity = subscription_schedule::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for subscription_schedule::Entity {
    type Shown = SubscriptionSchedule;

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer"),
        Join::one::<subscription::Entity>("subscription", "subscription"),
        Join::one::<subscription::Entity>("releasedSubscription", "released_subscription").unindexed(),
    ];
    const FILTERS: &'static [By] = &[By::choice::<SubscriptionScheduleStatus>("status")];
}

#[ComplexObject]
impl SubscriptionSchedule {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// `status` as Stripe writes it, also where the API has no name for it.
    async fn status_raw(&self) -> &str {
        self.row.status.as_str()
    }

    /// Who pays.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Linked<Customer>> {
        one(ctx, self.row.customer.as_deref()).await
    }

    /// The subscription that the schedule directs.
    async fn subscription(&self, ctx: &Context<'_>) -> Result<Linked<BillingSubscription>> {
        one(ctx, self.row.subscription.as_deref()).await
    }

    /// The subscription that the schedule directed before it was released.
    async fn released_subscription(&self, ctx: &Context<'_>) -> Result<Linked<BillingSubscription>> {
        one(ctx, self.row.released_subscription.as_deref()).await
    }
}
