//! The users of the identity provider, and the customers that they are linked to.

use sea_orm::entity::prelude::*;

use crate::mirrored::{Owned, Owner};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// The identity provider's `sub`, with `alias|` before it where the issuer has an alias.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub email: Option<String>,
    /// The Stripe customer who is this user; no two users have one.
    pub customer: Option<String>,
    /// How often Stripe failed to make the customer.
    pub link_attempts: i32,
    pub created: DateTimeUtc,
    pub updated: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::User;
}
