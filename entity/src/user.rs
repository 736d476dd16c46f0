//! The users of the identity provider, and the customers that they are linked to.

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::mirrored::{Owned, Owner};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "users")]
#[graphql(name = "UserFields")]
pub struct Model {
    /// The identity provider's `sub`, with `alias|` before it where the issuer has an alias.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// The e-mail address, as the identity provider last told it.
    pub email: Option<String>,
    /// The Stripe customer who is this user; no two users have one.
    #[graphql(skip)]
    pub customer: Option<String>,
    /// How often Stripe failed to make the customer.
    #[graphql(skip)]
    pub link_attempts: i32,
    /// When the gateway first knew the user.
    pub created: DateTimeUtc,
    #[graphql(skip)]
    pub updated: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::User;
}
