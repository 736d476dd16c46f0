//! Where the sweep of events that were never delivered stands.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sweeps")]
pub struct Model {
    /// Always true: there is one row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub singleton: bool,
    /// All that happened at Stripe before was taken in, once a sweep was done.
    pub swept_until: Option<DateTimeUtc>,
    /// The range of time that is under way; Stripe lists its newest events first.
    pub range_since: Option<DateTimeUtc>,
    pub range_until: Option<DateTimeUtc>,
    /// The last event of the range that was read: those after it are older.
    pub range_after: Option<String>,
    /// How many events of the latest range were read, and how many of them had not been delivered.
    pub seen: i64,
    pub found: i64,
    /// How many of all that were ever read had not been delivered.
    pub found_in_all: i64,
    /// Until when a process sweeps.
    pub locked_until: Option<DateTimeUtc>,
    /// When the latest sweep was done.
    pub finished_at: Option<DateTimeUtc>,
    /// When it was noticed that events may be missing that Stripe lists no more.
    pub gap_noticed_at: Option<DateTimeUtc>,
    /// Why the latest attempt failed, for operators.
    pub last_error: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}
