//! The items of Checkout sessions, and what they are.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{checkout_session, checkout_session_line_item, price, product};

use super::{CheckoutSession, Linked, Price, Product, one};
use crate::{
    error::Result,
    graphql::{
        join::{Join, Joined},
        load::Row,
        money::Money,
        page::Shows,
    },
};

/// Something that is bought by a Checkout session: <https://docs.stripe.com/api/checkout/sessions/line_items>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CheckoutSessionLineItem {
    #[graphql(flatten)]
    row: Row<checkout_session_line_item::Entity>,
}

impl Shows for CheckoutSessionLineItem {
    type Entity = checkout_session_line_item::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for checkout_session_line_item::Entity {
    type Shown = CheckoutSessionLineItem;

    const JOINS: &'static [Join] = &[
        Join::one::<checkout_session::Entity>("checkoutSession", "checkout_session"),
        Join::one::<price::Entity>("price", "price"),
        Join::one::<product::Entity>("product", "product"),
    ];
}

#[ComplexObject]
impl CheckoutSessionLineItem {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// What discounts take off.
    async fn amount_discount(&self) -> Option<Money> {
        Money::of(self.row.amount_discount, self.row.currency.as_deref())
    }

    /// The item before discounts and taxes.
    async fn amount_subtotal(&self) -> Option<Money> {
        Money::of(self.row.amount_subtotal, self.row.currency.as_deref())
    }

    /// All taxes of the item.
    async fn amount_tax(&self) -> Option<Money> {
        Money::of(self.row.amount_tax, self.row.currency.as_deref())
    }

    /// The item after discounts and taxes.
    async fn amount_total(&self) -> Option<Money> {
        Money::of(self.row.amount_total, self.row.currency.as_deref())
    }

    /// The session that the item was bought in.
    async fn checkout_session(&self, ctx: &Context<'_>) -> Result<Linked<CheckoutSession>> {
        one(ctx, self.row.checkout_session.as_deref()).await
    }

    /// What is paid.
    async fn price(&self, ctx: &Context<'_>) -> Result<Linked<Price>> {
        one(ctx, self.row.price.as_deref()).await
    }

    /// What is paid for.
    async fn product(&self, ctx: &Context<'_>) -> Result<Linked<Product>> {
        one(ctx, self.row.product.as_deref()).await
    }
}
