//! A load of what Stripe held before.

use async_graphql::Enum;
use sea_orm::entity::prelude::*;

use crate::mirrored::{Owned, Owner};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sync_runs")]
pub struct Model {
    /// Our own id, `run_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// What is loaded, as long as it is loaded: no two runs of the same can be.
    pub subject: Option<String>,
    /// Stripe's names of the types, comma-separated.
    pub objects: String,
    /// Only what was created then or later.
    pub created_gte: Option<DateTimeUtc>,
    /// Only what was created before: frozen at the start.
    pub created_lt: DateTimeUtc,
    pub state: State,
    /// Who works on it; empty: nobody.
    pub worker: String,
    /// Grows as long as somebody works on it.
    pub beat: i64,
    /// Why it was interrupted, for operators.
    pub error: Option<String>,
    pub created: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub finished_at: Option<DateTimeUtc>,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Enum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::None)", rename_all = "snake_case")]
#[graphql(name = "SyncRunState")]
pub enum State {
    /// It is under way; when its process ends without a word, another one goes on.
    Running,
    /// It was stopped by hand, and the next one of the same goes on with it; or `error` says what kept from it, and the
    /// gateway goes on some minutes later.
    Interrupted,
    /// Everything was loaded.
    Completed,
    /// What could be loaded was; which types could not, and why, is told by type.
    CompletedWithErrors,
    /// Another one of the same was started afresh.
    Abandoned,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Nobody;
}
