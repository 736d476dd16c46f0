//! Setups of payment methods, and whose they are.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    checkout_session, customer, mandate,
    payment_intent::FutureUsage,
    payment_method,
    setup_intent::{self, SetupIntentStatus},
    subscription,
};

use super::payment_intent::PaymentError;
use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Computed, Join, Joined},
    load::Row,
    page::Shows,
};

/// A payment method being kept for later: <https://docs.stripe.com/api/setup_intents>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct SetupIntent {
    #[graphql(flatten)]
    row: Row<setup_intent::Entity>,
    #[graphql(flatten)]
    declared: Declared<setup_intent::Entity>,
}

impl Shows for SetupIntent {
    type Entity = setup_intent::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for setup_intent::Entity {
    type Shown = SetupIntent;

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer", "Whose it is."),
        Join::one::<payment_method::Entity>("paymentMethod", "payment_method", "What is kept."),
        Join::back::<checkout_session::Entity>(
            "checkoutSession",
            "setup_intent",
            "The Checkout session that it came of.",
        ),
        Join::back::<subscription::Entity>(
            "subscription",
            "pending_setup_intent",
            "The subscription that waits for it.",
        ),
        Join::one::<mandate::Entity>("mandate", "mandate", "The customer's leave that came of it."),
    ];
    const FILTERS: &'static [By] =
        &[By::choice::<SetupIntentStatus>("status"), By::choice::<FutureUsage>("usage")];
    const COMPUTED: &'static [Computed] =
        &[("lastError", &["last_setup_error_code", "last_setup_error_decline_code"])];
}

#[ComplexObject]
impl SetupIntent {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// Why the last attempt failed, if it did.
    async fn last_error(&self) -> Option<PaymentError> {
        let row = &self.row;
        Some(PaymentError {
            code: row.last_setup_error_code.clone()?,
            decline_code: row.last_setup_error_decline_code.clone(),
        })
    }
}
