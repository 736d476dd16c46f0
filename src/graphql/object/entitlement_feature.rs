//! Features that customers can be entitled to.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{entitlement_feature, product_feature};

use crate::graphql::{
    filter::By,
    join::{Join, Joined},
    lists::Lists,
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
    lists: Lists<entitlement_feature::Entity>,
}

impl Shows for EntitlementFeature {
    type Entity = entitlement_feature::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { lists: Lists::of(&row), row }
    }
}

impl Joined for entitlement_feature::Entity {
    type Shown = EntitlementFeature;

    const JOINS: &'static [Join] = &[Join::many::<product_feature::Entity>(
        "productFeatures",
        "entitlement_feature",
        "The products that give it.",
    )];

    const FILTERS: &'static [By] = &[By::value("active"), By::value("lookup_key")];
}

#[ComplexObject]
impl EntitlementFeature {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }
}
