//! The lines of invoices, and what they charge for.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{
    discount, invoice, invoice_item, invoice_line_item, price, product, subscription, subscription_item,
};

use super::{
    BillingSubscription, Discount, Invoice, InvoiceItem, Linked, Price, Product, SubscriptionItem, each, one,
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

/// A line of an invoice: <https://docs.stripe.com/api/invoice-line-item>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct InvoiceLineItem {
    #[graphql(flatten)]
    row: Row<invoice_line_item::Entity>,
}

impl Shows for InvoiceLineItem {
    type Entity = invoice_line_item::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for invoice_line_item::Entity {
    type Shown = InvoiceLineItem;

    const JOINS: &'static [Join] = &[
        Join::one::<invoice::Entity>("invoice", "invoice"),
        Join::one::<invoice_item::Entity>("invoiceItem", "invoice_item").unindexed(),
        Join::one::<price::Entity>("price", "price"),
        Join::one::<product::Entity>("product", "product"),
        Join::one::<subscription::Entity>("subscription", "subscription"),
        Join::one::<subscription_item::Entity>("subscriptionItem", "subscription_item").unindexed(),
        Join::each::<discount::Entity>("discounts", "discounts"),
    ];
    const FILTERS: &'static [By] = &[By::value("amount"), By::value("currency"), By::value("proration")];
}

#[ComplexObject]
impl InvoiceLineItem {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// What the line comes to, before discounts and taxes that are not part of it.
    async fn amount(&self) -> Option<Money> {
        Money::of(Some(self.row.amount), self.row.currency.as_deref())
    }

    /// All taxes of the line.
    async fn tax(&self) -> Option<Money> {
        Money::of(self.row.tax, self.row.currency.as_deref())
    }

    /// The invoice of the line.
    async fn invoice(&self, ctx: &Context<'_>) -> Result<Linked<Invoice>> {
        one(ctx, self.row.invoice.as_deref()).await
    }

    /// The invoice item that the line came of.
    async fn invoice_item(&self, ctx: &Context<'_>) -> Result<Linked<InvoiceItem>> {
        one(ctx, self.row.invoice_item.as_deref()).await
    }

    /// What is paid.
    async fn price(&self, ctx: &Context<'_>) -> Result<Linked<Price>> {
        one(ctx, self.row.price.as_deref()).await
    }

    /// What is paid for.
    async fn product(&self, ctx: &Context<'_>) -> Result<Linked<Product>> {
        one(ctx, self.row.product.as_deref()).await
    }

    /// The subscription that the line is of, if it is of one.
    async fn subscription(&self, ctx: &Context<'_>) -> Result<Linked<BillingSubscription>> {
        one(ctx, self.row.subscription.as_deref()).await
    }

    /// The item of the subscription that the line is of.
    async fn subscription_item(&self, ctx: &Context<'_>) -> Result<Linked<SubscriptionItem>> {
        one(ctx, self.row.subscription_item.as_deref()).await
    }

    /// What is taken off.
    async fn discounts(&self, ctx: &Context<'_>) -> Result<Vec<Discount>> {
        each(ctx, self.row.discounts.as_ref()).await
    }
}
