//! Older shapes of Stripe's objects give the same columns as the newest one, and odd shapes harm nothing.

mod versions;

use billgraph::mirror::{
    MIRRORS,
    snapshot::{Snapshot, Source},
};
use sea_orm::Value as Held;
use serde_json::{Value, json};

/// The rows of an object as an answer of Stripe's brings it.
fn snapshot(object: &Value) -> Snapshot {
    Snapshot::of(object, &object.to_string(), Source::fetched(1_700_000_000, ""))
        .expect("the object has a table and an id")
}

/// What a column holds, in the form of JSON.
fn held(snapshot: &Snapshot, column: &str) -> Value {
    let position = snapshot.mirror.position(column).unwrap_or_else(|| panic!("{column} is a column"));
    match &snapshot.values[position] {
        Held::String(text) => json!(text),
        Held::Int(number) => json!(number),
        Held::BigInt(number) => json!(number),
        Held::Bool(flag) => json!(flag),
        Held::ChronoDateTimeUtc(time) => json!(time.map(|time| time.timestamp())),
        Held::Json(json) => json.as_deref().cloned().unwrap_or_default(),
        other => unreachable!("no column holds {other:?}"),
    }
}

/// Objects of some version, with what their columns are to hold.
fn shapes() -> Vec<(Value, Value)> {
    [lines(), items(), discounts(), intents(), documents(), catalogue()].concat()
}

fn lines() -> Vec<(Value, Value)> {
    let columns = json!({
        "period_end": 2, "period_start": 1, "price": "price_1", "product": "prod_1", "proration": true,
        "subscription": "sub_1", "subscription_item": "si_1", "invoice_item": "ii_1", "tax": 5,
        "unit_amount_decimal": "1.5", "discounts": ["di_1"], "tax_rates": ["txr_1", "txr_2"],
    });
    let period = json!({ "start": 1, "end": 2 });
    let price =
        json!({ "id": "price_1", "object": "price", "product": "prod_1", "unit_amount_decimal": "1.5" });
    let plan = json!({ "id": "price_1", "object": "plan", "product": "prod_1", "amount_decimal": "1.5" });
    let old = json!({
        "id": "il_1", "object": "line_item", "period": period, "price": price, "plan": plan,
        "proration": true, "subscription": "sub_1", "subscription_item": "si_1", "invoice_item": "ii_1",
        "tax_amounts": [{ "amount": 2, "tax_rate": "txr_1" }, { "amount": 3, "tax_rate": { "id": "txr_2" } }],
        "discounts": [{ "id": "di_1" }], "tax_rates": [],
    });
    let mut of_plan = old.clone();
    of_plan["price"] = Value::Null;
    let parent = json!({
        "type": "subscription_item_details",
        "invoice_item_details": null,
        "subscription_item_details": {
            "invoice_item": "ii_1", "proration": true, "subscription": "sub_1", "subscription_item": "si_1",
        },
    });
    let details = json!({ "price": "price_1", "product": "prod_1" });
    let new = json!({
        "id": "il_1", "object": "line_item", "period": period, "parent": parent, "subscription": "sub_1",
        "pricing": { "price_details": details, "unit_amount_decimal": "1.5" },
        "taxes": [
            { "amount": 2, "tax_rate_details": { "tax_rate": "txr_1" } },
            { "amount": 3, "tax_rate_details": { "tax_rate": "txr_2" } },
        ],
        "discounts": ["di_1"],
    });
    let mut expanded = new.clone();
    expanded["pricing"]["price_details"]["price"] = price;
    let of_item = json!({
        "id": "il_2", "object": "line_item", "taxes": [], "subscription": null,
        "parent": { "invoice_item_details": { "invoice_item": "ii_2", "proration": false, "subscription": "sub_2" } },
    });
    let item_columns = json!({ "invoice_item": "ii_2", "proration": false, "subscription": "sub_2", "tax": null, "tax_rates": [] });
    let untaxed =
        json!({ "id": "il_4", "object": "line_item", "tax_amounts": [], "tax_rates": [{ "id": "txr_1" }] });
    let unnamed =
        json!({ "id": "il_5", "object": "line_item", "taxes": [{ "amount": 2, "tax_rate_details": null }] });
    let orphan = json!({ "id": "il_3", "object": "line_item", "parent": null });
    let mut shapes: Vec<_> =
        [old, of_plan, new, expanded].into_iter().map(|line| (line, columns.clone())).collect();
    shapes.push((of_item, item_columns));
    shapes.push((untaxed, json!({ "tax": null, "tax_rates": ["txr_1"] })));
    shapes.push((unnamed, json!({ "tax": 2, "tax_rates": [] })));
    shapes.push((
        orphan,
        json!({ "proration": false, "price": null, "tax": null, "discounts": null, "tax_rates": null }),
    ));
    shapes
}

fn items() -> Vec<(Value, Value)> {
    let columns = json!({
        "period_end": 2, "period_start": 1, "price": "price_1", "product": "prod_1", "subscription": "sub_1",
        "subscription_item": "si_1", "unit_amount_decimal": "1.5", "discounts": ["di_1"],
    });
    let old = json!({
        "id": "ii_1", "object": "invoiceitem", "period": { "start": 1, "end": 2 }, "unit_amount_decimal": "1.5",
        "price": { "id": "price_1", "product": "prod_1" }, "subscription": "sub_1", "subscription_item": "si_1",
        "discounts": ["di_1"],
    });
    let new = json!({
        "id": "ii_1", "object": "invoiceitem", "period": { "start": 1, "end": 2 },
        "pricing": {
            "price_details": { "price": "price_1", "product": "prod_1" }, "unit_amount_decimal": "1.5",
        },
        "parent": { "subscription_details": { "subscription": "sub_1", "subscription_item": "si_1" } },
        "discounts": [{ "id": "di_1", "object": "discount" }],
    });
    let bought = json!({ "id": "li_1", "object": "item", "price": { "id": "price_1", "product": "prod_1" } });
    vec![
        (old, columns.clone()),
        (new, columns),
        (bought, json!({ "price": "price_1", "product": "prod_1", "checkout_session": null })),
    ]
}

fn discounts() -> Vec<(Value, Value)> {
    let coupon = json!({ "id": "Z4", "object": "coupon" });
    let whole = json!({ "id": "di_1", "object": "discount", "coupon": coupon });
    let ids = json!({ "discounts": ["di_1"] });
    let of = json!({ "coupon": "Z4" });
    vec![
        (whole.clone(), of.clone()),
        (
            json!({ "id": "di_1", "object": "discount", "source": { "coupon": "Z4", "type": "coupon" } }),
            of.clone(),
        ),
        (json!({ "id": "di_1", "object": "discount", "source": { "coupon": coupon } }), of.clone()),
        (json!({ "id": "promo_1", "object": "promotion_code", "coupon": coupon }), of.clone()),
        (
            json!({
                "id": "promo_1", "object": "promotion_code", "promotion": { "coupon": "Z4" },
                "restrictions": { "minimum_amount": 7, "first_time_transaction": true },
            }),
            json!({
                "coupon": "Z4", "restrictions_minimum_amount": 7, "restrictions_first_time_transaction": true,
            }),
        ),
        (json!({ "id": "sub_1", "object": "subscription", "discount": whole }), ids.clone()),
        (json!({ "id": "sub_1", "object": "subscription", "discounts": [whole] }), ids.clone()),
        (json!({ "id": "sub_1", "object": "subscription", "discounts": ["di_1"] }), ids.clone()),
        (json!({ "id": "sub_1", "object": "subscription", "discount": null }), json!({ "discounts": [] })),
        (json!({ "id": "sub_1", "object": "subscription" }), json!({ "discounts": null })),
        (json!({ "id": "in_1", "object": "invoice", "discount": whole, "discounts": ["di_1"] }), ids.clone()),
        (
            json!({ "id": "si_1", "object": "subscription_item", "discounts": [whole, "di_2", 7] }),
            json!({ "discounts": ["di_1", "di_2"] }),
        ),
        (json!({ "id": "qt_1", "object": "quote", "discounts": [whole] }), ids),
        (json!({ "id": "cus_1", "object": "customer", "discount": whole }), json!({ "discount": "di_1" })),
        (json!({ "id": "Z4", "object": "coupon", "percent_off": 25.5 }), json!({ "percent_off": "25.5" })),
    ]
}

fn intents() -> Vec<(Value, Value)> {
    let error = json!({ "code": "card_declined", "decline_code": "lost_card" });
    let charge = json!({ "id": "ch_1", "object": "charge" });
    vec![
        (
            json!({
                "id": "seti_1", "object": "setup_intent", "latest_attempt": { "id": "setatt_1" },
                "last_setup_error": error,
            }),
            json!({
                "latest_attempt": "setatt_1", "last_setup_error_code": "card_declined",
                "last_setup_error_decline_code": "lost_card",
            }),
        ),
        (
            json!({ "id": "pi_1", "object": "payment_intent", "charges": { "data": [charge, { "id": "ch_0" }] } }),
            json!({ "latest_charge": "ch_1" }),
        ),
        (
            json!({ "id": "pi_1", "object": "payment_intent", "latest_charge": charge }),
            json!({ "latest_charge": "ch_1" }),
        ),
        (
            json!({
                "id": "dp_1", "object": "dispute", "evidence_details": { "due_by": 9, "has_evidence": false },
                "payment_method_details": { "card": { "network_reason_code": "10.4" } },
            }),
            json!({
                "evidence_details_due_by": 9, "evidence_details_has_evidence": false,
                "network_reason_code": "10.4",
            }),
        ),
    ]
}

fn documents() -> Vec<(Value, Value)> {
    let note = json!({ "refund": "re_1", "tax": 3 });
    vec![
        (
            json!({ "id": "cn_1", "object": "credit_note", "refund": "re_1", "tax_amounts": [{ "amount": 3 }] }),
            note.clone(),
        ),
        (
            json!({
                "id": "cn_1", "object": "credit_note", "refunds": [{ "refund": { "id": "re_1" } }],
                "total_taxes": [{ "amount": 3 }],
            }),
            note,
        ),
        (json!({ "id": "in_1", "object": "invoice", "quote": "qt_1" }), json!({ "quote": "qt_1" })),
        (
            json!({ "id": "in_1", "object": "invoice", "parent": { "quote_details": { "quote": "qt_1" } } }),
            json!({ "quote": "qt_1" }),
        ),
        (
            json!({
                "id": "qt_1", "object": "quote", "from_quote": { "is_revision": true, "quote": "qt_0" },
                "status_transitions": { "accepted_at": 5 },
            }),
            json!({ "from_quote": "qt_0", "accepted_at": 5, "canceled_at": null }),
        ),
        (
            json!({
                "id": "sub_sched_1", "object": "subscription_schedule",
                "current_phase": { "start_date": 1, "end_date": 2 }, "phases": [{ "start_date": 1 }],
            }),
            json!({
                "current_phase_start_date": 1, "current_phase_end_date": 2, "phases": [{ "start_date": 1 }],
            }),
        ),
    ]
}

fn catalogue() -> Vec<(Value, Value)> {
    vec![
        (
            json!({
                "id": "txi_1", "object": "tax_id", "owner": { "customer": "cus_1" },
                "verification": { "status": "verified", "verified_name": "Ada" },
            }),
            json!({
                "customer": "cus_1", "verification_status": "verified", "verification_verified_name": "Ada",
            }),
        ),
        (json!({ "id": "txr_1", "object": "tax_rate", "percentage": 19 }), json!({ "percentage": "19" })),
        (
            json!({ "id": "prod_1", "object": "product", "features": [{ "name": "Fast" }] }),
            json!({ "marketing_features": [{ "name": "Fast" }] }),
        ),
        (
            json!({ "id": "Z4", "object": "coupon", "applies_to": { "products": ["prod_1"] } }),
            json!({ "applies_to_products": ["prod_1"], "currency_options": null }),
        ),
        (
            json!({ "id": "price_1", "object": "price", "transform_quantity": { "divide_by": 12, "round": "up" } }),
            json!({ "transform_quantity_divide_by": 12, "transform_quantity_round": "up" }),
        ),
        (
            json!({
                "id": "bpc_1", "object": "billing_portal.configuration",
                "features": { "subscription_update": { "products": [
                    { "product": "prod_1", "prices": ["price_1", "price_2"] }, { "product": "prod_2", "prices": [] }, 7,
                ] } },
            }),
            json!({ "products": ["prod_1", "prod_2"], "prices": ["price_1", "price_2"] }),
        ),
        (
            json!({
                "id": "bpc_1", "object": "billing_portal.configuration",
                "features": { "subscription_update": { "enabled": false } },
            }),
            json!({ "products": null, "prices": null }),
        ),
        (
            json!({
                "id": "sub_1", "object": "subscription", "plan": { "id": "plan_1" }, "quantity": 2,
                "current_period_end": 8, "items": { "data": [] },
            }),
            json!({ "price": "plan_1", "quantity": 2, "current_period_end": 8 }),
        ),
    ]
}

#[test]
fn older_shapes_give_the_columns_of_the_newest() {
    for (object, columns) in shapes() {
        let snapshot = snapshot(&object);
        for (column, expected) in columns.as_object().expect("columns") {
            assert_eq!(&held(&snapshot, column), expected, "{column} of {object}");
        }
    }
}

/// Whatever stands in a field, the object has its row.
#[test]
fn odd_shapes_harm_nothing() {
    let odd = [
        json!(null),
        json!(7),
        json!("text"),
        json!([null, 7, [], "text"]),
        json!({ "id": 7, "data": "text", "amount": "text", "end": {}, "quote": [] }),
        json!({ "data": [null, 7, "text", { "id": null }], "coupon": [], "price": {}, "customer": 7 }),
    ];
    for (object, _) in shapes() {
        let fields = object.as_object().expect("an object").keys();
        for field in fields.filter(|field| !["id", "object"].contains(&field.as_str())) {
            for value in &odd {
                let mut object = object.clone();
                object[field] = value.clone();
                assert_eq!(snapshot(&object).id, object["id"], "{object}");
                let Some(members) = object[field].as_object().cloned() else { continue };
                for member in members.keys() {
                    let mut object = object.clone();
                    object[field][member] = value.clone();
                    assert_eq!(snapshot(&object).id, object["id"], "{object}");
                }
            }
        }
    }
}

/// Lines and items name their parent, whether or not Stripe says so.
#[test]
fn children_name_their_parent() {
    let lines = json!([{ "id": "il_1", "object": "line_item", "invoice": null }, { "id": "il_2", "object": "line_item" }]);
    let invoice = json!({ "id": "in_1", "object": "invoice", "lines": { "data": lines, "has_more": false } });
    let items = json!([{ "id": "li_1", "object": "item" }]);
    let session = json!({ "id": "cs_1", "object": "checkout.session", "line_items": { "data": items, "has_more": true } });
    for (parent, column, children, complete) in
        [(invoice, "invoice", 2, 1), (session, "checkout_session", 1, 0)]
    {
        let parent = snapshot(&parent);
        assert_eq!((parent.children.len(), parent.complete.len()), (children, complete));
        assert!(parent.children.iter().all(|child| child.text(column) == Some(&parent.id)));
    }
}

/// A path that Stripe answers at names only columns that the row has.
#[test]
fn paths_name_columns() {
    for mirror in MIRRORS.iter() {
        let paths = mirror.children.iter().map(|children| children.path).chain(mirror.path);
        for column in paths.flat_map(|path| path.split('{').skip(1)) {
            let column = column.split('}').next().unwrap_or_default();
            assert!(mirror.position(column).is_some(), "{column} of {}", mirror.object);
        }
    }
}
