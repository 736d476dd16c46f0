//! <https://docs.stripe.com/api/prices/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;
use serde::Deserialize;

use crate::{
    mirrored::{Listing, Mirrored, Object, Owned, Owner, flatten},
    open::Open,
    scalar::Metadata,
};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, SimpleObject)]
#[sea_orm(table_name = "prices")]
#[graphql(name = "PriceFields")]
pub struct Model {
    /// Stripe's id, `price_…`.
    #[sea_orm(primary_key, auto_increment = false)]
    #[graphql(skip)]
    pub id: String,
    /// Whether the price can be used for new purchases.
    pub active: bool,
    /// How the amount is computed: `per_unit` or `tiered`.
    pub billing_scheme: Option<String>,
    /// When the price was created at Stripe.
    pub created: DateTimeUtc,
    /// The three-letter currency code, in lower case.
    pub currency: Option<String>,
    /// Whether this is live data; `false` in test mode and in sandboxes.
    pub livemode: bool,
    /// The name by which an integration looks the price up.
    pub lookup_key: Option<String>,
    /// What the integration notes on the price.
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Metadata,
    /// A short description, hidden from customers.
    pub nickname: Option<String>,
    #[graphql(skip)]
    pub product: Option<String>,
    #[graphql(skip)]
    pub recurring_interval: Option<Open<RecurringInterval>>,
    #[graphql(skip)]
    pub recurring_interval_count: Option<i32>,
    #[graphql(skip)]
    pub recurring_meter: Option<String>,
    #[graphql(skip)]
    pub recurring_trial_period_days: Option<i32>,
    #[graphql(skip)]
    pub recurring_usage_type: Option<Open<UsageType>>,
    /// Whether the amount includes tax: `inclusive`, `exclusive` or `unspecified`.
    pub tax_behavior: Option<String>,
    /// How tiers add up, where there are tiers: `graduated` or `volume`.
    pub tiers_mode: Option<String>,
    /// One-time or recurring.
    #[graphql(name = "type")]
    pub r#type: Option<Open<PriceType>>,
    #[graphql(skip)]
    pub unit_amount: Option<i64>,
    /// The amount of one unit in minor units, with up to twelve decimal places.
    pub unit_amount_decimal: Option<String>,
    /// Whether the price was deleted at Stripe.
    pub deleted: bool,
}

/// Whether a price is paid once or again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceType {
    /// Paid once.
    OneTime,
    /// Paid each interval.
    Recurring,
    /// A value that this version of the API does not know.
    #[serde(other)]
    Unknown,
}

/// The unit of a billing interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecurringInterval {
    /// A day.
    Day,
    /// A week.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
    /// A value that this version of the API does not know.
    #[serde(other)]
    Unknown,
}

/// How a recurring price counts usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageType {
    /// By the quantity that is set on the subscription item.
    Licensed,
    /// By what a meter counts.
    Metered,
    /// A value that this version of the API does not know.
    #[serde(other)]
    Unknown,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}

impl Owned for Entity {
    const OWNER: Owner = Owner::Catalogue { item_column: "price" };
}

impl Mirrored for Entity {
    const OBJECT: &'static str = "price";
    const PATH: Option<&'static str> = Some("/prices/{id}");
    const PREFIXES: &'static [&'static str] = &["price_"];
    const LISTING: Listing = Listing::Ranges("/prices");

    fn lift(object: &mut Object) {
        for (column, field) in [
            ("recurring_interval", "interval"),
            ("recurring_interval_count", "interval_count"),
            ("recurring_meter", "meter"),
            ("recurring_trial_period_days", "trial_period_days"),
            ("recurring_usage_type", "usage_type"),
        ] {
            flatten(object, column, &["recurring", field]);
        }
    }
}
