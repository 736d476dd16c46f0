//! <https://docs.stripe.com/api/prices/object>

use async_graphql::{Enum, SimpleObject};
use sea_orm::entity::prelude::*;

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
    /// How the amount is computed.
    pub billing_scheme: Option<Open<BillingScheme>>,
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
    /// Whether the amount includes tax.
    pub tax_behavior: Option<Open<TaxBehavior>>,
    /// How tiers add up, where there are tiers.
    pub tiers_mode: Option<Open<TiersMode>>,
    #[graphql(skip)]
    pub transform_quantity_divide_by: Option<i32>,
    #[graphql(skip)]
    pub transform_quantity_round: Option<Open<QuantityRounding>>,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PriceType {
    /// Paid once.
    OneTime,
    /// Paid each interval.
    Recurring,
    /// A value that this version of the API does not know.
    Unknown,
}

/// The unit of a billing interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
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
    Unknown,
}

/// How a recurring price counts usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum UsageType {
    /// By the quantity that is set on the subscription item.
    Licensed,
    /// By what a meter counts.
    Metered,
    /// A value that this version of the API does not know.
    Unknown,
}

/// How the amount of a price is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum BillingScheme {
    /// The same for each unit.
    PerUnit,
    /// By tiers of the quantity.
    Tiered,
    /// A value that this version of the API does not know.
    Unknown,
}

/// How the tiers of a price add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum TiersMode {
    /// Each tier's price holds for the units within it.
    Graduated,
    /// The price of the tier that the quantity reaches holds for all units.
    Volume,
    /// A value that this version of the API does not know.
    Unknown,
}

/// Which way the number of packages is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum QuantityRounding {
    /// A package that is begun is not paid.
    Down,
    /// A package that is begun is paid.
    Up,
    /// A value that this version of the API does not know.
    Unknown,
}

/// Whether the amount of a price includes tax.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum TaxBehavior {
    /// Tax comes on top.
    Exclusive,
    /// Tax is within it.
    Inclusive,
    /// Nobody said yet.
    Unspecified,
    /// A value that this version of the API does not know.
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
        flatten(object, "transform_quantity_divide_by", &["transform_quantity", "divide_by"]);
        flatten(object, "transform_quantity_round", &["transform_quantity", "round"]);
    }
}
