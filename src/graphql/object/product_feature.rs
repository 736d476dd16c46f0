//! Features of products, and what they lead to.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{entitlement_feature, product, product_feature};

use crate::graphql::{
    declared::Declared,
    join::{Join, Joined},
    load::Row,
    page::Shows,
};

/// A feature that a product gives access to: <https://docs.stripe.com/api/product-feature>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct ProductFeature {
    #[graphql(flatten)]
    row: Row<product_feature::Entity>,
    #[graphql(flatten)]
    declared: Declared<product_feature::Entity>,
}

impl Shows for ProductFeature {
    type Entity = product_feature::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for product_feature::Entity {
    type Shown = ProductFeature;

    const JOINS: &'static [Join] = &[
        Join::one::<entitlement_feature::Entity>(
            "entitlementFeature",
            "entitlement_feature",
            "The feature, for those who see all of them.",
        ),
        Join::one::<product::Entity>("product", "product", "The product."),
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
}
