//! Features of products, and what they lead to.

use async_graphql::{ComplexObject, Context, ID, SimpleObject};
use entity::{entitlement_feature, product, product_feature};

use super::{EntitlementFeature, Linked, Product, one};
use crate::{
    error::Result,
    graphql::{
        join::{Join, Joined},
        load::Row,
        page::Shows,
    },
};

/// A feature that a product gives access to: <https://docs.stripe.com/api/product-feature>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct ProductFeature {
    #[graphql(flatten)]
    row: Row<product_feature::Entity>,
}

impl Shows for ProductFeature {
    type Entity = product_feature::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { row }
    }
}

impl Joined for product_feature::Entity {
    type Shown = ProductFeature;

    const JOINS: &'static [Join] = &[
        Join::one::<entitlement_feature::Entity>("entitlementFeature", "entitlement_feature"),
        Join::one::<product::Entity>("product", "product"),
    ];

    /// A catalogue's.
    fn is_large() -> bool {
        false
    }
}

#[ComplexObject]
impl ProductFeature {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// The feature, for those who see all of them.
    async fn entitlement_feature(&self, ctx: &Context<'_>) -> Result<Linked<EntitlementFeature>> {
        one(ctx, self.row.entitlement_feature.as_deref()).await
    }

    /// The product.
    async fn product(&self, ctx: &Context<'_>) -> Result<Linked<Product>> {
        one(ctx, self.row.product.as_deref()).await
    }
}
