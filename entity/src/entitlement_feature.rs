//! <https://docs.stripe.com/api/entitlements/feature/object>

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Owned, Owner},
    scalar::Metadata,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "entitlement_features")]
#[graphql(name = "EntitlementFeatureFields")]
pub struct Model {
    /// Stripe's id, `feat_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// Whether the feature can be attached to products.
    pub active: bool,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// The name by which an integration knows the feature.
    pub lookup_key: Option<String>,
    /// What the integration notes on the feature.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// The feature's name, for the merchant.
    pub name: Option<String>,
    #[graphql(skip)]
    pub deleted: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Nobody;
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "entitlements.feature";
    const PATH: Option<&'static str> = Some("/entitlements/features/{id}");
    const PREFIXES: &'static [&'static str] = &["feat_"];
    const LISTING: Listing = Listing::Whole("/entitlements/features");
}
