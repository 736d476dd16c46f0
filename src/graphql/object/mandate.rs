//! Mandates, and what they lead to.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    mandate::{self, MandateStatus},
    payment_method, setup_intent,
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    page::Shows,
};

/// A customer's leave to debit a payment method: <https://docs.stripe.com/api/mandates>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Mandate {
    #[graphql(flatten)]
    row: Row<mandate::Entity>,
    #[graphql(flatten)]
    declared: Declared<mandate::Entity>,
}

impl Shows for Mandate {
    type Entity = mandate::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for mandate::Entity {
    type Shown = Mandate;

    const JOINS: &'static [Join] = &[
        Join::one::<payment_method::Entity>(
            "paymentMethod",
            "payment_method",
            "The payment method that may be debited.",
        ),
        Join::many::<setup_intent::Entity>(
            "setupIntents",
            "mandate",
            "The setups that it came of, newest first.",
        ),
    ];
    const FILTERS: &'static [By] = &[By::choice::<MandateStatus>("status")];
}

#[ComplexObject]
impl Mandate {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }
}
