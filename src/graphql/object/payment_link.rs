//! Payment links.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{checkout_session, payment_link};

use crate::graphql::{
    declared::Declared,
    join::{Join, Joined},
    load::Row,
    page::Shows,
};

/// A page where anybody can buy something: <https://docs.stripe.com/api/payment-link>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct PaymentLink {
    #[graphql(flatten)]
    row: Row<payment_link::Entity>,
    #[graphql(flatten)]
    declared: Declared<payment_link::Entity>,
}

impl Shows for PaymentLink {
    type Entity = payment_link::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for payment_link::Entity {
    type Shown = PaymentLink;

    const JOINS: &'static [Join] = &[Join::many::<checkout_session::Entity>(
        "checkoutSessions",
        "payment_link",
        "The Checkout sessions that it led to, newest first.",
    )];
}

#[ComplexObject]
impl PaymentLink {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }
}
