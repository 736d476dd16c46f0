//! Disputes, and what they are about.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    charge,
    dispute::{self, DisputeReason, DisputeStatus},
    payment_intent,
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    money::Money,
    page::Shows,
};

/// A payment that its payer disputes: <https://docs.stripe.com/api/disputes>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Dispute {
    #[graphql(flatten)]
    row: Row<dispute::Entity>,
    #[graphql(flatten)]
    declared: Declared<dispute::Entity>,
}

impl Shows for Dispute {
    type Entity = dispute::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for dispute::Entity {
    type Shown = Dispute;

    const JOINS: &'static [Join] = &[
        Join::one::<charge::Entity>("charge", "charge", "The charge that is disputed."),
        Join::one::<payment_intent::Entity>("payment", "payment_intent", "The payment that is disputed."),
    ];
    const FILTERS: &'static [By] = &[
        By::choice::<DisputeStatus>("status").indexed(),
        By::value("amount"),
        By::value("currency"),
        By::value("evidence_details_due_by"),
        By::choice::<DisputeReason>("reason"),
    ];
    const ORDERS: &'static [&'static str] = &["status"];
}

#[ComplexObject]
impl Dispute {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// What is disputed.
    async fn amount(&self) -> Money {
        Money::new(self.row.amount, &self.row.currency)
    }
}
