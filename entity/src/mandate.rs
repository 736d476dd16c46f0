//! <https://docs.stripe.com/api/mandates/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Mirrored, Owned, Owner},
    open::Open,
    scalar::Json,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "mandates")]
#[graphql(name = "MandateFields")]
pub struct Model {
    /// Stripe's id, `mandate_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// How and when the customer agreed, as Stripe holds it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub customer_acceptance: Option<Json>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    #[graphql(skip)]
    pub on_behalf_of: Option<String>,
    #[graphql(skip)]
    pub payment_method: Option<String>,
    /// What the kind of payment method adds, as Stripe holds it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub payment_method_details: Option<Json>,
    /// The amount of a mandate for one payment, as Stripe holds it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub single_use: Option<Json>,
    /// Whether payments may be made under the mandate.
    pub status: Open<MandateStatus>,
    /// For how many payments it is.
    #[graphql(name = "type")]
    pub r#type: Option<Open<MandateType>>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// Whether payments may be made under a mandate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum MandateStatus {
    /// Not yet.
    Pending,
    /// Yes.
    Active,
    /// No longer.
    Inactive,
    /// A value that this version of the API does not know.
    Unknown,
}

/// For how many payments a mandate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum MandateType {
    /// Any number.
    MultiUse,
    /// One.
    SingleUse,
    /// A value that this version of the API does not know.
    Unknown,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Through { column: "payment_method", table: "payment_methods" };
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "mandate";
    const PATH: Option<&'static str> = Some("/mandates/{id}");
    const PREFIXES: &'static [&'static str] = &["mandate_"];
    const LIFE_CYCLE: &'static [&'static str] = &["pending", "active", "inactive"];
}
