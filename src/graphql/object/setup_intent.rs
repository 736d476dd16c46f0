//! Setups of payment methods, and whose they are.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{customer, payment_method, setup_intent, setup_intent::SetupIntentStatus};

use super::{Customer, Linked, PaymentMethod, one, payment_intent::PaymentError};
use crate::{
    error::Result,
    graphql::{
        filter::By,
        join::{Join, Joined},
        load::Row,
        page::Shows,
    },
};

/// A payment method being kept for later: <https://docs.stripe.com/api/setup_intents>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct SetupIntent {
    #[graphql(flatten)]
    row: Row<setup_intent::Entity>,
}

impl Shows for SetupIntent {
    type Entity = setup_intent::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for setup_intent::Entity {
    type Shown = SetupIntent;

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer"),
        Join::one::<payment_method::Entity>("paymentMethod", "payment_method"),
    ];
    const FILTERS: &'static [By] = &[By::choice::<SetupIntentStatus>("status"), By::value("usage")];
}

#[ComplexObject]
impl SetupIntent {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// `status` as Stripe writes it, also where the API has no name for it.
    async fn status_raw(&self) -> &str {
        self.row.status.as_str()
    }

    /// Why the last attempt failed, if it did.
    async fn last_error(&self) -> Option<PaymentError> {
        let row = &self.row;
        Some(PaymentError {
            code: row.last_setup_error_code.clone()?,
            decline_code: row.last_setup_error_decline_code.clone(),
        })
    }

    /// Whose it is.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Linked<Customer>> {
        one(ctx, self.row.customer.as_deref()).await
    }

    /// What is kept.
    async fn payment_method(&self, ctx: &Context<'_>) -> Result<Linked<PaymentMethod>> {
        one(ctx, self.row.payment_method.as_deref()).await
    }
}
