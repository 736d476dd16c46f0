//! Charges, and what they lead to.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    balance_transaction,
    charge::{self, ChargeStatus},
    customer, dispute, early_fraud_warning, invoice, invoice_payment, payment_intent, payment_method, refund,
    review, transfer,
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    money::Money,
    page::Shows,
};

/// One attempt to move money: <https://docs.stripe.com/api/charges>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Charge {
    #[graphql(flatten)]
    row: Row<charge::Entity>,
    #[graphql(flatten)]
    declared: Declared<charge::Entity>,
}

impl Shows for Charge {
    type Entity = charge::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for charge::Entity {
    type Shown = Charge;

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer", "Who pays."),
        Join::one::<invoice::Entity>("invoice", "invoice", "What is paid, where it is an invoice."),
        Join::one::<payment_intent::Entity>(
            "payment",
            "payment_intent",
            "The payment that this is an attempt of.",
        ),
        Join::one::<payment_method::Entity>("paymentMethod", "payment_method", "What it is paid with."),
        Join::many::<refund::Entity>("refunds", "charge", "What was given back, newest first."),
        Join::many::<dispute::Entity>("disputes", "charge", "The disputes, newest first."),
        Join::one::<balance_transaction::Entity>(
            "balanceTransaction",
            "balance_transaction",
            "What it moves of the merchant's balance.",
        )
        .unindexed(),
        Join::many::<early_fraud_warning::Entity>(
            "earlyFraudWarnings",
            "charge",
            "What card issuers say of fraud, newest first.",
        ),
        Join::many::<review::Entity>("reviews", "charge", "The reviews by people, newest first."),
        Join::many::<transfer::Entity>(
            "transfers",
            "source_transaction",
            "What of it goes to connected accounts, newest first.",
        ),
        Join::many::<invoice_payment::Entity>(
            "invoicePayments",
            "charge",
            "The invoices that it pays without a payment, newest first.",
        ),
    ];
    const FILTERS: &'static [By] = &[
        By::choice::<ChargeStatus>("status"),
        By::value("amount"),
        By::value("currency"),
        By::value("disputed"),
        By::value("failure_code"),
        By::value("paid"),
        By::value("refunded"),
    ];
}

#[ComplexObject]
impl Charge {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// What is to be moved.
    async fn amount(&self) -> Money {
        Money::new(self.row.amount, &self.row.currency)
    }

    /// What was taken.
    async fn amount_captured(&self) -> Option<Money> {
        Money::of(self.row.amount_captured, Some(&self.row.currency))
    }

    /// What was given back.
    async fn amount_refunded(&self) -> Option<Money> {
        Money::of(self.row.amount_refunded, Some(&self.row.currency))
    }
}
