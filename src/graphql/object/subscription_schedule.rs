//! Subscription schedules, and what they are of.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    customer, quote, subscription,
    subscription_schedule::{self, SubscriptionScheduleStatus},
    test_clock,
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    page::Shows,
};

/// What a subscription is going to be, phase by phase: <https://docs.stripe.com/api/subscription_schedules>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct SubscriptionSchedule {
    #[graphql(flatten)]
    row: Row<subscription_schedule::Entity>,
    #[graphql(flatten)]
    declared: Declared<subscription_schedule::Entity>,
}

impl Shows for SubscriptionSchedule {
    type Entity = subscription_schedule::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for subscription_schedule::Entity {
    type Shown = SubscriptionSchedule;

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer", "Who pays."),
        Join::one::<subscription::Entity>(
            "subscription",
            "subscription",
            "The subscription that the schedule directs.",
        ),
        Join::one::<subscription::Entity>(
            "releasedSubscription",
            "released_subscription",
            "The subscription that the schedule directed before it was released.",
        )
        .unindexed(),
        Join::back::<quote::Entity>("quote", "subscription_schedule", "The quote that it came of."),
        Join::one::<test_clock::Entity>(
            "testClock",
            "test_clock",
            "The clock whose time it has, where it is made for a test.",
        ),
    ];
    const FILTERS: &'static [By] = &[By::choice::<SubscriptionScheduleStatus>("status")];
}

#[ComplexObject]
impl SubscriptionSchedule {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }
}
