//! The identity provider's organizations, and the customers that they are linked to.

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::mirrored::{Owned, Owner};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "organizations")]
#[graphql(name = "OrganizationFields")]
pub struct Model {
    /// The identity provider's id of the organization.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// The name, as the identity provider last told it.
    pub name: Option<String>,
    /// The Stripe customer who is this organization; no two organizations have one.
    #[graphql(skip)]
    pub customer: Option<String>,
    /// How often Stripe failed to make the customer.
    #[graphql(skip)]
    pub link_attempts: i32,
    #[graphql(skip)]
    pub created: DateTimeUtc,
    #[graphql(skip)]
    pub updated: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Organization;
}
