//! Subscriptions, and what they lead to.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    checkout_session, customer, discount,
    invoice::{self, CollectionMethod},
    invoice_item, invoice_line_item, payment_method, price, quote, setup_intent,
    subscription::{self, SubscriptionStatus},
    subscription_item, subscription_schedule, tax_rate, test_clock,
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    page::Shows,
};

/// Something that is paid again and again: <https://docs.stripe.com/api/subscriptions>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct BillingSubscription {
    #[graphql(flatten)]
    row: Row<subscription::Entity>,
    #[graphql(flatten)]
    declared: Declared<subscription::Entity>,
}

impl Shows for BillingSubscription {
    type Entity = subscription::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for subscription::Entity {
    type Shown = BillingSubscription;

    const NAME: Option<&'static str> = Some("Subscription");

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer", "Who pays."),
        Join::one::<payment_method::Entity>(
            "defaultPaymentMethod",
            "default_payment_method",
            "What invoices are paid with, instead of the customer's default.",
        ),
        Join::one::<invoice::Entity>("latestInvoice", "latest_invoice", "The newest invoice.").unindexed(),
        Join::one::<price::Entity>("price", "price", "The price of the first item."),
        Join::many::<subscription_item::Entity>(
            "items",
            "subscription",
            "What is subscribed to: a price and a quantity each, newest first.",
        ),
        Join::many::<invoice::Entity>("invoices", "subscription", "The invoices, newest first."),
        Join::one::<subscription_schedule::Entity>(
            "schedule",
            "schedule",
            "What directs the subscription, if something does.",
        )
        .unindexed(),
        Join::one::<setup_intent::Entity>(
            "pendingSetupIntent",
            "pending_setup_intent",
            "The setup of a payment method that the customer has still to go through.",
        ),
        Join::each::<discount::Entity>("discounts", "discounts", "What is taken off."),
        Join::each::<tax_rate::Entity>(
            "defaultTaxRates",
            "default_tax_rates",
            "The taxes of items that have none of their own.",
        ),
        Join::many::<invoice_item::Entity>(
            "invoiceItems",
            "subscription",
            "What is to be charged beside the prices, or was.",
        ),
        Join::many::<invoice_line_item::Entity>("invoiceLineItems", "subscription", "What was invoiced."),
        Join::many::<quote::Entity>("quotes", "subscription", "The quotes that led to it, newest first."),
        Join::many::<checkout_session::Entity>(
            "checkoutSessions",
            "subscription",
            "The Checkout sessions that led to it, newest first.",
        ),
        Join::one::<test_clock::Entity>(
            "testClock",
            "test_clock",
            "The clock whose time it has, where it is made for a test.",
        ),
    ];
    const FILTERS: &'static [By] = &[
        By::choice::<SubscriptionStatus>("status").indexed(),
        By::value("cancel_at_period_end"),
        By::value("canceled_at"),
        By::choice::<CollectionMethod>("collection_method"),
        By::value("currency"),
        By::value("current_period_end"),
        By::value("ended_at"),
        By::value("start_date"),
        By::value("trial_end"),
        By::metadata().indexed(),
    ];
    const ORDERS: &'static [&'static str] = &["status"];
}

#[ComplexObject]
impl BillingSubscription {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }
}
