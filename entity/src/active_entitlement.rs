//! <https://docs.stripe.com/api/entitlements/active-entitlement/object>

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::mirrored::{Mirrored, Owned, Owner};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "active_entitlements")]
#[graphql(name = "ActiveEntitlementFields")]
pub struct Model {
    /// Stripe's id, `ent_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub customer: Option<String>,
    #[graphql(skip)]
    pub feature: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// The name by which an integration knows the feature.
    pub lookup_key: Option<String>,
    #[graphql(skip)]
    pub deleted: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    // It does not name its customer: the summary that lists it does.
    const OWNER: Owner = Owner::Customer("customer");
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "entitlements.active_entitlement";
    const PATH: Option<&'static str> = Some("/entitlements/active_entitlements/{id}");
    const PREFIXES: &'static [&'static str] = &["ent_"];
}
