//! Meters.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    meter::{self, MeterStatus},
    plan, price,
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    page::Shows,
};

/// What counts usage: <https://docs.stripe.com/api/billing/meter>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Meter {
    #[graphql(flatten)]
    row: Row<meter::Entity>,
    #[graphql(flatten)]
    declared: Declared<meter::Entity>,
}

impl Shows for Meter {
    type Entity = meter::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for meter::Entity {
    type Shown = Meter;

    const JOINS: &'static [Join] = &[
        Join::many::<price::Entity>(
            "prices",
            "recurring_meter",
            "The prices of the usage that it counts, newest first.",
        ),
        Join::many::<plan::Entity>("plans", "meter", "The plans of the usage that it counts, newest first."),
    ];
    const FILTERS: &'static [By] = &[By::choice::<MeterStatus>("status"), By::value("event_name")];
}

#[ComplexObject]
impl Meter {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }
}
