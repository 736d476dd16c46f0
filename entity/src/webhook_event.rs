//! The inbox: every event that arrived, by its id.

use async_graphql::Enum;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_events")]
pub struct Model {
    /// Stripe's id, `evt_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub r#type: String,
    /// The type and the id of the object that the event is about, where it has them.
    pub object: Option<String>,
    pub object_id: Option<String>,
    /// The connected account that the event is about, if it is about one.
    pub account: Option<String>,
    /// When it happened at Stripe, in whole seconds.
    pub created: DateTimeUtc,
    pub api_version: Option<String>,
    pub livemode: bool,
    pub state: State,
    /// How often applying it was tried.
    pub attempts: i32,
    /// Why it failed, for operators.
    pub reason: Option<String>,
    /// What the object was before, as Stripe tells it: JSON text.
    pub previous_attributes: Option<String>,
    /// The digest of the state that it leads to; absent where that is the tombstone.
    pub leads_to: Option<i64>,
    /// The digest of the state that it came from, where it says so.
    pub came_from: Option<i64>,
    /// The place of the state's status in its object's life cycle.
    pub life_cycle: i32,
    /// The snapshot event of which a thin event tells too.
    pub snapshot_event: Option<String>,
    /// The body, where it may be needed again.
    pub payload: Option<String>,
    pub received_at: DateTimeUtc,
    pub applied_at: Option<DateTimeUtc>,
    /// When it is tried again, if it failed; a process that tries it moves this on first, so that no other does.
    pub retry_at: Option<DateTimeUtc>,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Enum)]
#[graphql(name = "WebhookEventState")]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::None)", rename_all = "snake_case")]
pub enum State {
    /// The mirror holds it.
    Applied,
    /// The mirror held something newer already.
    Stale,
    /// It tells of what another event told.
    Duplicate,
    /// It tells of nothing that can be kept, such as an object without an id.
    Ignored,
    /// It could not be applied.
    Failed,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}
