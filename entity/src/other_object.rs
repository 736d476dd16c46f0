//! The objects that have no table of their own: <https://docs.stripe.com/api>.

use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Mirrored, Owned, Owner},
    scalar::Metadata,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "other_objects")]
pub struct Model {
    /// Stripe's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// When the object was created at Stripe, if it says so.
    pub created: Option<DateTimeUtc>,
    /// The customer that the object names, if it does.
    pub customer: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// What the integration notes on the object.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// Stripe's name for what it is.
    pub object: String,
    pub deleted: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Nobody;
}

impl Mirrored for Entity {
    // It stands for every name that no other table has.
    const OBJECT: &'static str = "*";
}
