//! Refunds, and what they lead to.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    balance_transaction, charge, credit_note, payment_intent,
    refund::{self, RefundReason, RefundStatus},
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    money::Money,
    page::Shows,
};

/// Money given back: <https://docs.stripe.com/api/refunds>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Refund {
    #[graphql(flatten)]
    row: Row<refund::Entity>,
    #[graphql(flatten)]
    declared: Declared<refund::Entity>,
}

impl Shows for Refund {
    type Entity = refund::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for refund::Entity {
    type Shown = Refund;

    const JOINS: &'static [Join] = &[
        Join::one::<charge::Entity>("charge", "charge", "The charge whose money it is."),
        Join::one::<payment_intent::Entity>("payment", "payment_intent", "The payment whose money it is."),
        Join::one::<balance_transaction::Entity>(
            "balanceTransaction",
            "balance_transaction",
            "What it moves of the merchant's balance.",
        )
        .unindexed(),
        Join::back::<credit_note::Entity>("creditNote", "refund", "The credit note that it belongs to."),
    ];
    const FILTERS: &'static [By] = &[
        By::choice::<RefundStatus>("status"),
        By::value("amount"),
        By::value("currency"),
        By::choice::<RefundReason>("reason"),
    ];
}

#[ComplexObject]
impl Refund {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// What is given back.
    async fn amount(&self) -> Money {
        Money::new(self.row.amount, &self.row.currency)
    }
}
