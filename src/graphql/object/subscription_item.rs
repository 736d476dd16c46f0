//! Subscription items, and what they lead to.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    discount, invoice_item, invoice_line_item, price, product, subscription, subscription_item, tax_rate,
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    page::Shows,
};

/// A price within a subscription, and how many of it: <https://docs.stripe.com/api/subscription_items>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct SubscriptionItem {
    #[graphql(flatten)]
    row: Row<subscription_item::Entity>,
    #[graphql(flatten)]
    declared: Declared<subscription_item::Entity>,
}

impl Shows for SubscriptionItem {
    type Entity = subscription_item::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for subscription_item::Entity {
    type Shown = SubscriptionItem;

    const JOINS: &'static [Join] = &[
        Join::one::<price::Entity>("price", "price", "What is paid."),
        Join::one::<product::Entity>("product", "product", "What is paid for."),
        Join::one::<subscription::Entity>("subscription", "subscription", "The subscription of the item."),
        Join::each::<discount::Entity>("discounts", "discounts", "What is taken off."),
        Join::each::<tax_rate::Entity>("taxRates", "tax_rates", "Its taxes, instead of the subscription's."),
        Join::many::<invoice_item::Entity>(
            "invoiceItems",
            "subscription_item",
            "What was charged for it beside its price.",
        ),
        Join::many::<invoice_line_item::Entity>(
            "invoiceLineItems",
            "subscription_item",
            "What was invoiced for it.",
        ),
    ];
    const FILTERS: &'static [By] = &[By::value("quantity")];
}

#[ComplexObject]
impl SubscriptionItem {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }
}
