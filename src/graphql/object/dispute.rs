//! Disputes, and what they are about.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{charge, dispute, dispute::DisputeStatus, payment_intent};

use super::{Charge, Linked, PaymentIntent, one};
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

/// A payment that its payer disputes: <https://docs.stripe.com/api/disputes>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Dispute {
    #[graphql(flatten)]
    row: Row<dispute::Entity>,
}

impl Shows for Dispute {
    type Entity = dispute::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for dispute::Entity {
    type Shown = Dispute;

    const JOINS: &'static [Join] = &[
        Join::one::<charge::Entity>("charge", "charge"),
        Join::one::<payment_intent::Entity>("payment", "payment_intent"),
    ];
    const FILTERS: &'static [By] = &[
        By::choice::<DisputeStatus>("status").indexed(),
        By::value("amount"),
        By::value("currency"),
        By::value("evidence_details_due_by"),
        By::value("reason"),
    ];
    const ORDERS: &'static [&'static str] = &["status"];
}

#[ComplexObject]
impl Dispute {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// `status` as Stripe writes it, also where the API has no name for it.
    async fn status_raw(&self) -> &str {
        self.row.status.as_str()
    }

    /// What is disputed.
    async fn amount(&self) -> Money {
        Money::new(self.row.amount, &self.row.currency)
    }

    /// The charge that is disputed.
    async fn charge(&self, ctx: &Context<'_>) -> Result<Linked<Charge>> {
        one(ctx, self.row.charge.as_deref()).await
    }

    /// The payment that is disputed.
    async fn payment(&self, ctx: &Context<'_>) -> Result<Linked<PaymentIntent>> {
        one(ctx, self.row.payment_intent.as_deref()).await
    }
}
