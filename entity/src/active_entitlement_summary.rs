//! <https://docs.stripe.com/api/entitlements/active-entitlement-summary/object>

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::mirrored::{Children, Listing, Mirrored, Object, Owned, Owner};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "active_entitlement_summaries")]
#[graphql(name = "ActiveEntitlementSummaryFields")]
pub struct Model {
    /// The customer's id: a summary has none of its own.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    #[graphql(skip)]
    pub customer: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    #[graphql(skip)]
    pub deleted: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Customer("customer");
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "entitlements.active_entitlement_summary";
    const KEY: &'static str = "customer";
    const LISTING: Listing = Listing::Made { of: "customer" };
    const CHILDREN: &'static [Children] = &[Children {
        field: "entitlements",
        object: "entitlements.active_entitlement",
        parent: "customer",
        path: "/entitlements/active_entitlements?customer={id}",
        fetched_when: None,
    }];

    fn lift(object: &mut Object) {
        if let Some(customer) = object.get("customer").cloned() {
            object.insert("id", customer);
        }
    }
}
