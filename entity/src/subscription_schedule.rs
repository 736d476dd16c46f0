//! <https://docs.stripe.com/api/subscription_schedules/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Object, Owned, Owner, flatten},
    open::Open,
    scalar::{Json, Metadata},
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "subscription_schedules")]
#[graphql(name = "SubscriptionScheduleFields")]
pub struct Model {
    /// Stripe's id, `sub_sched_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// When the schedule was canceled.
    pub canceled_at: Option<DateTimeUtc>,
    /// When the last phase ended.
    pub completed_at: Option<DateTimeUtc>,
    /// When the schedule was created at Stripe.
    pub created: DateTimeUtc,
    /// The end of the phase that is under way.
    pub current_phase_end_date: Option<DateTimeUtc>,
    /// The start of the phase that is under way.
    pub current_phase_start_date: Option<DateTimeUtc>,
    #[graphql(skip)]
    pub customer: Option<String>,
    /// What holds for phases that do not say otherwise, as Stripe holds it.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub default_settings: Option<Json>,
    /// What happens after the last phase.
    pub end_behavior: Option<Open<ScheduleEndBehavior>>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// What the integration notes on the schedule.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// The phases, oldest first, as Stripe holds them.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub phases: Option<Json>,
    /// When the subscription was released from the schedule.
    pub released_at: Option<DateTimeUtc>,
    #[graphql(skip)]
    pub released_subscription: Option<String>,
    /// Where the schedule stands.
    pub status: Open<SubscriptionScheduleStatus>,
    #[graphql(skip)]
    pub subscription: Option<String>,
    #[graphql(skip)]
    pub test_clock: Option<String>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// Where a subscription schedule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SubscriptionScheduleStatus {
    /// Its first phase is still to come.
    NotStarted,
    /// Under way.
    Active,
    /// Its last phase ended.
    Completed,
    /// Its subscription goes on without it.
    Released,
    /// Canceled, and its subscription with it.
    Canceled,
    /// A value that this version of the API does not know.
    Unknown,
}

/// What happens after the last phase of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ScheduleEndBehavior {
    /// The subscription is canceled.
    Cancel,
    /// Nothing.
    None,
    /// The subscription goes on without the schedule.
    Release,
    /// The last phase begins again.
    Renew,
    /// A value that this version of the API does not know.
    Unknown,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Customer("customer");
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "subscription_schedule";
    const PATH: Option<&'static str> = Some("/subscription_schedules/{id}");
    const PREFIXES: &'static [&'static str] = &["sub_sched_"];
    const LISTING: Listing = Listing::Ranges("/subscription_schedules");
    const LIFE_CYCLE: &'static [&'static str] =
        &["not_started", "active", "released", "canceled", "completed"];

    fn lift(object: &mut Object) {
        for date in ["start_date", "end_date"] {
            flatten(object, format!("current_phase_{date}"), &["current_phase", date]);
        }
    }
}
