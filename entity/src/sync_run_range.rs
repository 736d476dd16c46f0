//! What is left to be loaded of an object type of a run.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_run_ranges")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub run: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub object: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    /// The range of `created`, where Stripe's list takes one.
    pub created_gte: Option<DateTimeUtc>,
    pub created_lt: Option<DateTimeUtc>,
    /// When the oldest object was created that was loaded of it: lists are newest first.
    pub reached: Option<DateTimeUtc>,
    /// Where there is a list for each of other objects: the one whose list it is, or, without a cursor, the last one
    /// whose list was begun.
    pub parent: Option<String>,
    /// The id of the last object that was loaded of the list.
    pub cursor: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}
