//! The numbers of `docs/metrics.md`, against those worked out by hand.

use billgraph::auth::Role;
use serde_json::{Value, json};

use crate::support::TestApp;

/// 2026-01-15T00:00:00Z, and the first of that month and of those around it.
const MIDDLE: i64 = 1_768_435_200;
const DECEMBER: i64 = 1_764_547_200;
const JANUARY: i64 = 1_767_225_600;
const FEBRUARY: i64 = 1_769_904_000;

const MRR: &str = "query($currency: String) { billingSummary(currency: $currency) {
    mrr { currency minorUnits decimal } active trialing pastDue statuses { status statusRaw count } } }";

/// A price of so much for each of so many periods.
fn price(id: &str, currency: &str, amount: impl Into<Value>, interval: &str, count: i64) -> Value {
    let amount = amount.into();
    json!({ "id": format!("price_{id}"), "object": "price", "created": MIDDLE, "active": true, "currency": currency,
            "unit_amount": amount, "product": format!("prod_{id}"), "type": "recurring",
            "recurring": { "interval": interval, "interval_count": count, "usage_type": "licensed" } })
}

/// A subscription to so many units of some prices.
fn subscription(id: &str, status: &str, items: &[(&str, i64)]) -> Value {
    let items: Vec<Value> = items
        .iter()
        .enumerate()
        .map(|(n, (price, quantity))| {
            json!({ "id": format!("si_{id}_{n}"), "object": "subscription_item", "subscription": format!("sub_{id}"),
                    "created": MIDDLE, "quantity": quantity, "price": { "id": format!("price_{price}"), "object": "price" } })
        })
        .collect();
    json!({ "id": format!("sub_{id}"), "object": "subscription", "customer": format!("cus_{id}"), "status": status,
            "created": MIDDLE, "start_date": MIDDLE, "currency": "usd",
            "items": { "object": "list", "data": items, "has_more": false } })
}

fn discounted(mut object: Value, discounts: &[&str]) -> Value {
    object["discounts"] = json!(discounts);
    object
}

async fn mrr(test: &TestApp, admin: &str, currency: Value) -> Vec<(String, i64)> {
    let data = test.data(Some(admin), MRR, json!({ "currency": currency })).await;
    let sums = data["billingSummary"]["mrr"].as_array().expect("it is a list").iter();
    let string = |value: &Value| value.as_str().expect("it is text").to_owned();
    sums.map(|sum| (string(&sum["currency"]), sum["minorUnits"].as_i64().expect("it is a number"))).collect()
}

/// What is sold, and what is taken off.
fn catalogue() -> Vec<Value> {
    let coupon = |id: &str, more: Value| {
        let mut coupon =
            json!({ "id": id, "object": "coupon", "created": MIDDLE, "duration": "forever", "valid": true });
        if let (Some(coupon), Value::Object(more)) = (coupon.as_object_mut(), more) {
            coupon.extend(more);
        }
        coupon
    };
    let discount = |id: &str, coupon: &str, end: Value| json!({ "id": id, "object": "discount", "coupon": coupon, "start": MIDDLE, "end": end });
    let mut half = price("half", "usd", Value::Null, "month", 1);
    half["unit_amount_decimal"] = "0.5".into();
    let mut metered = price("metered", "usd", 9999, "month", 1);
    metered["recurring"]["usage_type"] = "metered".into();
    let dozens = |id: &str, round: &str| {
        let mut price = price(id, "usd", 500, "month", 1);
        price["transform_quantity"] = json!({ "divide_by": 12, "round": round });
        price
    };
    let once = json!({ "id": "price_once", "object": "price", "created": MIDDLE, "currency": "usd", "unit_amount": 70,
                       "active": true, "type": "one_time" });
    vec![
        price("month", "usd", 1000, "month", 1),
        price("quarter", "usd", 3000, "month", 3),
        price("year", "usd", 12_000, "year", 1),
        price("week", "eur", 1000, "week", 1),
        price("day", "eur", 100, "day", 1),
        price("yen", "jpy", 500, "month", 1),
        price("euros", "eur", 1000, "month", 1),
        dozens("dozen", "up"),
        dozens("full_dozen", "down"),
        half,
        metered,
        once,
        coupon("quarter_off", json!({ "percent_off": 25 })),
        coupon("three_off", json!({ "amount_off": 300, "currency": "usd" })),
        coupon("much_off", json!({ "amount_off": 100_000, "currency": "usd" })),
        coupon("euros_off", json!({ "amount_off": 300, "currency": "eur" })),
        coupon("once_off", json!({ "percent_off": 50, "duration": "once" })),
        coupon("odd_off", json!({ "percent_off": 12.5, "duration": "repeating" })),
        coupon("half_of_month", json!({ "percent_off": 50, "applies_to": { "products": ["prod_month"] } })),
        coupon(
            "three_of_year",
            json!({ "amount_off": 300, "currency": "usd", "applies_to": { "products": ["prod_year", "prod_else"] } }),
        ),
        coupon(
            "much_of_month",
            json!({ "amount_off": 100_000, "currency": "usd", "applies_to": { "products": ["prod_month"] } }),
        ),
        coupon(
            "in_currencies",
            json!({ "amount_off": 300, "currency": "usd",
                    "currency_options": { "usd": { "amount_off": 300 }, "eur": { "amount_off": 200 } } }),
        ),
        discount("di_half_of_month", "half_of_month", Value::Null),
        discount("di_three_of_year", "three_of_year", Value::Null),
        discount("di_much_of_month", "much_of_month", Value::Null),
        discount("di_in_currencies", "in_currencies", Value::Null),
        discount("di_quarter", "quarter_off", Value::Null),
        discount("di_three", "three_off", Value::Null),
        discount("di_much", "much_off", Value::Null),
        discount("di_euros", "euros_off", Value::Null),
        discount("di_once", "once_off", Value::Null),
        discount("di_odd", "odd_off", json!(4_000_000_000_i64)),
        discount("di_over", "odd_off", json!(1)),
    ]
}

async fn with_catalogue() -> (TestApp, String) {
    let test = TestApp::start().await;
    test.know(&catalogue()).await;
    let admin = test.service(Role::Admin).await;
    (test, admin)
}

#[tokio::test]
async fn the_whole_is_for_admins() {
    let (test, admin) = with_catalogue().await;
    for (token, code) in [
        (None, "UNAUTHENTICATED"),
        (Some(test.user("u")), "FORBIDDEN"),
        (Some(test.service(Role::Reader).await), "FORBIDDEN"),
        (Some(test.service(Role::Linker).await), "FORBIDDEN"),
    ] {
        let answer = test.graphql(token.as_deref(), MRR, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{answer}");
    }
    let asked = "query($currency: String, $from: DateTime, $to: DateTime) {
        billingSummary(currency: $currency, from: $from, to: $to) { months { month } } }";
    for variables in [
        json!({ "currency": "dollars" }),
        json!({ "currency": "u$d" }),
        json!({ "currency": "" }),
        json!({ "from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z" }),
        json!({ "from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z" }),
        json!({ "from": "2020-01-01T00:00:00Z", "to": "2025-01-02T00:00:00Z" }),
        json!({ "from": "0001-01-01T00:00:00Z" }),
        json!({ "to": "+200000-01-01T00:00:00Z" }),
    ] {
        let answer = test.graphql(Some(&admin), asked, variables.clone()).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID", "{variables}: {answer}");
    }
}

#[tokio::test]
async fn periods_and_quantities_become_months() {
    let (test, admin) = with_catalogue().await;
    assert_eq!(mrr(&test, &admin, Value::Null).await, []);
    for (made, usd) in [
        // 3 × 10.00
        (subscription("a", "active", &[("month", 3)]), 3000),
        // 120.00 a year
        (subscription("b", "active", &[("year", 1)]), 4000),
        // 30.00 every three months, twice
        (subscription("c", "past_due", &[("quarter", 2)]), 6000),
        // Half a cent, 1,001 times: 500.5
        (subscription("d", "active", &[("half", 1001)]), 6501),
        // What is used, and what is bought once, does not recur.
        (subscription("e", "active", &[("metered", 1), ("once", 5), ("month", 1)]), 7501),
        // What brings nothing now.
        (subscription("f", "trialing", &[("month", 1)]), 7501),
        (subscription("g", "canceled", &[("month", 1)]), 7501),
        (subscription("h", "unpaid", &[("month", 1)]), 7501),
        (subscription("i", "incomplete", &[("month", 1)]), 7501),
        (subscription("j", "paused", &[("month", 1)]), 7501),
        // Twice half a cent's thousand: one whole cent more.
        (subscription("k", "active", &[("half", 1)]), 7501),
        // 25 are three dozens, of which the last is begun, for each who has them; or two that are full.
        (subscription("n", "active", &[("dozen", 25)]), 9001),
        (subscription("o", "active", &[("dozen", 25)]), 10_501),
        (subscription("p", "active", &[("full_dozen", 25)]), 11_501),
        (subscription("q", "active", &[("full_dozen", 11)]), 11_501),
    ] {
        test.know(std::slice::from_ref(&made)).await;
        assert_eq!(mrr(&test, &admin, Value::Null).await, [("usd".to_owned(), usd)], "with {}", made["id"]);
    }
    // 10.00 × 52 / 12 + 1.00 × 365 / 12 = 43.333 + 30.417
    test.know(&[
        subscription("l", "active", &[("week", 1), ("day", 1)]),
        subscription("m", "active", &[("yen", 2)]),
    ])
    .await;
    let all = [("eur".to_owned(), 7375), ("jpy".to_owned(), 1000), ("usd".to_owned(), 11_501)];
    assert_eq!(mrr(&test, &admin, Value::Null).await, all);
    assert_eq!(mrr(&test, &admin, json!("EUR")).await, all[..1]);
    assert_eq!(mrr(&test, &admin, json!("chf")).await, []);
    let data = test.data(Some(&admin), MRR, json!({})).await;
    let summary = &data["billingSummary"];
    assert_eq!(summary["mrr"][1]["decimal"], "1000", "yen have no cents");
    assert_eq!([&summary["active"], &summary["trialing"], &summary["pastDue"]], [11, 1, 1]);
    let count =
        |status: &str, raw: &str, count: i32| json!({ "status": status, "statusRaw": raw, "count": count });
    assert_eq!(
        summary["statuses"],
        json!([
            count("ACTIVE", "active", 11),
            count("CANCELED", "canceled", 1),
            count("INCOMPLETE", "incomplete", 1),
            count("PAST_DUE", "past_due", 1),
            count("PAUSED", "paused", 1),
            count("TRIALING", "trialing", 1),
            count("UNPAID", "unpaid", 1),
        ])
    );
}

#[tokio::test]
async fn discounts_are_taken_off() {
    let (test, admin) = with_catalogue().await;
    let month = |id: &str| subscription(id, "active", &[("month", 1)]);
    let mut two_items = subscription("i", "active", &[("month", 1), ("month", 2)]);
    two_items["items"]["data"][0]["discounts"] = json!(["di_quarter"]);
    let customer = |who: &str| json!({ "id": format!("cus_{who}"), "object": "customer", "created": MIDDLE, "discount": "di_quarter" });
    test.know(&[customer("j"), customer("k")]).await;
    let mut sum = 0;
    for (made, brings) in [
        (discounted(month("a"), &["di_quarter"]), 750),
        (discounted(month("b"), &["di_three"]), 700),
        (discounted(month("c"), &["di_once"]), 1000),
        (discounted(month("d"), &["di_over"]), 1000),
        (discounted(month("e"), &["di_odd"]), 875),
        // One after the other: 1000 × 0.75 − 300
        (discounted(month("f"), &["di_quarter", "di_three"]), 450),
        (discounted(month("g"), &["di_much"]), 0),
        (discounted(month("h"), &["di_euros"]), 1000),
        // 750 for one item and 2000 for the other, then 3.00 off the whole.
        (discounted(two_items, &["di_three"]), 2450),
        // A customer's discount is for subscriptions without one of their own.
        (month("j"), 750),
        (discounted(month("k"), &["di_three"]), 700),
        // 3.00 off each invoice of 120.00: 25 cents a month.
        (discounted(subscription("l", "active", &[("year", 1)]), &["di_three"]), 975),
        (discounted(month("m"), &["di_unknown"]), 1000),
    ] {
        test.know(std::slice::from_ref(&made)).await;
        sum += brings;
        assert_eq!(mrr(&test, &admin, Value::Null).await, [("usd".to_owned(), sum)], "with {}", made["id"]);
    }
}

#[tokio::test]
async fn discounts_are_for_products_and_currencies_and_each_invoice() {
    let (test, admin) = with_catalogue().await;
    // 10.00 a month and 120.00 a year.
    let both = |id: &str| subscription(id, "active", &[("month", 1), ("year", 1)]);
    let mut of_items = both("i");
    of_items["items"]["data"][0]["discounts"] = json!(["di_three_of_year"]);
    of_items["items"]["data"][1]["discounts"] = json!(["di_three_of_year"]);
    let mut sum = 0;
    for (made, brings) in [
        // Half of the 10.00 alone.
        (discounted(both("a"), &["di_half_of_month"]), 1500),
        // 3.00 off each invoice that has the 120.00: 25 cents a month.
        (discounted(both("b"), &["di_three_of_year"]), 1975),
        // No more than the 10.00.
        (discounted(both("c"), &["di_much_of_month"]), 1000),
        // There is an invoice each month, or each quarter.
        (discounted(both("d"), &["di_three"]), 1700),
        (discounted(subscription("e", "active", &[("year", 1), ("quarter", 1)]), &["di_three"]), 1900),
        // Each bears half of the 3.00; then half of 8.50, and 8.50.
        (discounted(both("f"), &["di_three", "di_half_of_month"]), 1275),
        (discounted(both("g"), &["di_half_of_month", "di_three"]), 1200),
        (discounted(both("h"), &["di_in_currencies"]), 1700),
        // It is not for the product of the first item.
        (of_items, 1975),
        (discounted(subscription("j", "active", &[("quarter", 1)]), &["di_three_of_year"]), 1000),
    ] {
        test.know(std::slice::from_ref(&made)).await;
        sum += brings;
        assert_eq!(mrr(&test, &admin, Value::Null).await, [("usd".to_owned(), sum)], "with {}", made["id"]);
    }
    test.know(&[
        discounted(subscription("k", "active", &[("euros", 1)]), &["di_in_currencies"]),
        discounted(subscription("l", "active", &[("yen", 1)]), &["di_in_currencies"]),
    ])
    .await;
    let all = [("eur".to_owned(), 800), ("jpy".to_owned(), 500), ("usd".to_owned(), sum)];
    assert_eq!(mrr(&test, &admin, Value::Null).await, all);
}

#[tokio::test]
async fn months_have_what_began_and_ended_and_was_paid() {
    const MONTHS: &str = "query($currency: String, $from: DateTime, $to: DateTime) {
        billingSummary(currency: $currency, from: $from, to: $to) { new churned revenue { currency minorUnits }
            refunded { currency minorUnits }
            months { month new churned revenue { currency minorUnits } refunded { currency minorUnits } } } }";
    let (test, admin) = with_catalogue().await;
    let began = |id: &str, status: &str, start: i64, end: Value| {
        let mut made = subscription(id, status, &[("month", 1)]);
        made["start_date"] = start.into();
        made["ended_at"] = end;
        made
    };
    let charge = |id: &str, at: i64, amount: i64, currency: &str, status: &str| {
        json!({ "id": format!("ch_{id}"), "object": "charge", "created": at, "amount": amount, "currency": currency,
                "amount_captured": amount, "captured": true, "paid": true, "status": status })
    };
    let refund = |id: &str, at: i64, amount: i64, status: &str| {
        json!({ "id": format!("re_{id}"), "object": "refund", "charge": "ch_a", "created": at, "amount": amount,
                "currency": "usd", "status": status })
    };
    let mut partly = charge("f", MIDDLE, 1000, "usd", "succeeded");
    partly["amount_captured"] = 400.into();
    test.know(&[
        began("a", "active", DECEMBER, Value::Null),
        began("b", "active", JANUARY - 1, Value::Null),
        began("c", "active", JANUARY, Value::Null),
        began("d", "canceled", JANUARY, json!(FEBRUARY)),
        began("e", "canceled", DECEMBER - 1, json!(MIDDLE)),
        began("f", "incomplete_expired", MIDDLE, json!(MIDDLE)),
        began("g", "incomplete", MIDDLE, Value::Null),
        began("h", "active", FEBRUARY, Value::Null),
        charge("a", DECEMBER, 5000, "usd", "succeeded"),
        charge("b", JANUARY, 700, "usd", "succeeded"),
        charge("c", MIDDLE, 900, "eur", "succeeded"),
        charge("d", MIDDLE, 900, "usd", "failed"),
        charge("e", FEBRUARY, 100, "usd", "succeeded"),
        partly,
        refund("a", MIDDLE, 2000, "succeeded"),
        refund("b", MIDDLE, 50, "pending"),
        refund("c", MIDDLE, 900, "failed"),
        refund("d", MIDDLE, 900, "canceled"),
    ])
    .await;
    let time = json!({ "from": "2025-12-01T00:00:00Z", "to": "2026-02-01T00:00:00Z" });
    let money = |currency: &str, amount: i64| json!({ "currency": currency, "minorUnits": amount });
    let summary = test.data(Some(&admin), MONTHS, time.clone()).await["billingSummary"].take();
    // January: 7.00 + 4.00 − 20.00 − 0.50
    let december = json!({ "month": "2025-12", "new": 2, "churned": 0, "revenue": [money("usd", 5000)], "refunded": [] });
    let january = json!({ "month": "2026-01", "new": 2, "churned": 1,
                          "revenue": [money("eur", 900), money("usd", -950)], "refunded": [money("usd", 2050)] });
    assert_eq!(summary["months"], json!([december, january]));
    assert_eq!([&summary["new"], &summary["churned"]], [4, 1]);
    assert_eq!(summary["revenue"], json!([money("eur", 900), money("usd", 4050)]));
    assert_eq!(summary["refunded"], json!([money("usd", 2050)]));
    let mut of_euros = time;
    of_euros["currency"] = "eur".into();
    let summary = test.data(Some(&admin), MONTHS, of_euros).await["billingSummary"].take();
    assert_eq!((&summary["revenue"], &summary["new"]), (&json!([money("eur", 900)]), &json!(0)));
    let part = json!({ "from": "2026-01-31T12:00:00Z", "to": "2026-03-01T00:00:00Z" });
    let summary = test.data(Some(&admin), MONTHS, part).await["billingSummary"].take();
    let months: Vec<&Value> =
        summary["months"].as_array().expect("it is a list").iter().map(|month| &month["month"]).collect();
    assert_eq!(months, ["2026-01", "2026-02"]);
    assert_eq!([&summary["new"], &summary["churned"]], [1, 1]);
    assert_eq!(summary["revenue"], json!([money("usd", 100)]));
}
