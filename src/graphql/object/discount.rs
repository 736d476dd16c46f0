//! Discounts, and what they are taken off.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{
    checkout_session, coupon, customer, discount, invoice, promotion_code, subscription, subscription_item,
};

use super::{
    BillingSubscription, CheckoutSession, Coupon, Customer, Invoice, Linked, PromotionCode, SubscriptionItem,
    one,
};
use crate::{
    error::Result,
    graphql::{
        join::{Join, Joined},
        load::Row,
        page::Shows,
    },
};

/// A coupon that was redeemed: <https://docs.stripe.com/api/discounts>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Discount {
    #[graphql(flatten)]
    row: Row<discount::Entity>,
}

impl Shows for Discount {
    type Entity = discount::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for discount::Entity {
    type Shown = Discount;

    const JOINS: &'static [Join] = &[
        Join::one::<coupon::Entity>("coupon", "coupon"),
        Join::one::<promotion_code::Entity>("promotionCode", "promotion_code"),
        Join::one::<customer::Entity>("customer", "customer"),
        Join::one::<subscription::Entity>("subscription", "subscription"),
        Join::one::<subscription_item::Entity>("subscriptionItem", "subscription_item").unindexed(),
        Join::one::<invoice::Entity>("invoice", "invoice").unindexed(),
        Join::one::<checkout_session::Entity>("checkoutSession", "checkout_session").unindexed(),
    ];
}

#[ComplexObject]
impl Discount {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// What is taken off.
    async fn coupon(&self, ctx: &Context<'_>) -> Result<Linked<Coupon>> {
        one(ctx, self.row.coupon.as_deref()).await
    }

    /// The code by which it was redeemed.
    async fn promotion_code(&self, ctx: &Context<'_>) -> Result<Linked<PromotionCode>> {
        one(ctx, self.row.promotion_code.as_deref()).await
    }

    /// Whose it is.
    async fn customer(&self, ctx: &Context<'_>) -> Result<Linked<Customer>> {
        one(ctx, self.row.customer.as_deref()).await
    }

    /// The subscription that it is taken off, if it is one.
    async fn subscription(&self, ctx: &Context<'_>) -> Result<Linked<BillingSubscription>> {
        one(ctx, self.row.subscription.as_deref()).await
    }

    /// The item of a subscription that it is taken off, if it is one.
    async fn subscription_item(&self, ctx: &Context<'_>) -> Result<Linked<SubscriptionItem>> {
        one(ctx, self.row.subscription_item.as_deref()).await
    }

    /// The invoice that it is taken off, if it is one.
    async fn invoice(&self, ctx: &Context<'_>) -> Result<Linked<Invoice>> {
        one(ctx, self.row.invoice.as_deref()).await
    }

    /// The session in which it was redeemed.
    async fn checkout_session(&self, ctx: &Context<'_>) -> Result<Linked<CheckoutSession>> {
        one(ctx, self.row.checkout_session.as_deref()).await
    }
}
