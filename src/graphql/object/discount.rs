//! Discounts, and what they are taken off.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    checkout_session, coupon, customer, discount, invoice, invoice_item, promotion_code, subscription,
    subscription_item,
};

use crate::graphql::{
    declared::Declared,
    join::{Join, Joined},
    load::Row,
    page::Shows,
};

/// A coupon that was redeemed: <https://docs.stripe.com/api/discounts>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Discount {
    #[graphql(flatten)]
    row: Row<discount::Entity>,
    #[graphql(flatten)]
    declared: Declared<discount::Entity>,
}

impl Shows for Discount {
    type Entity = discount::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for discount::Entity {
    type Shown = Discount;

    const JOINS: &'static [Join] = &[
        Join::one::<coupon::Entity>("coupon", "coupon", "What is taken off."),
        Join::one::<promotion_code::Entity>(
            "promotionCode",
            "promotion_code",
            "The code by which it was redeemed.",
        ),
        Join::one::<customer::Entity>("customer", "customer", "Whose it is."),
        Join::one::<subscription::Entity>(
            "subscription",
            "subscription",
            "The subscription that it is taken off, if it is one.",
        ),
        Join::one::<subscription_item::Entity>(
            "subscriptionItem",
            "subscription_item",
            "The item of a subscription that it is taken off, if it is one.",
        )
        .unindexed(),
        Join::one::<invoice::Entity>("invoice", "invoice", "The invoice that it is taken off, if it is one.")
            .unindexed(),
        Join::one::<checkout_session::Entity>(
            "checkoutSession",
            "checkout_session",
            "The session in which it was redeemed.",
        ),
        Join::one::<invoice_item::Entity>(
            "invoiceItem",
            "invoice_item",
            "The invoice item that it is taken off, if it is one.",
        ),
    ];
}

#[ComplexObject]
impl Discount {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }
}
