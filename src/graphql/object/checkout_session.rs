//! Checkout sessions, and what comes of them.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    checkout_session::{self, CheckoutMode, CheckoutPaymentStatus, CheckoutSessionStatus},
    checkout_session_line_item, customer, customer_balance_transaction, discount, invoice, payment_intent,
    payment_link, setup_intent, subscription,
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Computed, Join, Joined},
    load::Row,
    money::Money,
    page::Shows,
};

/// A visit to a payment page: <https://docs.stripe.com/api/checkout/sessions>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CheckoutSession {
    #[graphql(flatten)]
    row: Row<checkout_session::Entity>,
    #[graphql(flatten)]
    declared: Declared<checkout_session::Entity>,
    /// Where a mutation just made the session: a token with which `GET /wait` answers once the mirror holds it.
    wait_token: Option<String>,
}

impl CheckoutSession {
    /// A session that was just made.
    pub fn made(row: Row<checkout_session::Entity>, wait_token: Option<String>) -> Self {
        Self { declared: Declared::of(&row), row, wait_token }
    }
}

impl Shows for CheckoutSession {
    type Entity = checkout_session::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self::made(row, None)
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for checkout_session::Entity {
    type Shown = CheckoutSession;

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer", "Who pays."),
        Join::one::<subscription::Entity>(
            "subscription",
            "subscription",
            "The subscription that came of it.",
        ),
        Join::one::<payment_intent::Entity>("payment", "payment_intent", "The payment that came of it."),
        Join::one::<invoice::Entity>("invoice", "invoice", "The invoice that came of it."),
        Join::one::<setup_intent::Entity>(
            "setupIntent",
            "setup_intent",
            "The setup of a payment method that came of it.",
        ),
        Join::one::<payment_link::Entity>("paymentLink", "payment_link", "The link that led to the session."),
        Join::many::<checkout_session_line_item::Entity>("lineItems", "checkout_session", "What is bought."),
        Join::many::<discount::Entity>("discounts", "checkout_session", "What was redeemed in it."),
        Join::many::<customer_balance_transaction::Entity>(
            "customerBalanceTransactions",
            "checkout_session",
            "What it moved of the customer's balance, newest first.",
        ),
    ];
    const FILTERS: &'static [By] = &[
        By::choice::<CheckoutSessionStatus>("status"),
        By::choice::<CheckoutMode>("mode"),
        By::choice::<CheckoutPaymentStatus>("payment_status"),
        By::value("client_reference_id"),
    ];
    const COMPUTED: &'static [Computed] = &[("waitToken", &[])];
}

#[ComplexObject]
impl CheckoutSession {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// All items, before discounts and taxes.
    async fn amount_subtotal(&self) -> Option<Money> {
        Money::of(self.row.amount_subtotal, self.row.currency.as_deref())
    }

    /// All items, after discounts and taxes.
    async fn amount_total(&self) -> Option<Money> {
        Money::of(self.row.amount_total, self.row.currency.as_deref())
    }
}
