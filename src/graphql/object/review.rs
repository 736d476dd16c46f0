//! Reviews, and what they lead to.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{charge, payment_intent, review};

use super::{Charge, Linked, PaymentIntent, one};
use crate::{
    error::Result,
    graphql::{
        filter::By,
        join::{Join, Joined},
        load::Row,
        page::Shows,
    },
};

/// A payment that somebody is to look at: <https://docs.stripe.com/api/radar/reviews>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Review {
    #[graphql(flatten)]
    row: Row<review::Entity>,
}

impl Shows for Review {
    type Entity = review::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for review::Entity {
    type Shown = Review;

    const JOINS: &'static [Join] = &[
        Join::one::<charge::Entity>("charge", "charge"),
        Join::one::<payment_intent::Entity>("payment", "payment_intent"),
    ];
    const FILTERS: &'static [By] = &[By::value("open"), By::value("reason")];
}

#[ComplexObject]
impl Review {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// The charge to look at.
    async fn charge(&self, ctx: &Context<'_>) -> Result<Linked<Charge>> {
        one(ctx, self.row.charge.as_deref()).await
    }

    /// The payment to look at.
    async fn payment(&self, ctx: &Context<'_>) -> Result<Linked<PaymentIntent>> {
        one(ctx, self.row.payment_intent.as_deref()).await
    }
}
