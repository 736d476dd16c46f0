//! The change feed: what changed in the mirror, in order.

use async_graphql::Enum;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "changes")]
pub struct Model {
    /// The place in the order.
    #[sea_orm(primary_key)]
    pub seq: i64,
    /// The type and the id of the object that changed.
    pub object: String,
    pub object_id: String,
    /// Whose it is, where it is a customer's.
    pub customer: Option<String>,
    pub kind: Kind,
    /// The event that told of it; absent where Stripe was asked.
    pub event_id: Option<String>,
    pub event_type: Option<String>,
    /// When it happened at Stripe, in whole seconds.
    pub occurred_at: DateTimeUtc,
    /// The fields of the object that changed, as far as Stripe told: a JSON list of names.
    pub changed_fields: Json,
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Enum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::None)", rename_all = "snake_case")]
#[graphql(name = "ChangeKind")]
pub enum Kind {
    /// It is new.
    Created,
    /// It was changed.
    Updated,
    /// It is gone.
    Deleted,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}
