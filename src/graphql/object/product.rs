//! Products, and their prices.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    checkout_session_line_item, coupon, invoice_item, invoice_line_item, plan, portal_configuration, price,
    product, product_feature, subscription_item,
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    page::Shows,
};

/// Something that is sold: <https://docs.stripe.com/api/products>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Product {
    #[graphql(flatten)]
    row: Row<product::Entity>,
    #[graphql(flatten)]
    declared: Declared<product::Entity>,
}

impl Shows for Product {
    type Entity = product::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for product::Entity {
    type Shown = Product;

    const JOINS: &'static [Join] = &[
        Join::one::<price::Entity>(
            "defaultPrice",
            "default_price",
            "The price that a customer gets where nothing else says.",
        )
        .unindexed(),
        Join::many::<price::Entity>("prices", "product", "The prices, newest first."),
        Join::many::<product_feature::Entity>("features", "product", "What the product gives access to."),
        Join::many::<subscription_item::Entity>(
            "subscriptionItems",
            "product",
            "What is subscribed to, newest first.",
        ),
        Join::many::<invoice_line_item::Entity>("invoiceLineItems", "product", "What was invoiced."),
        Join::many::<plan::Entity>(
            "plans",
            "product",
            "The plans, which are older than prices, newest first.",
        ),
        Join::many::<invoice_item::Entity>(
            "invoiceItems",
            "product",
            "What was charged beside subscriptions.",
        ),
        Join::many::<checkout_session_line_item::Entity>(
            "checkoutSessionLineItems",
            "product",
            "What was bought in Checkout.",
        ),
        Join::listed::<coupon::Entity>(
            "coupons",
            "applies_to_products",
            "The coupons that are for it and some others, newest first.",
        ),
        Join::listed::<portal_configuration::Entity>(
            "portalConfigurations",
            "products",
            "The configurations of the portal in which customers may change to it, newest first.",
        ),
    ];
    const FILTERS: &'static [By] = &[By::value("active"), By::search("name")];
    const ORDERS: &'static [&'static str] = &["name"];
}

#[ComplexObject]
impl Product {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }
}
