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
    /// The product, where the subscription has discounts; else empty.
    product: String,
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
    /// The amounts in other currencies.
    currency_options: Option<String>,
    /// The products that it is for; none: it is for all.
    applies_to_products: Option<String>,
}

/// What is left of what an item of a subscription brings in a month.
struct Item {
    product: String,
    left: i128,
    period: Period,
}

/// The items of a subscription in one currency, and the discounts that are taken off all of them.
type Whole<'d> = (Vec<Item>, Vec<&'d Discount>);

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
const BOUGHT: &str = "SELECT subscription, item, product, currency, unit_amount, unit_amount_decimal, period, period_count, \
    of_item, of_subscription, of_customer, CAST(SUM(quantity) AS BIGINT) AS quantity FROM ( \
      SELECT CASE WHEN discounted THEN subscription ELSE '' END AS subscription, \
        CASE WHEN discounted THEN item ELSE '' END AS item, CASE WHEN discounted THEN product ELSE '' END AS product, currency, unit_amount, unit_amount_decimal, period, \
        period_count, quantity, of_item, of_subscription, of_customer FROM ( \
          SELECT s.id AS subscription, i.id AS item, COALESCE(i.product, p.product, '') AS product, p.currency AS currency, p.unit_amount AS unit_amount, \
            p.unit_amount_decimal AS unit_amount_decimal, p.recurring_interval AS period, \
            CAST(COALESCE(p.recurring_interval_count, 1) AS BIGINT) AS period_count, \
            (CAST(COALESCE(i.quantity, 1) AS BIGINT) \
              + CASE WHEN p.transform_quantity_round = 'up' THEN p.transform_quantity_divide_by - 1 ELSE 0 END) \
              / COALESCE(NULLIF(p.transform_quantity_divide_by, 0), 1) AS quantity, \
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
    GROUP BY subscription, item, product, currency, unit_amount, unit_amount_decimal, period, period_count, of_item, \
      of_subscription, of_customer ORDER BY subscription, item";

/// The discounts that go on: one of a single invoice changes nothing in what recurs.
const DISCOUNTS: &str = "SELECT d.id AS id, c.percent_off AS percent_off, c.amount_off AS amount_off, c.currency AS currency, \
      CAST(c.currency_options AS TEXT) AS currency_options, CAST(c.applies_to_products AS TEXT) AS applies_to_products \
    FROM discounts d JOIN coupons c ON c.id = d.coupon \
    WHERE NOT d.deleted AND COALESCE(c.duration, '') <> 'once' AND (d.\"end\" IS NULL OR d.\"end\" > $1)";

fn sum(bought: Vec<Bought>, discounts: &HashMap<String, Discount>) -> Vec<Money> {
    let mut sums: BTreeMap<String, i128> = BTreeMap::new();
    let mut of_subscriptions: BTreeMap<(String, String), Whole<'_>> = BTreeMap::new();
    for bought in bought {
        let Some(period) = Period::of(&bought.period, bought.period_count) else { continue };
        let price = price(bought.unit_amount, bought.unit_amount_decimal.as_deref());
        let full = period.monthly(price.saturating_mul(bought.quantity.into()));
        if bought.subscription.is_empty() {
            add(&mut sums, bought.currency, full);
            continue;
        }
        let of = |ids: &str| -> Vec<&Discount> {
            let ids: Vec<String> = serde_json::from_str(ids).unwrap_or_default();
            ids.iter().filter_map(|id| discounts.get(id)).collect()
        };
        let mut item = Item { product: bought.product, left: full, period };
        for discount in of(&bought.of_item) {
            discount.take_off(std::slice::from_mut(&mut item), &bought.currency);
        }
        // A customer's discount is for subscriptions that have none of their own.
        let mut whole = of(&bought.of_subscription);
        if bought.of_subscription == "[]" {
            whole.extend(discounts.get(&bought.of_customer));
        }
        let key = (bought.subscription, bought.currency);
        of_subscriptions.entry(key).or_insert_with(|| (Vec::new(), whole)).0.push(item);
    }
    for ((_, currency), (mut items, whole)) in of_subscriptions {
        for discount in whole {
            discount.take_off(&mut items, &currency);
        }
        let left = items.iter().map(|item| item.left).fold(0, i128::saturating_add);
        add(&mut sums, currency, left);
    }
    sums.into_iter().map(|(currency, sum)| Money::new(rounded(sum), &currency)).collect()
}

fn add(sums: &mut BTreeMap<String, i128>, currency: String, amount: i128) {
    let sum = sums.entry(currency).or_default();
    *sum = sum.saturating_add(amount);
}

impl Discount {
    /// Takes off what the discount does of those of the items that it is for.
    fn take_off(&self, items: &mut [Item], currency: &str) {
        let products: Option<Vec<String>> =
            self.applies_to_products.as_deref().and_then(|ids| serde_json::from_str(ids).ok());
        let is_for = |item: &&mut Item| products.as_ref().is_none_or(|ids| ids.contains(&item.product));
        let mut items: Vec<&mut Item> = items.iter_mut().filter(is_for).collect();
        if let Some(percent) = self.percent_off.as_deref() {
            let rest = (100 * UNIT).saturating_sub(decimal(percent)).clamp(0, 100 * UNIT);
            for item in items {
                item.left = item.left.saturating_mul(rest) / (100 * UNIT);
            }
            return;
        }
        // What is paid most often has an invoice each time.
        let often = items.iter().map(|item| item.period).reduce(Period::shorter);
        let (Some(amount), Some(often)) = (self.amount_off_in(currency), often) else { return };
        let mut left = items.iter().map(|item| item.left).fold(0, i128::saturating_add);
        let mut off = often.monthly(i128::from(amount).saturating_mul(UNIT)).min(left).max(0);
        for item in &mut items {
            // Each bears its part: the last one what there is still to bear.
            let part = off.saturating_mul(item.left).checked_div(left).unwrap_or(0).min(item.left);
            (left, off) = (left - item.left, off - part);
            item.left -= part;
        }
    }

    /// The amount that is taken off in a currency.
    fn amount_off_in(&self, currency: &str) -> Option<i64> {
        if self.currency.as_deref() == Some(currency) {
            return self.amount_off;
        }
        let options: serde_json::Value = serde_json::from_str(self.currency_options.as_deref()?).ok()?;
        options[currency]["amount_off"].as_i64()
    }
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

    /// The one of two that is over first.
    fn shorter(self, other: Self) -> Self {
        if other.months * self.in_months < self.months * other.in_months { other } else { self }
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
