//! Payment links.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::payment_link;

use crate::graphql::{join::Joined, load::Row, page::Shows};

/// A page where anybody can buy something: <https://docs.stripe.com/api/payment-link>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct PaymentLink {
    #[graphql(flatten)]
    row: Row<payment_link::Entity>,
}

impl Shows for PaymentLink {
    type Entity = payment_link::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for payment_link::Entity {
    type Shown = PaymentLink;
}

#[ComplexObject]
impl PaymentLink {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }
}
