//! Features that customers can be entitled to.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{active_entitlement, entitlement_feature, product_feature};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Join, Joined},
    load::Row,
    page::Shows,
};

/// Something that products give access to: <https://docs.stripe.com/api/entitlements/feature>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct EntitlementFeature {
    #[graphql(flatten)]
    row: Row<entitlement_feature::Entity>,
    #[graphql(flatten)]
    declared: Declared<entitlement_feature::Entity>,
}

impl Shows for EntitlementFeature {
    type Entity = entitlement_feature::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for entitlement_feature::Entity {
    type Shown = EntitlementFeature;

    const JOINS: &'static [Join] = &[
        Join::many::<product_feature::Entity>(
            "productFeatures",
            "entitlement_feature",
            "The products that give it.",
        ),
        Join::many::<active_entitlement::Entity>(
            "activeEntitlements",
            "feature",
            "The customers who have it now.",
        ),
    ];

    const FILTERS: &'static [By] = &[By::value("active"), By::value("lookup_key")];
}

#[ComplexObject]
impl EntitlementFeature {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }
}
