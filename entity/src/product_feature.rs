//! <https://docs.stripe.com/api/product-feature/object>

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::mirrored::{Listing, Mirrored, Object, Owned, Owner, flatten};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "product_features")]
#[graphql(name = "ProductFeatureFields")]
pub struct Model {
    /// Stripe's id, `prodft_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub entitlement_feature: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// The name by which an integration knows the feature.
    pub lookup_key: Option<String>,
    /// The feature's name, for the merchant.
    pub name: Option<String>,
    #[graphql(skip)]
    pub product: Option<String>,
    #[graphql(skip)]
    pub deleted: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    // It does not name its product: the list that it is in does.
    const OWNER: Owner = Owner::Through { column: "product", table: "products" };
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "product_feature";
    const PATH: Option<&'static str> = Some("/products/{product}/features/{id}");
    const PREFIXES: &'static [&'static str] = &["prodft_"];
    const LISTING: Listing = Listing::Each { of: "product", path: "/products/{id}/features" };

    fn lift(object: &mut Object) {
        flatten(object, "lookup_key", &["entitlement_feature", "lookup_key"]);
        flatten(object, "name", &["entitlement_feature", "name"]);
    }
}
