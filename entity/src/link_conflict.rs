//! Links that were not made because the user or the customer was linked already.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "link_conflicts")]
pub struct Model {
    /// The user that was named.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
    /// The customer that the user was to be linked to.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer: String,
    /// To whom the customer was linked already, if to somebody.
    pub linked_user: Option<String>,
    /// To which customer the user was linked already, if to one.
    pub linked_customer: Option<String>,
    /// What named the user: `metadata` or `client_reference_id`.
    pub source: String,
    pub created: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}
