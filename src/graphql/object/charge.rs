//! Charges, and what they lead to.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{
    balance_transaction, charge, charge::ChargeStatus, customer, dispute, early_fraud_warning, invoice,
    payment_intent, payment_method, refund, review, transfer,
};

use super::{BalanceTransaction, Customer, Invoice, Linked, PaymentIntent, PaymentMethod, one};
use crate::{
    error::Result,
    graphql::{
        filter::By,
        join::{Join, Joined},
        lists::Lists,
        load::Row,
        money::Money,
        page::Shows,
    },
};

/// One attempt to move money: <https://docs.stripe.com/api/charges>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Charge {
    #[graphql(flatten)]
    row: Row<charge::Entity>,
    #[graphql(flatten)]
    lists: Lists<charge::Entity>,
}

impl Shows for Charge {
    type Entity = charge::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { lists: Lists::of(&row), row }
    }
}

impl Joined for charge::Entity {
    type Shown = Charge;

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer"),
        Join::one::<invoice::Entity>("invoice", "invoice"),
        Join::one::<payment_intent::Entity>("payment", "payment_intent"),
        Join::one::<payment_method::Entity>("paymentMethod", "payment_method").unindexed(),
        Join::many::<refund::Entity>("refunds", "charge", "What was given back, newest first."),
        Join::many::<dispute::Entity>("disputes", "charge", "The disputes, newest first."),
        Join::one::<balance_transaction::Entity>("balanceTransaction", "balance_transaction").unindexed(),
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

    /// `status` as Stripe writes it, also where the API has no name for it.
    async fn status_raw(&self) -> &str {
        self.row.status.as_str()
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

    /// Who pays.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Linked<Customer>> {
        one(ctx, self.row.customer.as_deref()).await
    }

    /// What is paid, where it is an invoice.
    async fn invoice(&self, ctx: &Context<'_>) -> Result<Linked<Invoice>> {
        one(ctx, self.row.invoice.as_deref()).await
    }

    /// The payment that this is an attempt of.
    async fn payment(&self, ctx: &Context<'_>) -> Result<Linked<PaymentIntent>> {
        one(ctx, self.row.payment_intent.as_deref()).await
    }

    /// What it is paid with.
    async fn payment_method(&self, ctx: &Context<'_>) -> Result<Linked<PaymentMethod>> {
        one(ctx, self.row.payment_method.as_deref()).await
    }

    /// What it moves of the merchant's balance.
    async fn balance_transaction(&self, ctx: &Context<'_>) -> Result<Linked<BalanceTransaction>> {
        one(ctx, self.row.balance_transaction.as_deref()).await
    }
}
