//! Subscription items, and what they lead to.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{discount, price, product, subscription, subscription_item};

use super::{BillingSubscription, Discount, Linked, Price, Product, each, one};
use crate::{
    error::Result,
    graphql::{
        filter::By,
        join::{Join, Joined},
        load::Row,
        page::Shows,
    },
};

/// A price within a subscription, and how many of it: <https://docs.stripe.com/api/subscription_items>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct SubscriptionItem {
    #[graphql(flatten)]
    row: Row<subscription_item::Entity>,
}

impl Shows for SubscriptionItem {
    type Entity = subscription_item::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for subscription_item::Entity {
    type Shown = SubscriptionItem;

    const JOINS: &'static [Join] = &[
        Join::one::<price::Entity>("price", "price"),
        Join::one::<product::Entity>("product", "product"),
        Join::one::<subscription::Entity>("subscription", "subscription"),
        Join::each::<discount::Entity>("discounts", "discounts"),
    ];
    const FILTERS: &'static [By] = &[By::value("quantity")];
}

#[ComplexObject]
impl SubscriptionItem {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// What is paid.
    async fn price(&self, ctx: &Context<'_>) -> Result<Linked<Price>> {
        one(ctx, self.row.price.as_deref()).await
    }

    /// What is paid for.
    async fn product(&self, ctx: &Context<'_>) -> Result<Linked<Product>> {
        one(ctx, self.row.product.as_deref()).await
    }

    /// The subscription of the item.
    async fn subscription(&self, ctx: &Context<'_>) -> Result<Linked<BillingSubscription>> {
        one(ctx, self.row.subscription.as_deref()).await
    }

    /// What is taken off.
    async fn discounts(&self, ctx: &Context<'_>) -> Result<Vec<Discount>> {
        each(ctx, self.row.discounts.as_ref()).await
    }
}
