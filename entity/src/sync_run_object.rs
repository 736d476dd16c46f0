//! An object type of a run.

use async_graphql::Enum;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_run_objects")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub run: String,
    /// Stripe's name for the type.
    #[sea_orm(primary_key, auto_increment = false)]
    pub object: String,
    /// Its place among the run's types.
    pub place: i32,
    pub state: State,
    /// How many objects were written.
    pub loaded: i64,
    /// How many objects could not be written.
    pub refused: i64,
    /// Why it could not be loaded, or one of its objects not be written, for operators.
    pub error: Option<String>,
}

/// How far an object type is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Enum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::None)", rename_all = "snake_case")]
#[graphql(name = "SyncRunObjectState")]
pub enum State {
    /// Some of it is left to be loaded.
    Loading,
    /// All of it was loaded.
    Loaded,
    /// It could not be loaded.
    Failed,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}
