//! Quotes, and what comes of them.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{customer, discount, invoice, quote, quote::QuoteStatus, subscription, subscription_schedule};

use super::{BillingSubscription, Customer, Discount, Invoice, Linked, SubscriptionSchedule, each, one};
use crate::{
    error::Result,
    graphql::{
        filter::By,
        join::{Join, Joined},
        load::Row,
        money::Money,
        page::Shows,
    },
};

/// An offer to a customer: <https://docs.stripe.com/api/quotes>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Quote {
    #[graphql(flatten)]
    row: Row<quote::Entity>,
}

impl Shows for Quote {
    type Entity = quote::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for quote::Entity {
    type Shown = Quote;

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer"),
        Join::one::<invoice::Entity>("invoice", "invoice").unindexed(),
        Join::one::<subscription::Entity>("subscription", "subscription"),
        Join::one::<subscription_schedule::Entity>("subscriptionSchedule", "subscription_schedule")
            .unindexed(),
        Join::one::<quote::Entity>("fromQuote", "from_quote").unindexed(),
        Join::each::<discount::Entity>("discounts", "discounts"),
    ];
    const FILTERS: &'static [By] = &[By::choice::<QuoteStatus>("status"), By::value("number")];
}

#[ComplexObject]
impl Quote {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// `status` as Stripe writes it, also where the API has no name for it.
    async fn status_raw(&self) -> &str {
        self.row.status.as_str()
    }

    /// All items, before discounts and taxes.
    async fn amount_subtotal(&self) -> Option<Money> {
        Money::of(self.row.amount_subtotal, self.row.currency.as_deref())
    }

    /// All items, after discounts and taxes.
    async fn amount_total(&self) -> Option<Money> {
        Money::of(self.row.amount_total, self.row.currency.as_deref())
    }

    /// To whom it is offered.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Linked<Customer>> {
        one(ctx, self.row.customer.as_deref()).await
    }

    /// The invoice that came of it.
    async fn invoice(&self, ctx: &Context<'_>) -> Result<Linked<Invoice>> {
        one(ctx, self.row.invoice.as_deref()).await
    }

    /// The subscription that came of it.
    async fn subscription(&self, ctx: &Context<'_>) -> Result<Linked<BillingSubscription>> {
        one(ctx, self.row.subscription.as_deref()).await
    }

    /// The subscription schedule that came of it.
    async fn subscription_schedule(&self, ctx: &Context<'_>) -> Result<Linked<SubscriptionSchedule>> {
        one(ctx, self.row.subscription_schedule.as_deref()).await
    }

    /// The quote that this one was made from.
    #[graphql(name = "fromQuote")]
    async fn made_from(&self, ctx: &Context<'_>) -> Result<Linked<Quote>> {
        one(ctx, self.row.from_quote.as_deref()).await
    }

    /// What is taken off.
    async fn discounts(&self, ctx: &Context<'_>) -> Result<Vec<Discount>> {
        each(ctx, self.row.discounts.as_ref()).await
    }
}
