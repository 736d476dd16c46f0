//! Early fraud warnings, and what they lead to.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    charge,
    early_fraud_warning::{self, FraudType},
    payment_intent,
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    page::Shows,
};

/// An issuer's word that a charge is fraud: <https://docs.stripe.com/api/radar/early_fraud_warnings>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct EarlyFraudWarning {
    #[graphql(flatten)]
    row: Row<early_fraud_warning::Entity>,
    #[graphql(flatten)]
    declared: Declared<early_fraud_warning::Entity>,
}

impl Shows for EarlyFraudWarning {
    type Entity = early_fraud_warning::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for early_fraud_warning::Entity {
    type Shown = EarlyFraudWarning;

    const JOINS: &'static [Join] = &[
        Join::one::<charge::Entity>("charge", "charge", "The charge that is said to be fraud."),
        Join::one::<payment_intent::Entity>("payment", "payment_intent", "The payment of that charge."),
    ];
    const FILTERS: &'static [By] = &[By::value("actionable"), By::choice::<FraudType>("fraud_type")];
}

#[ComplexObject]
impl EarlyFraudWarning {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }
}
