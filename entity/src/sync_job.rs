//! What Stripe is to be asked for: one job for an object, whatever the reasons.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_jobs")]
pub struct Model {
    /// Stripe's name for the type of the object.
    #[sea_orm(primary_key, auto_increment = false)]
    pub object: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub object_id: String,
    /// The connected account whose object it is; empty for one's own.
    pub account: String,
    /// Where Stripe answers with it, below its base, where a thin event said so.
    pub path: Option<String>,
    pub reason: Reason,
    /// How often it was asked for: what was asked for while a process works on it is to be done again.
    pub requested: i64,
    /// How often Stripe was asked in vain.
    pub attempts: i32,
    pub created_at: DateTimeUtc,
    /// When it may be tried.
    pub run_at: DateTimeUtc,
    /// Until when a process works on it.
    pub locked_until: Option<DateTimeUtc>,
    /// Why the last attempt failed, for operators.
    pub last_error: Option<String>,
}

/// Why Stripe is asked; of several, the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::None)", rename_all = "snake_case")]
pub enum Reason {
    /// Events of one second leave more than one state.
    Tie,
    /// A thin event says that it changed.
    ThinEvent,
    /// A list inside it has more than the first page, or something of it comes in no event.
    LongList,
    /// Another object names it, and it never arrived.
    MissingParent,
    /// An event of it could not be applied.
    FailedEvent,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}
