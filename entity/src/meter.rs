//! <https://docs.stripe.com/api/billing/meter/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Object, Owned, Owner, flatten},
    open::Open,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "meters")]
#[graphql(name = "MeterFields")]
pub struct Model {
    /// Stripe's id, `mtr_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// When the meter was created at Stripe.
    pub created: DateTimeUtc,
    /// The key of an event's payload that holds the customer.
    pub customer_key: Option<String>,
    /// When the meter was deactivated, if it is.
    pub deactivated_at: Option<DateTimeUtc>,
    /// The name, for the merchant.
    pub display_name: Option<String>,
    /// The name of the events that the meter counts.
    pub event_name: Option<String>,
    /// The window in which events are counted before they are added up.
    pub event_time_window: Option<Open<MeterEventTimeWindow>>,
    /// How the events of a period are added up.
    pub formula: Option<Open<MeterFormula>>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// Whether the meter counts.
    pub status: Open<MeterStatus>,
    /// When the meter was last changed at Stripe.
    pub updated: Option<DateTimeUtc>,
    /// The key of an event's payload that holds the value.
    pub value_key: Option<String>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// Whether a meter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum MeterStatus {
    /// Yes.
    Active,
    /// No.
    Inactive,
    /// A value that this version of the API does not know.
    Unknown,
}

/// How the events of a period are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum MeterFormula {
    /// By their number.
    Count,
    /// The last one counts.
    Last,
    /// By their values.
    Sum,
    /// A value that this version of the API does not know.
    Unknown,
}

/// In which windows events are counted before they are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum MeterEventTimeWindow {
    /// By the day.
    Day,
    /// By the hour.
    Hour,
    /// A value that this version of the API does not know.
    Unknown,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Nobody;
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "billing.meter";
    const PATH: Option<&'static str> = Some("/billing/meters/{id}");
    const PREFIXES: &'static [&'static str] = &["mtr_"];
    const LISTING: Listing = Listing::Whole("/billing/meters");
    const LIFE_CYCLE: &'static [&'static str] = &["active", "inactive"];

    fn lift(object: &mut Object) {
        flatten(object, "customer_key", &["customer_mapping", "event_payload_key"]);
        flatten(object, "deactivated_at", &["status_transitions", "deactivated_at"]);
        flatten(object, "formula", &["default_aggregation", "formula"]);
        flatten(object, "value_key", &["value_settings", "event_payload_key"]);
    }
}
