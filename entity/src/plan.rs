//! <https://docs.stripe.com/api/plans/object>

use async_graphql::SimpleObject;
use sea_orm::entity::prelude::*;

use crate::{
    mirrored::{Listing, Mirrored, Owned, Owner},
    open::Open,
    price::BillingScheme,
    price::TiersMode,
    price::{RecurringInterval, UsageType},
    scalar::Metadata,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "plans")]
#[graphql(name = "PlanFields")]
pub struct Model {
    /// Stripe's id, `price_…`, `plan_…` or one that the merchant chose.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// Whether the plan can be used for new purchases.
    pub active: bool,
    #[graphql(skip)]
    pub amount: Option<i64>,
    /// The amount of one unit in minor units, with up to twelve decimal places.
    pub amount_decimal: Option<String>,
    /// How the amount is computed.
    pub billing_scheme: Option<Open<BillingScheme>>,
    /// When the plan was created at Stripe.
    pub created: DateTimeUtc,
    /// The three-letter currency code, in lower case.
    pub currency: Option<String>,
    /// The unit of the billing interval.
    pub interval: Option<Open<RecurringInterval>>,
    /// How many units a billing interval has.
    pub interval_count: Option<i32>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    #[graphql(skip)]
    pub meter: Option<String>,
    /// What the integration notes on the plan.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// A short description, hidden from customers.
    pub nickname: Option<String>,
    #[graphql(skip)]
    pub product: Option<String>,
    /// How tiers add up, where there are tiers.
    pub tiers_mode: Option<Open<TiersMode>>,
    /// Days of the trial that a subscription begins with, unless it says otherwise.
    pub trial_period_days: Option<i32>,
    /// How usage is counted.
    pub usage_type: Option<Open<UsageType>>,
    /// Whether the plan was deleted at Stripe.
    pub deleted: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    // An old plan's id is also its price's.
    const OWNER: Owner = Owner::Catalogue { item_column: "price" };
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "plan";
    const PATH: Option<&'static str> = Some("/plans/{id}");
    const LISTING: Listing = Listing::Ranges("/plans");
}
