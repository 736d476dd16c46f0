//! Test clocks.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    customer, invoice, quote, subscription, subscription_schedule,
    test_clock::{self, TestClockStatus},
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    page::Shows,
};

/// A time of its own for test objects: <https://docs.stripe.com/api/test_clocks>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct TestClock {
    #[graphql(flatten)]
    row: Row<test_clock::Entity>,
    #[graphql(flatten)]
    declared: Declared<test_clock::Entity>,
}

impl Shows for TestClock {
    type Entity = test_clock::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for test_clock::Entity {
    type Shown = TestClock;

    const JOINS: &'static [Join] = &[
        Join::many::<customer::Entity>(
            "customers",
            "test_clock",
            "The customers that have its time, newest first.",
        ),
        Join::many::<subscription::Entity>(
            "subscriptions",
            "test_clock",
            "The subscriptions that have its time, newest first.",
        ),
        Join::many::<invoice::Entity>(
            "invoices",
            "test_clock",
            "The invoices that have its time, newest first.",
        ),
        Join::many::<quote::Entity>("quotes", "test_clock", "The quotes that have its time, newest first."),
        Join::many::<subscription_schedule::Entity>(
            "subscriptionSchedules",
            "test_clock",
            "The subscription schedules that have its time, newest first.",
        ),
    ];
    const FILTERS: &'static [By] = &[By::choice::<TestClockStatus>("status")];
}

#[ComplexObject]
impl TestClock {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }
}
