//! Mandates, and what they lead to.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{mandate, mandate::MandateStatus, payment_method};

use super::{Linked, PaymentMethod, one};
use crate::{
    error::Result,
    graphql::{
        filter::By,
        join::{Join, Joined},
        load::Row,
        page::Shows,
    },
};

/// A customer's leave to debit a payment method: <https://docs.stripe.com/api/mandates>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Mandate {
    #[graphql(flatten)]
    row: Row<mandate::Entity>,
}

impl Shows for Mandate {
    type Entity = mandate::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for mandate::Entity {
    type Shown = Mandate;

    const JOINS: &'static [Join] = &[Join::one::<payment_method::Entity>("paymentMethod", "payment_method")];
    const FILTERS: &'static [By] = &[By::choice::<MandateStatus>("status")];
}

#[ComplexObject]
impl Mandate {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// `status` as Stripe writes it, also where the API has no name for it.
    async fn status_raw(&self) -> &str {
        self.row.status.as_str()
    }

    /// The payment method that may be debited.
    async fn payment_method(&self, ctx: &Context<'_>) -> Result<Linked<PaymentMethod>> {
        one(ctx, self.row.payment_method.as_deref()).await
    }
}
