//! Prices, and what they are for.

use async_graphql::{ComplexObject, ID, SimpleObject};
use entity::{
    checkout_session_line_item, invoice_item, invoice_line_item, meter,
    open::Open,
    portal_configuration,
    price::{self, PriceType, QuantityRounding, RecurringInterval, UsageType},
    product, subscription, subscription_item,
};

use crate::graphql::{
    declared::Declared,
    filter::By,
    join::{Computed, Join, Joined},
    load::Row,
    money::Money,
    page::Shows,
};

/// What something costs, and how often: <https://docs.stripe.com/api/prices>.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Price {
    #[graphql(flatten)]
    row: Row<price::Entity>,
    #[graphql(flatten)]
    declared: Declared<price::Entity>,
}

/// How often a price is paid.
#[derive(SimpleObject)]
pub struct Recurring {
    /// The unit of the interval.
    interval: RecurringInterval,
    /// `interval` as Stripe writes it, also where the API has no name for it.
    interval_raw: String,
    /// How many units lie between two payments.
    interval_count: i32,
    /// How usage is counted.
    usage_type: Option<UsageType>,
    /// `usageType` as Stripe writes it, also where the API has no name for it.
    usage_type_raw: Option<String>,
    /// The trial that the price gives by itself, in days.
    trial_period_days: Option<i32>,
}

/// How many units a package has that is paid as one.
#[derive(SimpleObject)]
pub struct TransformQuantity {
    /// The units of a package.
    divide_by: i32,
    /// Which way the number of packages is rounded.
    round: QuantityRounding,
    /// `round` as Stripe writes it, also where the API has no name for it.
    round_raw: String,
}

impl Shows for Price {
    type Entity = price::Entity;

    fn row(row: Row<Self::Entity>) -> Self {
        Self { declared: Declared::of(&row), row }
    }

    fn shown(&self) -> Option<&Row<Self::Entity>> {
        Some(&self.row)
    }
}

impl Joined for price::Entity {
    type Shown = Price;

    const JOINS: &'static [Join] = &[
        Join::one::<product::Entity>("product", "product", "What is sold at this price."),
        Join::many::<subscription::Entity>(
            "subscriptions",
            "price",
            "The subscriptions whose first item has the price, newest first.",
        ),
        Join::many::<subscription_item::Entity>(
            "subscriptionItems",
            "price",
            "What is subscribed to at this price, newest first.",
        ),
        Join::many::<invoice_line_item::Entity>(
            "invoiceLineItems",
            "price",
            "What was invoiced at this price.",
        ),
        Join::many::<checkout_session_line_item::Entity>(
            "checkoutSessionLineItems",
            "price",
            "What was bought at this price in Checkout.",
        ),
        Join::one::<meter::Entity>("meter", "recurring_meter", "What counts the usage that is paid."),
        Join::many::<invoice_item::Entity>(
            "invoiceItems",
            "price",
            "What was charged at this price beside subscriptions.",
        ),
        Join::listed::<portal_configuration::Entity>(
            "portalConfigurations",
            "prices",
            "The configurations of the portal in which customers may change to it, newest first.",
        ),
    ];
    const FILTERS: &'static [By] = &[
        By::value("active"),
        By::value("currency"),
        By::value("lookup_key"),
        By::choice::<RecurringInterval>("recurring_interval"),
        By::value("recurring_interval_count"),
        By::choice::<PriceType>("type"),
        By::value("unit_amount"),
    ];
    const ORDERS: &'static [&'static str] = &["unit_amount"];
    const COMPUTED: &'static [Computed] = &[
        (
            "recurring",
            &[
                "recurring_interval",
                "recurring_interval_count",
                "recurring_usage_type",
                "recurring_trial_period_days",
            ],
        ),
        ("transformQuantity", &["transform_quantity_divide_by", "transform_quantity_round"]),
    ];
}

#[ComplexObject]
impl Price {
    /// Stripe's id, which is a global id too.
    pub async fn id(&self) -> ID {
        ID::from(&self.row.id)
    }

    /// What one unit costs; absent where tiers say, or where it has a fraction of a minor unit.
    async fn unit_amount(&self) -> Option<Money> {
        Money::of(self.row.unit_amount, self.row.currency.as_deref())
    }

    /// How often the price is paid; absent where it is paid once.
    async fn recurring(&self) -> Option<Recurring> {
        let row = &self.row;
        let (interval, usage_type) = (row.recurring_interval.as_ref()?, row.recurring_usage_type.as_ref());
        Some(Recurring {
            interval: interval.known(),
            interval_raw: interval.as_str().to_owned(),
            interval_count: row.recurring_interval_count.unwrap_or(1),
            usage_type: usage_type.map(Open::known),
            usage_type_raw: usage_type.map(|usage| usage.as_str().to_owned()),
            trial_period_days: row.recurring_trial_period_days,
        })
    }

    /// How many units are paid as one; absent where each is paid.
    async fn transform_quantity(&self) -> Option<TransformQuantity> {
        let round = self.row.transform_quantity_round.as_ref()?;
        Some(TransformQuantity {
            divide_by: self.row.transform_quantity_divide_by?,
            round: round.known(),
            round_raw: round.as_str().to_owned(),
        })
    }
}
