//! Products, and their prices.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{invoice_line_item, plan, price, product, product_feature, subscription_item};

use super::{Linked, Price, one};
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

/// Something that is sold: <https://docs.stripe.com/api/products>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Product {
    #[graphql(flatten)]
    row: Row<product::Entity>,
    #[graphql(flatten)]
    lists: Lists<product::Entity>,
}

impl Shows for Product {
    type Entity = product::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { lists: Lists::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for product::Entity {
    type Shown = Product;

    const JOINS: &'static [Join] = &[
        Join::one::<price::Entity>("defaultPrice", "default_price").unindexed(),
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
    ];
    const FILTERS: &'static [By] = &[By::value("active"), By::search("name")];
    const ORDERS: &'static [&'static str] = &["name"];
    const COMPUTED: Option<&'static [Computed]> = Some(&[]);
}

#[ComplexObject]
impl Product {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// The price that a customer gets where nothing else says.
    async fn default_price(&self, ctx: &Context<'_>) -> Result<Linked<Price>> {
        one(ctx, self.row.default_price.as_deref()).await
    }
}
