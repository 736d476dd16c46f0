//! What subscriptions bring in a month.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use sea_orm::{DatabaseConnection, FromQueryResult, Statement};

use crate::{error::Result, graphql::money::Money};

/// Amounts are counted in millionths of the minor unit, so that nothing is rounded before the end.
const UNIT: i128 = 1_000_000;

/// What all units of a price bring, or those of one subscription where it has discounts.
#[derive(FromQueryResult)]
struct Bought {
    /// The subscription, where it has discounts; else empty.
    subscription: String,
    currency: String,
    unit_amount: Option<i64>,
    unit_amount_decimal: Option<String>,
    period: String,
    period_count: i64,
    quantity: i64,
    of_item: String,
    of_subscription: String,
    of_customer: String,
}

/// What a discount takes off.
#[derive(FromQueryResult)]
struct Discount {
    id: String,
    percent_off: Option<String>,
    amount_off: Option<i64>,
    currency: Option<String>,
}

/// How long a period is, as a part of a month.
#[derive(Clone, Copy)]
struct Period {
    months: i128,
    in_months: i128,
}

/// What active subscriptions bring in a month, by currency.
pub async fn recurring(
    db: &DatabaseConnection,
    now: DateTime<Utc>,
    currency: Option<&str>,
) -> Result<Vec<Money>> {
    let backend = db.get_database_backend();
    let bought = Statement::from_sql_and_values(backend, BOUGHT, [currency.map(str::to_owned).into()]);
    let bought = Bought::find_by_statement(bought).all(db).await?;
    let discounts = Statement::from_sql_and_values(backend, DISCOUNTS, [now.into()]);
    let discounts = Discount::find_by_statement(discounts).all(db).await?;
    Ok(sum(bought, &discounts.into_iter().map(|discount| (discount.id.clone(), discount)).collect()))
}

/// What is bought for every period, of all subscriptions of a price together, but for those with discounts.
const BOUGHT: &str = "SELECT subscription, item, currency, unit_amount, unit_amount_decimal, period, period_count, \
    of_item, of_subscription, of_customer, CAST(SUM(quantity) AS BIGINT) AS quantity FROM ( \
      SELECT CASE WHEN discounted THEN subscription ELSE '' END AS subscription, \
        CASE WHEN discounted THEN item ELSE '' END AS item, currency, unit_amount, unit_amount_decimal, period, \
        period_count, quantity, of_item, of_subscription, of_customer FROM ( \
          SELECT s.id AS subscription, i.id AS item, p.currency AS currency, p.unit_amount AS unit_amount, \
            p.unit_amount_decimal AS unit_amount_decimal, p.recurring_interval AS period, \
            CAST(COALESCE(p.recurring_interval_count, 1) AS BIGINT) AS period_count, COALESCE(i.quantity, 1) AS quantity, \
            COALESCE(CAST(i.discounts AS TEXT), '[]') AS of_item, COALESCE(CAST(s.discounts AS TEXT), '[]') AS of_subscription, \
            COALESCE(c.discount, '') AS of_customer, \
            COALESCE(CAST(i.discounts AS TEXT), '[]') <> '[]' OR COALESCE(CAST(s.discounts AS TEXT), '[]') <> '[]' \
              OR c.discount IS NOT NULL AS discounted \
          FROM subscriptions s JOIN subscription_items i ON i.subscription = s.id JOIN prices p ON p.id = i.price \
            LEFT JOIN customers c ON c.id = s.customer \
          WHERE s.status IN ('active', 'past_due') AND NOT s.deleted AND NOT i.deleted AND s.account = '' \
            AND p.recurring_interval IS NOT NULL AND COALESCE(p.recurring_usage_type, '') <> 'metered' \
            AND p.currency IS NOT NULL AND (CAST($1 AS TEXT) IS NULL OR p.currency = $1) \
        ) every_item ) items \
    GROUP BY subscription, item, currency, unit_amount, unit_amount_decimal, period, period_count, of_item, \
      of_subscription, of_customer ORDER BY subscription, item";

/// The discounts that go on: one of a single invoice changes nothing in what recurs.
const DISCOUNTS: &str = "SELECT d.id AS id, c.percent_off AS percent_off, c.amount_off AS amount_off, c.currency AS currency \
    FROM discounts d JOIN coupons c ON c.id = d.coupon \
    WHERE NOT d.deleted AND COALESCE(c.duration, '') <> 'once' AND (d.\"end\" IS NULL OR d.\"end\" > $1)";

fn sum(bought: Vec<Bought>, discounts: &HashMap<String, Discount>) -> Vec<Money> {
    let mut sums: BTreeMap<String, i128> = BTreeMap::new();
    let mut of_subscriptions: BTreeMap<(String, String), (i128, Vec<&Discount>, Period)> = BTreeMap::new();
    for bought in bought {
        let Some(period) = Period::of(&bought.period, bought.period_count) else { continue };
        let price = price(bought.unit_amount, bought.unit_amount_decimal.as_deref());
        let full = period.monthly(price.saturating_mul(bought.quantity.into()));
        let of = |ids: &str| -> Vec<&Discount> {
            let ids: Vec<String> = serde_json::from_str(ids).unwrap_or_default();
            ids.iter().filter_map(|id| discounts.get(id)).collect()
        };
        let item = taken_off(full, &of(&bought.of_item), &bought.currency, period);
        if bought.subscription.is_empty() {
            add(&mut sums, bought.currency, item);
            continue;
        }
        // A customer's discount is for subscriptions that have none of their own.
        let mut whole = of(&bought.of_subscription);
        if bought.of_subscription == "[]" {
            whole.extend(discounts.get(&bought.of_customer));
        }
        let key = (bought.subscription, bought.currency);
        let (sum, ..) = of_subscriptions.entry(key).or_insert((0, whole, period));
        *sum = sum.saturating_add(item);
    }
    for ((_, currency), (sum, whole, period)) in of_subscriptions {
        let sum = taken_off(sum, &whole, &currency, period);
        add(&mut sums, currency, sum);
    }
    sums.into_iter().map(|(currency, sum)| Money::new(rounded(sum), &currency)).collect()
}

fn add(sums: &mut BTreeMap<String, i128>, currency: String, amount: i128) {
    let sum = sums.entry(currency).or_default();
    *sum = sum.saturating_add(amount);
}

/// One discount after the other, as Stripe takes them off.
fn taken_off(amount: i128, discounts: &[&Discount], currency: &str, period: Period) -> i128 {
    let mut left = amount;
    for discount in discounts {
        if let Some(percent) = discount.percent_off.as_deref() {
            let rest = (100 * UNIT).saturating_sub(decimal(percent)).clamp(0, 100 * UNIT);
            left = left.saturating_mul(rest) / (100 * UNIT);
        } else if let Some(amount) =
            discount.amount_off.filter(|_| discount.currency.as_deref() == Some(currency))
        {
            left = left.saturating_sub(period.monthly(i128::from(amount).saturating_mul(UNIT))).max(0);
        }
    }
    left
}

impl Period {
    fn of(name: &str, count: i64) -> Option<Self> {
        let count = i128::from(count.max(1));
        // A year has 365 days, and 52 weeks.
        let (months, in_months) = match name {
            "day" => (12 * count, 365),
            "week" => (12 * count, 52),
            "month" => (count, 1),
            "year" => (12 * count, 1),
            _ => return None,
        };
        Some(Self { months, in_months })
    }

    /// What an amount for each period is for a month.
    fn monthly(self, amount: i128) -> i128 {
        amount.saturating_mul(self.in_months) / self.months
    }
}

/// The amount of one unit.
fn price(minor_units: Option<i64>, text: Option<&str>) -> i128 {
    match (minor_units, text) {
        (Some(minor_units), _) => i128::from(minor_units).saturating_mul(UNIT),
        (None, Some(text)) => decimal(text),
        (None, None) => 0,
    }
}

/// A decimal number in millionths; what is no number counts nothing.
fn decimal(text: &str) -> i128 {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let millionths: String = rest.chars().chain("000000".chars()).take(6).collect();
    let (Ok(whole), Ok(millionths)) = (whole.parse::<i64>(), millionths.parse::<u32>()) else { return 0 };
    i128::from(whole) * UNIT + i128::from(millionths)
}

/// In whole minor units, halves up.
fn rounded(amount: i128) -> i64 {
    let units = (amount + UNIT / 2).div_euclid(UNIT);
    i64::try_from(units).unwrap_or(if units < 0 { i64::MIN } else { i64::MAX })
}
