//! Early fraud warnings, and what they lead to.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{charge, early_fraud_warning, payment_intent};

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

/// An issuer's word that a charge is fraud: <https://docs.stripe.com/api/radar/early_fraud_warnings>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct EarlyFraudWarning {
    #[graphql(flatten)]
    row: Row<early_fraud_warning::Entity>,
}

impl Shows for EarlyFraudWarning {
    type Entity = early_fraud_warning::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for early_fraud_warning::Entity {
    type Shown = EarlyFraudWarning;

    const JOINS: &'static [Join] = &[
        Join::one::<charge::Entity>("charge", "charge"),
        Join::one::<payment_intent::Entity>("payment", "payment_intent"),
    ];
    const FILTERS: &'static [By] = &[By::value("actionable"), By::value("fraud_type")];
}

#[ComplexObject]
impl EarlyFraudWarning {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// The charge that is said to be fraud.
    async fn charge(&self, ctx: &Context<'_>) -> Result<Linked<Charge>> {
        one(ctx, self.row.charge.as_deref()).await
    }

    /// The payment of that charge.
    async fn payment(&self, ctx: &Context<'_>) -> Result<Linked<PaymentIntent>> {
        one(ctx, self.row.payment_intent.as_deref()).await
    }
}
