//! Invoice items, and where they go.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{customer, discount, invoice, invoice_item, price, product, subscription, subscription_item};

use super::{
    BillingSubscription, Customer, Discount, Invoice, Linked, Price, Product, SubscriptionItem, each, one,
};
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

/// Something to be charged by the next invoice: <https://docs.stripe.com/api/invoiceitems>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct InvoiceItem {
    #[graphql(flatten)]
    row: Row<invoice_item::Entity>,
}

impl Shows for InvoiceItem {
    type Entity = invoice_item::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for invoice_item::Entity {
    type Shown = InvoiceItem;

    const JOINS: &'static [Join] = &[
        Join::one::<customer::Entity>("customer", "customer"),
        Join::one::<invoice::Entity>("invoice", "invoice"),
        Join::one::<price::Entity>("price", "price").unindexed(),
        Join::one::<product::Entity>("product", "product").unindexed(),
        Join::one::<subscription::Entity>("subscription", "subscription"),
        Join::one::<subscription_item::Entity>("subscriptionItem", "subscription_item").unindexed(),
        Join::each::<discount::Entity>("discounts", "discounts"),
    ];
    const FILTERS: &'static [By] = &[By::value("amount"), By::value("currency"), By::value("proration")];
}

#[ComplexObject]
impl InvoiceItem {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// What the item comes to.
    async fn amount(&self) -> Option<Money> {
        Money::of(Some(self.row.amount), self.row.currency.as_deref())
    }

    /// Who pays.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Linked<Customer>> {
        one(ctx, self.row.customer.as_deref()).await
    }

    /// The invoice that took the item up.
    async fn invoice(&self, ctx: &Context<'_>) -> Result<Linked<Invoice>> {
        one(ctx, self.row.invoice.as_deref()).await
    }

    /// What is paid.
    async fn price(&self, ctx: &Context<'_>) -> Result<Linked<Price>> {
        one(ctx, self.row.price.as_deref()).await
    }

    /// What is paid for.
    async fn product(&self, ctx: &Context<'_>) -> Result<Linked<Product>> {
        one(ctx, self.row.product.as_deref()).await
    }

    /// The subscription that the item is of, if it is of one.
    async fn subscription(&self, ctx: &Context<'_>) -> Result<Linked<BillingSubscription>> {
        one(ctx, self.row.subscription.as_deref()).await
    }

    /// The item of the subscription that the item is of.
    async fn subscription_item(&self, ctx: &Context<'_>) -> Result<Linked<SubscriptionItem>> {
        one(ctx, self.row.subscription_item.as_deref()).await
    }

    /// What is taken off.
    async fn discounts(&self, ctx: &Context<'_>) -> Result<Vec<Discount>> {
        each(ctx, self.row.discounts.as_ref()).await
    }
}
