//! Objects as API versions back to 2020-08-27 send them, beside what the newest version sends of the same.

use billgraph::mirror::snapshot::Snapshot;
use serde_json::{Value, json};

use super::{held, snapshot};
use crate::support::with;

/// An object in an older version and in the newest one.
struct Pair {
    /// The versions that send the older shape.
    versions: &'static str,
    older: Value,
    newest: Value,
}

fn pair(versions: &'static str, older: Value, newest: Value) -> Pair {
    Pair { versions, older, newest }
}

fn list(objects: &[Value]) -> Value {
    json!({ "object": "list", "data": objects, "has_more": false, "total_count": objects.len(), "url": "/v1/…" })
}

fn coupon() -> Value {
    json!({ "id": "Z4", "object": "coupon", "percent_off": 25, "duration": "once", "valid": true })
}

fn discount() -> Value {
    json!({ "id": "di_1", "object": "discount", "coupon": coupon(), "customer": "cus_1", "start": 5, "end": null })
}

fn tax_rate() -> Value {
    json!({ "id": "txr_1", "object": "tax_rate", "percentage": 19 })
}

/// A price, and the plan that older versions repeat beside it.
fn price() -> Value {
    json!({
        "id": "price_1", "object": "price", "product": "prod_1", "unit_amount": 900, "unit_amount_decimal": "900",
        "recurring": { "interval": "month", "interval_count": 1, "usage_type": "licensed" },
    })
}

fn plan() -> Value {
    json!({ "id": "price_1", "object": "plan", "product": "prod_1", "amount": 900, "amount_decimal": "900" })
}

#[test]
fn older_versions_fill_the_same_columns() {
    let mut differences = Vec::new();
    let groups = [customers(), subscriptions(), invoices(), payments(), catalogue(), sales(), documents()];
    for Pair { versions, older, newest } in groups.into_iter().flatten() {
        let (older, newest) = (snapshot(&older), snapshot(&newest));
        differences.extend(compare(&older, &newest, versions));
        // The payments of an invoice come along since 2025-03-31 alone.
        for older in &older.children {
            let newest = newest.children.iter().find(|newest| newest.id == older.id);
            differences.extend(compare(older, newest.expect("the newest version has it too"), versions));
        }
    }
    assert_eq!(differences, Vec::<String>::new());
}

fn compare(older: &Snapshot, newest: &Snapshot, versions: &str) -> Vec<String> {
    let differ = |name: &&str| held(older, name) != held(newest, name);
    let names = newest.mirror.columns.iter().map(|column| column.name).filter(differ);
    let say = |name| {
        let (object, older, newest) = (newest.mirror.object, held(older, name), held(newest, name));
        format!("{object}.{name}, {versions}: {older} instead of {newest}")
    };
    names.map(say).collect()
}

fn customers() -> Vec<Pair> {
    let common = json!({
        "id": "cus_1", "object": "customer", "balance": -500, "created": 3, "default_source": "card_1",
        "invoice_settings": { "default_payment_method": "pm_1" },
    });
    let card = json!({ "id": "card_1", "object": "card", "customer": "cus_1", "last4": "4242" });
    let subscription =
        json!({ "id": "sub_1", "object": "subscription", "customer": "cus_1", "status": "active" });
    let mut older = common.clone();
    older["default_source"] = card.clone();
    older["sources"] = list(&[card]);
    older["subscriptions"] = list(&[subscription]);
    older["tax_ids"] = list(&[]);
    older["discount"] = discount();
    let mut newest = common;
    newest["discount"] = json!({
        "id": "di_1", "object": "discount", "source": { "type": "coupon", "coupon": "Z4" }, "customer": "cus_1",
    });
    vec![pair("2020-08-27, with its lists and its card", older, newest)]
}

fn subscriptions() -> Vec<Pair> {
    let item = json!({ "id": "si_1", "object": "subscription_item", "created": 4, "price": price(), "quantity": 2,
                       "subscription": "sub_1" });
    let newest_item = with(
        item.clone(),
        &json!({ "current_period_start": 10, "current_period_end": 20, "discounts": ["di_2"] }),
    );
    let newest = json!({
        "id": "sub_1", "object": "subscription", "customer": "cus_1", "status": "active", "created": 4, "start_date": 4,
        "cancel_at_period_end": false, "collection_method": "charge_automatically", "discounts": ["di_1"],
        "default_tax_rates": [tax_rate()], "items": list(&[newest_item]), "cancellation_details": { "reason": null },
    });
    let mut older = newest.clone();
    let mut older_item = item;
    older_item["plan"] = plan();
    older_item["discounts"] = json!(["di_2"]);
    for (field, value) in [
        ("items", list(&[older_item.clone()])),
        ("discounts", json!(["di_1"])),
        ("discount", discount()),
        ("plan", plan()),
        ("quantity", json!(2)),
        ("current_period_start", json!(10)),
        ("current_period_end", json!(20)),
        ("tax_percent", json!(19.0)),
    ] {
        older[field] = value;
    }
    let mut single = older.clone();
    single.as_object_mut().expect("an object").remove("discounts");
    let mut before_prices = older.clone();
    older_item.as_object_mut().expect("an object").remove("price");
    before_prices["items"] = list(&[older_item]);
    vec![
        pair("until 2025-02-24", older, newest.clone()),
        pair("before discounts were several", single, newest.clone()),
        pair("before there were prices", before_prices, newest),
    ]
}

fn invoices() -> Vec<Pair> {
    let amounts = json!({
        "id": "in_1", "object": "invoice", "customer": "cus_1", "status": "paid", "created": 6, "currency": "eur",
        "total": 1071, "amount_paid": 1071, "collection_method": "charge_automatically",
        "status_transitions": { "finalized_at": 7, "paid_at": 8, "voided_at": null, "marked_uncollectible_at": null },
    });
    let line = json!({
        "id": "il_1", "object": "line_item", "amount": 900, "quantity": 1, "period": { "start": 10, "end": 20 },
        "discounts": [], "subscription": "sub_1",
    });
    let newest_line = with(
        line.clone(),
        &json!({
            "parent": { "type": "subscription_item_details", "subscription_item_details": {
                "subscription": "sub_1", "subscription_item": "si_1", "proration": false, "invoice_item": null } },
            "pricing": { "type": "price_details", "unit_amount_decimal": "900",
                         "price_details": { "price": "price_1", "product": "prod_1" } },
            "taxes": [{ "amount": 171, "tax_behavior": "exclusive", "tax_rate_details": { "tax_rate": "txr_1" } }],
        }),
    );
    let payment = json!({
        "id": "inpay_1", "object": "invoice_payment", "invoice": "in_1", "is_default": true, "status": "paid",
        "payment": { "type": "payment_intent", "payment_intent": "pi_1", "charge": "ch_1" },
    });
    let newest = with(
        amounts.clone(),
        &json!({
            "parent": { "type": "subscription_details", "quote_details": null,
                        "subscription_details": { "subscription": "sub_1", "metadata": {} } },
            "payments": list(&[payment]), "discounts": ["di_1"], "lines": list(&[newest_line]),
            "total_taxes": [{ "amount": 171, "tax_behavior": "exclusive" }],
        }),
    );
    let older_line = with(
        line,
        &json!({
            "type": "subscription", "subscription_item": "si_1", "proration": false, "price": price(), "plan": plan(),
            "tax_amounts": [{ "amount": 171, "inclusive": false, "tax_rate": "txr_1" }], "tax_rates": [],
        }),
    );
    let older = with(
        amounts,
        &json!({
            "subscription": "sub_1", "payment_intent": "pi_1", "charge": "ch_1", "paid": true, "quote": null, "tax": 171,
            "discount": discount(), "discounts": ["di_1"], "lines": list(&[older_line]),
            "total_tax_amounts": [{ "amount": 171, "inclusive": false, "tax_rate": "txr_1" }],
        }),
    );
    let mut untaxed = older.clone();
    untaxed["tax"] = Value::Null;
    let mut single = older.clone();
    single.as_object_mut().expect("an object").remove("discounts");
    vec![
        pair("until 2025-02-24", older, newest.clone()),
        pair("2020-08-27, taxed by rates alone", untaxed, newest.clone()),
        pair("before discounts were several", single, newest),
    ]
}

fn payments() -> Vec<Pair> {
    let charge = json!({
        "id": "ch_1", "object": "charge", "amount": 900, "currency": "eur", "customer": "cus_1", "created": 8,
        "payment_intent": "pi_1", "payment_method": "pm_1", "status": "succeeded", "refunded": false,
        "calculated_statement_descriptor": "PLAN",
    });
    let refund = json!({ "id": "re_1", "object": "refund", "charge": "ch_1", "amount": 100 });
    let mut older_charge = charge.clone();
    older_charge["refunds"] = list(&[refund]);
    older_charge["source"] = Value::Null;
    older_charge["statement_descriptor"] = Value::Null;
    let intent = json!({
        "id": "pi_1", "object": "payment_intent", "amount": 900, "currency": "eur", "customer": "cus_1", "created": 8,
        "status": "succeeded", "payment_method": "pm_1", "last_payment_error": null,
    });
    let mut failed = charge.clone();
    failed["id"] = "ch_0".into();
    let older_intent =
        with(intent.clone(), &json!({ "charges": list(&[charge.clone(), failed]), "source": null }));
    let mut newest_intent = intent.clone();
    newest_intent["latest_charge"] = "ch_1".into();
    let unpaid = with(intent.clone(), &json!({ "charges": list(&[]) }));
    let setup = json!({
        "id": "seti_1", "object": "setup_intent", "customer": "cus_1", "created": 8, "status": "requires_payment_method",
        "last_setup_error": { "code": "setup_attempt_failed", "decline_code": null }, "mandate": null,
    });
    let older_setup = with(
        setup.clone(),
        &json!({ "latest_attempt": { "id": "setatt_1", "object": "setup_attempt" }, "payment_method_types": ["card"] }),
    );
    let newest_setup = with(setup, &json!({ "latest_attempt": "setatt_1" }));
    vec![
        pair("until 2022-08-01", older_charge, charge),
        pair("until 2022-08-01", older_intent, newest_intent),
        pair("until 2022-08-01, not tried yet", unpaid, intent),
        pair("2020-08-27", older_setup, newest_setup),
    ]
}

fn catalogue() -> Vec<Pair> {
    let product =
        json!({ "id": "prod_1", "object": "product", "name": "Plan", "active": true, "created": 1 });
    let features = json!([{ "name": "Fast" }]);
    let older_product = with(
        product.clone(),
        &json!({ "features": features, "type": "service", "attributes": [], "package_dimensions": null }),
    );
    let newest_product = with(product, &json!({ "marketing_features": features }));
    let older_price = with(
        price(),
        &json!({ "tiers": [{ "up_to": null, "unit_amount": 900 }], "tiers_mode": "graduated", "transform_quantity": null,
                 "product": { "id": "prod_1", "object": "product" } }),
    );
    let newest_price = with(price(), &json!({ "tiers_mode": "graduated" }));
    let older_plan = with(
        plan(),
        &json!({ "tiers": null, "transform_usage": { "divide_by": 10, "round": "up" }, "aggregate_usage": "sum" }),
    );
    let older_coupon = with(coupon(), &json!({ "percent_off": 25.0, "applies_to": { "products": [] } }));
    let code = json!({ "id": "promo_1", "object": "promotion_code", "active": true, "code": "SPRING", "created": 2,
                       "restrictions": { "first_time_transaction": false, "minimum_amount": 500 } });
    let older_code = with(code.clone(), &json!({ "coupon": coupon() }));
    let newest_code =
        with(code, &json!({ "promotion": { "type": "coupon", "coupon": "Z4" }, "customer": null }));
    vec![
        pair("until 2023-10-16", older_product, newest_product),
        pair("2020-08-27, with its tiers and its product", older_price, newest_price),
        pair("until 2025-02-24", older_plan, plan()),
        pair("2020-08-27", older_coupon, coupon()),
        pair("until 2025-08-27", older_code, newest_code),
    ]
}

fn sales() -> Vec<Pair> {
    let session = json!({
        "id": "cs_1", "object": "checkout.session", "mode": "payment", "status": "complete", "customer": "cus_1",
        "payment_status": "paid", "created": 9, "payment_intent": "pi_1",
    });
    let older = with(
        session.clone(),
        &json!({ "shipping": { "name": "Ada" }, "shipping_rate": null, "ui_mode": "hosted", "submit_type": null,
                 "customer_details": { "email": "a@example.com" }, "customer_email": null }),
    );
    let newest = with(
        session,
        &json!({ "collected_information": { "shipping_details": { "name": "Ada" } }, "ui_mode": "hosted_page",
                 "customer_details": { "email": "a@example.com" }, "customer_email": "a@example.com" }),
    );
    let embedded = |name: &str| json!({ "id": "cs_1", "object": "checkout.session", "ui_mode": name });
    vec![
        pair("until 2022-08-01", older, newest),
        pair("until 2026-02-25", embedded("embedded"), embedded("embedded_page")),
        pair("until 2026-02-25", embedded("custom"), embedded("elements")),
    ]
}

fn documents() -> Vec<Pair> {
    let note = json!({ "id": "cn_1", "object": "credit_note", "amount": 119, "currency": "eur", "customer": "cus_1",
                       "invoice": "in_1", "status": "issued", "type": "post_payment", "created": 9 });
    let older_note = with(
        note.clone(),
        &json!({ "refund": { "id": "re_1", "object": "refund" }, "discount_amounts": [],
                 "tax_amounts": [{ "amount": 19, "inclusive": false, "tax_rate": "txr_1" }] }),
    );
    let newest_note = with(
        note,
        &json!({ "refunds": [{ "amount_refunded": 119, "refund": "re_1", "type": "refund" }],
                 "total_taxes": [{ "amount": 19, "tax_behavior": "exclusive" }] }),
    );
    let tax_id = json!({ "id": "txi_1", "object": "tax_id", "type": "eu_vat", "value": "DE123456789", "country": "DE",
                         "created": 2, "verification": { "status": "pending" } });
    let older_tax_id = with(tax_id.clone(), &json!({ "customer": "cus_1" }));
    let newest_tax_id =
        with(tax_id, &json!({ "customer": null, "owner": { "type": "customer", "customer": "cus_1" } }));
    let quote = json!({ "id": "qt_1", "object": "quote", "status": "accepted", "customer": "cus_1", "created": 2,
                        "status_transitions": { "finalized_at": 3, "accepted_at": 4, "canceled_at": null } });
    let older_quote = with(
        quote.clone(),
        &json!({ "discounts": [discount()], "default_tax_rates": [tax_rate()], "from_quote": null, "invoice": { "id": "in_1", "object": "invoice" } }),
    );
    let newest_quote =
        with(quote, &json!({ "discounts": ["di_1"], "default_tax_rates": ["txr_1"], "invoice": "in_1" }));
    vec![
        pair("until 2025-02-24", older_note, newest_note),
        pair("until 2023-10-16", older_tax_id, newest_tax_id),
        pair("until 2025-02-24", older_quote, newest_quote),
        pair(
            "until 2025-08-27",
            discount(),
            with(
                discount(),
                &json!({
                    "coupon": null, "source": { "type": "coupon", "coupon": "Z4" },
                }),
            ),
        ),
    ]
}
