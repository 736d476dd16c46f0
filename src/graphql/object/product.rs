//! Products, and their prices.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{price, product, product_feature};

use super::{Price, ProductFeature, one};
use crate::{
    error::Result,
    graphql::{
        join::{Join, Joined},
        load::{Row, load},
        page::{Connection, Paging, Shows},
    },
};

/// Something that is sold: <https://docs.stripe.com/api/products>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Product {
    #[graphql(flatten)]
    row: Row<product::Entity>,
}

impl Shows for Product {
    type Entity = product::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for product::Entity {
    const JOINS: &'static [Join] = &[
        Join::one::<price::Entity>("defaultPrice", "default_price"),
        Join::many::<price::Entity>("prices", "product"),
        Join::many::<product_feature::Entity>("features", "product"),
    ];
}

#[ComplexObject]
impl Product {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// The price that a customer gets where nothing else says.
    async fn default_price(&self, ctx: &Context<'_>) -> Result<Option<Price>> {
        one(ctx, self.row.default_price.as_deref()).await
    }

    /// The prices, newest first.
    async fn prices(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Price>> {
        let paging = Paging { first, after, last, before };
        Connection::of(load(ctx), "product", &self.row.id, paging).await
    }

    /// What the product gives access to.
    async fn features(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many rows from the start, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Rows after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many rows from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Rows before this cursor.")] before: Option<String>,
    ) -> Result<Connection<ProductFeature>> {
        let paging = Paging { first, after, last, before };
        Connection::of(load(ctx), "product", &self.row.id, paging).await
    }
}
