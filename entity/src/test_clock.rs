//! <https://docs.stripe.com/api/test_clocks/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Owned, Owner},
    open::Open,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "test_clocks")]
#[graphql(name = "TestClockFields")]
pub struct Model {
    /// Stripe's id, `clock_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// When the clock was created at Stripe.
    pub created: DateTimeUtc,
    /// When Stripe deletes the clock, with all that is on it.
    pub deletes_after: Option<DateTimeUtc>,
    /// The time that the clock shows.
    pub frozen_time: Option<DateTimeUtc>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// The name, for the merchant.
    pub name: Option<String>,
    /// What the clock is doing.
    pub status: Open<TestClockStatus>,
    #[graphql(skip)]
    pub deleted: bool,
}

/// What a test clock is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum TestClockStatus {
    /// It is moving on, and its objects with it.
    Advancing,
    /// It stands still.
    Ready,
    /// It stopped for good.
    InternalFailure,
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
    const OBJECT: &'static str = "test_helpers.test_clock";
    const PATH: Option<&'static str> = Some("/test_helpers/test_clocks/{id}");
    const PREFIXES: &'static [&'static str] = &["clock_"];
    const LISTING: Listing = Listing::Whole("/test_helpers/test_clocks");
    const LIFE_CYCLE: &'static [&'static str] = &["advancing", "ready", "internal_failure"];
}
