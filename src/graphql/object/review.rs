//! Reviews, and what they lead to.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    charge, payment_intent,
    review::{self, ReviewReason},
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    page::Shows,
};

/// A payment that somebody is to look at: <https://docs.stripe.com/api/radar/reviews>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Review {
    #[graphql(flatten)]
    row: Row<review::Entity>,
    #[graphql(flatten)]
    declared: Declared<review::Entity>,
}

impl Shows for Review {
    type Entity = review::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for review::Entity {
    type Shown = Review;

    const JOINS: &'static [Join] = &[
        Join::one::<charge::Entity>("charge", "charge", "The charge to look at."),
        Join::one::<payment_intent::Entity>("payment", "payment_intent", "The payment to look at."),
    ];
    const FILTERS: &'static [By] = &[By::value("open"), By::choice::<ReviewReason>("reason")];
}

#[ComplexObject]
impl Review {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }
}
