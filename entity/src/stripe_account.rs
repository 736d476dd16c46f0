//! The Stripe account and the mode that this database belongs to.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stripe_accounts")]
pub struct Model {
    /// Always true: there is one row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub singleton: bool,
    /// `acct_…`, once a key has told it.
    pub id: Option<String>,
    /// Whether it is live data, once a key or an event has told it.
    pub livemode: Option<bool>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}
