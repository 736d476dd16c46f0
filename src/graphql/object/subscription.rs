//! Subscriptions, and what they lead to.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{
    checkout_session, customer, discount, invoice, invoice_item, invoice_line_item, payment_method, price,
    quote, setup_intent, subscription, subscription::SubscriptionStatus, subscription_item,
    subscription_schedule,
};

use super::{
    Customer, Discount, Invoice, Linked, PaymentMethod, Price, SetupIntent, SubscriptionSchedule, each, one,
};
use crate::{
    error::Result,
    graphql::{
        filter::By,
        join::{Computed, Join, Joined},
        lists::Lists,
        load::Row,
        page::Shows,
    },
};

/// Something that is paid again and again: <https://docs.stripe.com/api/subscriptions>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct BillingSubscription {
    #[graphql(flatten)]
    row: Row<subscription::Entity>,
    #[graphql(flatten)]
    lists: Lists<subscription::Entity>,
}

impl Shows for BillingSubscription {
    type Entity = subscription::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { lists: Lists::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for subscription::Entity {
    type Shown = BillingSubscription;

    const NAME: Option<&'static str> = Some("Subscription");

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer"),
        Join::one::<payment_method::Entity>("defaultPaymentMethod", "default_payment_method").unindexed(),
        Join::one::<invoice::Entity>("latestInvoice", "latest_invoice").unindexed(),
        Join::one::<price::Entity>("price", "price"),
        Join::many::<subscription_item::Entity>(
            "items",
            "subscription",
            "What is subscribed to: a price and a quantity each, newest first.",
        ),
        Join::many::<invoice::Entity>("invoices", "subscription", "The invoices, newest first."),
        Join::one::<subscription_schedule::Entity>("schedule", "schedule").unindexed(),
        Join::one::<setup_intent::Entity>("pendingSetupIntent", "pending_setup_intent").unindexed(),
        Join::each::<discount::Entity>("discounts", "discounts"),
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
    ];
    const FILTERS: &'static [By] = &[
        By::choice::<SubscriptionStatus>("status").indexed(),
        By::value("cancel_at_period_end"),
        By::value("canceled_at"),
        By::value("collection_method"),
        By::value("currency"),
        By::value("current_period_end"),
        By::value("ended_at"),
        By::value("start_date"),
        By::value("trial_end"),
        By::metadata().indexed(),
    ];
    const ORDERS: &'static [&'static str] = &["status"];
    const COMPUTED: Option<&'static [Computed]> = Some(&[("statusRaw", &["status"])]);
}

#[ComplexObject]
impl BillingSubscription {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// `status` as Stripe writes it, also where the API has no name for it.
    async fn status_raw(&self) -> &str {
        self.row.status.as_str()
    }

    /// Who pays.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Linked<Customer>> {
        one(ctx, self.row.customer.as_deref()).await
    }

    /// What invoices are paid with, instead of the customer's default.
    async fn default_payment_method(&self, ctx: &Context<'_>) -> Result<Linked<PaymentMethod>> {
        one(ctx, self.row.default_payment_method.as_deref()).await
    }

    /// The newest invoice.
    async fn latest_invoice(&self, ctx: &Context<'_>) -> Result<Linked<Invoice>> {
        one(ctx, self.row.latest_invoice.as_deref()).await
    }

    /// The price of the first item.
    async fn price(&self, ctx: &Context<'_>) -> Result<Linked<Price>> {
        one(ctx, self.row.price.as_deref()).await
    }

    /// What directs the subscription, if something does.
    async fn schedule(&self, ctx: &Context<'_>) -> Result<Linked<SubscriptionSchedule>> {
        one(ctx, self.row.schedule.as_deref()).await
    }

    /// The setup of a payment method that the customer has still to go through.
    async fn pending_setup_intent(&self, ctx: &Context<'_>) -> Result<Linked<SetupIntent>> {
        one(ctx, self.row.pending_setup_intent.as_deref()).await
    }

    /// What is taken off.
    async fn discounts(&self, ctx: &Context<'_>) -> Result<Vec<Discount>> {
        each(ctx, self.row.discounts.as_ref()).await
    }
}
