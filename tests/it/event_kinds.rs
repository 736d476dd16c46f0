//! The kinds of events that have rules of their own: what tells of nothing that lasts, what there is one of, what is a
//! deletion and what only sounds like one, and objects that no table of their own waits for.

use serde_json::{Value, json};

use crate::support::{TestApp, billing::MADE, with};

/// An event of an object, with or without an id.
fn told(id: &str, kind: &str, created: i64, object: &Value) -> Value {
    json!({ "id": id, "object": "event", "type": kind, "created": created, "data": { "object": object } })
}

async fn receive(test: &TestApp, kind: &str, created: i64, object: &Value) {
    test.receive(&told(&format!("evt_{kind}_{created}"), kind, created, object)).await;
}

/// Rows of a statement whose first column is a flag, which SQLite has as a number.
fn flag(value: &Value) -> bool {
    value.as_bool().unwrap_or(*value == 1)
}

/// What an object is called, its customer, its account, and whether it is deleted.
async fn other(test: &TestApp, id: &str) -> (String, Value, String, bool) {
    let sql = format!("SELECT object, customer, account, deleted FROM other_objects WHERE id = '{id}'");
    let rows = test.rows(&sql).await;
    assert_eq!(rows.len(), 1, "{id} is in other_objects");
    let owned = |column: &str| rows[0][column].as_str().expect("it is text").to_owned();
    (owned("object"), rows[0]["customer"].clone(), owned("account"), flag(&rows[0]["deleted"]))
}

async fn is_deleted(test: &TestApp, table: &str, id: &str) -> bool {
    let rows = test.rows(&format!("SELECT deleted FROM {table} WHERE id = '{id}'")).await;
    assert_eq!(rows.len(), 1, "{id} has a row in {table}");
    flag(&rows[0]["deleted"])
}

async fn states(test: &TestApp) -> Vec<(String, String)> {
    let rows = test.rows("SELECT id, state FROM webhook_events ORDER BY id").await;
    let owned = |value: &Value| value.as_str().expect("it is text").to_owned();
    rows.iter().map(|row| (owned(&row["id"]), owned(&row["state"]))).collect()
}

#[tokio::test]
async fn an_upcoming_invoice_is_no_invoice() {
    let test = TestApp::start().await;
    let line = json!({ "id": "il_tmp_1", "object": "line_item", "amount": 900 });
    let upcoming = json!({
        "object": "invoice", "customer": "cus_1", "subscription": "sub_1", "status": "draft", "total": 900,
        "lines": { "object": "list", "data": [line], "has_more": false },
    });
    // Previews have ids that say so since 2025-03-31, of which nothing is ever heard again.
    for (id, named) in [("evt_1", Value::Null), ("evt_2", json!("upcoming_in_1"))] {
        let mut object = upcoming.clone();
        if !named.is_null() {
            object["id"] = named;
        }
        let event = told(id, "invoice.upcoming", MADE, &object);
        test.receive(&event).await;
        let rows = test.rows(&format!("SELECT state, payload FROM webhook_events WHERE id = '{id}'")).await;
        assert_eq!(rows[0]["state"], "ignored");
        let kept: Value =
            serde_json::from_str(rows[0]["payload"].as_str().expect("it is kept")).expect("JSON");
        assert_eq!(kept, event);
    }
    for table in ["invoices", "invoice_line_items", "other_objects"] {
        assert_eq!(test.rows(&format!("SELECT id FROM {table}")).await, [] as [Value; 0], "{table}");
    }
}

#[tokio::test]
async fn of_some_objects_an_account_or_a_customer_has_one() {
    let test = TestApp::start().await;
    let balance = |available: i64| json!({ "object": "balance", "available": [{ "amount": available }] });
    let cash =
        |customer: &str| json!({ "object": "cash_balance", "customer": customer, "available": { "eur": 1 } });
    let settings = json!({ "object": "tax.settings", "status": "active" });
    for (id, kind, at, object, account) in [
        ("evt_1", "balance.available", MADE, balance(1), None),
        ("evt_2", "balance.available", MADE + 2, balance(2), None),
        ("evt_3", "balance.available", MADE + 1, balance(3), None),
        ("evt_4", "balance.available", MADE, balance(4), Some("acct_1")),
        ("evt_5", "cash_balance.funds_available", MADE, cash("cus_1"), None),
        ("evt_6", "cash_balance.funds_available", MADE, cash("cus_2"), None),
        ("evt_7", "cash_balance.funds_available", MADE, cash("cus_3"), Some("acct_1")),
        ("evt_8", "tax.settings.updated", MADE, settings.clone(), None),
        ("evt_9", "tax.settings.updated", MADE, settings, Some("acct_1")),
    ] {
        let mut event = told(id, kind, at, &object);
        if let Some(account) = account {
            event["account"] = account.into();
        }
        test.receive(&event).await;
    }
    let rows = test.rows("SELECT id, customer, account, stamp_event FROM other_objects ORDER BY id").await;
    let row = |id: &str, customer: Value, account: &str, event: &str| json!({ "id": id, "customer": customer, "account": account, "stamp_event": event });
    let expected = [
        row("balance", Value::Null, "", "evt_2"),
        row("balance/acct_1", Value::Null, "acct_1", "evt_4"),
        row("cash_balance/acct_1/cus_3", json!("cus_3"), "acct_1", "evt_7"),
        row("cash_balance/cus_1", json!("cus_1"), "", "evt_5"),
        row("cash_balance/cus_2", json!("cus_2"), "", "evt_6"),
        row("tax.settings", Value::Null, "", "evt_8"),
        row("tax.settings/acct_1", Value::Null, "acct_1", "evt_9"),
    ];
    assert_eq!(rows, expected);
    assert!(states(&test).await.contains(&("evt_3".to_owned(), "stale".to_owned())));
}

#[tokio::test]
async fn a_customers_discount_comes_changes_and_ends() {
    let test = TestApp::start().await;
    let discount = |coupon: &str| {
        json!({ "id": "di_1", "object": "discount", "customer": "cus_1", "start": MADE,
                "source": { "type": "coupon", "coupon": coupon } })
    };
    let sql = "SELECT coupon, customer, deleted FROM discounts";
    for (at, kind, coupon, deleted) in [
        (MADE, "created", "Z1", false),
        (MADE + 1, "updated", "Z2", false),
        (MADE + 2, "deleted", "Z2", true),
    ] {
        receive(&test, &format!("customer.discount.{kind}"), at, &discount(coupon)).await;
        let rows = test.rows(sql).await;
        assert_eq!((&rows[0]["coupon"], &rows[0]["customer"]), (&json!(coupon), &json!("cus_1")), "{kind}");
        assert_eq!((rows.len(), flag(&rows[0]["deleted"])), (1, deleted), "{kind}");
    }
    receive(&test, "customer.discount.updated", MADE + 1, &discount("Z3")).await;
    assert!(is_deleted(&test, "discounts", "di_1").await);
}

#[tokio::test]
async fn accounts_are_left_but_not_deleted() {
    let test = TestApp::start().await;
    let account = json!({ "id": "acct_1", "object": "account", "charges_enabled": true, "created": MADE });
    let of_account = |id: &str, kind: &str, at: i64, object: &Value| {
        with(told(id, kind, at, object), &json!({ "account": "acct_1" }))
    };
    let card = json!({ "id": "card_1", "object": "card", "account": "acct_1", "last4": "4242" });
    let bank = json!({ "id": "ba_1", "object": "bank_account", "account": "acct_1", "last4": "6789" });
    let person = json!({ "id": "person_1", "object": "person", "account": "acct_1", "created": MADE });
    let application = json!({ "id": "ca_1", "object": "application", "name": "Platform" });
    for (id, kind, at, object) in [
        ("evt_1", "account.updated", MADE, &account),
        ("evt_2", "account.external_account.created", MADE, &card),
        ("evt_3", "account.external_account.created", MADE, &bank),
        ("evt_4", "person.created", MADE, &person),
        ("evt_5", "account.external_account.deleted", MADE + 1, &card),
        ("evt_6", "account.external_account.updated", MADE + 1, &bank),
        ("evt_7", "person.deleted", MADE + 1, &person),
        ("evt_8", "account.application.deauthorized", MADE + 1, &application),
    ] {
        test.receive(&of_account(id, kind, at, object)).await;
    }
    let rows = test.rows("SELECT id, account, deleted FROM accounts").await;
    assert_eq!((&rows[0]["id"], flag(&rows[0]["deleted"])), (&json!("acct_1"), false));
    let account = "acct_1".to_owned();
    for (id, object, deleted) in [
        ("card_1", "card", true),
        ("ba_1", "bank_account", false),
        ("person_1", "person", true),
        ("ca_1", "application", false),
    ] {
        let expected = (object.to_owned(), Value::Null, account.clone(), deleted);
        assert_eq!(other(&test, id).await, expected);
    }
    assert!(states(&test).await.iter().all(|(_, state)| state == "applied"));
}

#[tokio::test]
async fn a_long_summary_of_entitlements_takes_nothing_and_is_asked_for() {
    let test = TestApp::start().await;
    let summary = |keys: &[&str], has_more: bool| {
        let entitlement = |key: &&str| {
            json!({ "id": format!("ent_{key}"), "object": "entitlements.active_entitlement", "lookup_key": key,
                    "feature": format!("feat_{key}") })
        };
        let data: Vec<Value> = keys.iter().map(entitlement).collect();
        json!({ "object": "entitlements.active_entitlement_summary", "customer": "cus_1",
                "entitlements": { "object": "list", "data": data, "has_more": has_more } })
    };
    let kind = "entitlements.active_entitlement_summary.updated";
    receive(&test, kind, MADE, &summary(&["a", "b"], false)).await;
    let jobs = "SELECT object, object_id, reason FROM sync_jobs";
    assert_eq!(test.rows(jobs).await, [] as [Value; 0]);
    receive(&test, kind, MADE + 1, &summary(&["c"], true)).await;
    let live = test.rows("SELECT id FROM active_entitlements WHERE NOT deleted ORDER BY id").await;
    assert_eq!(live, [json!({ "id": "ent_a" }), json!({ "id": "ent_b" }), json!({ "id": "ent_c" })]);
    let job = json!({ "object": "entitlements.active_entitlement_summary", "object_id": "cus_1",
                      "reason": "long_list" });
    assert_eq!(test.rows(jobs).await, [job]);
}

#[tokio::test]
async fn what_stripe_deletes_leaves_a_tombstone() {
    let test = TestApp::start().await;
    for (kind, object, table) in [
        ("customer", "customer", "customers"),
        ("product", "product", "products"),
        ("price", "price", "prices"),
        ("plan", "plan", "plans"),
        ("coupon", "coupon", "coupons"),
        ("customer.tax_id", "tax_id", "tax_ids"),
        ("invoiceitem", "invoiceitem", "invoice_items"),
        ("invoice", "invoice", "invoices"),
        ("test_helpers.test_clock", "test_helpers.test_clock", "test_clocks"),
    ] {
        let id = format!("{object}_1");
        let draft = json!({ "id": id, "object": object, "status": "draft", "created": MADE, "date": MADE });
        receive(&test, &format!("{kind}.created"), MADE, &draft).await;
        assert!(!is_deleted(&test, table, &id).await, "{kind}");
        receive(&test, &format!("{kind}.deleted"), MADE + 2, &draft).await;
        assert!(is_deleted(&test, table, &id).await, "{kind}");
        // Neither what was under way nor what is told afterwards brings it back.
        receive(&test, &format!("{kind}.updated"), MADE + 1, &draft).await;
        receive(&test, &format!("{kind}.updated"), MADE + 3, &draft).await;
        assert!(is_deleted(&test, table, &id).await, "{kind}");
    }
    assert!(states(&test).await.iter().all(|(_, state)| state != "failed"));
}

#[tokio::test]
async fn a_deleted_subscription_lives_on_as_canceled() {
    let test = TestApp::start().await;
    let item = json!({ "id": "si_1", "object": "subscription_item", "quantity": 1 });
    let subscription = |status: &str| {
        json!({ "id": "sub_1", "object": "subscription", "status": status, "created": MADE,
                "items": { "object": "list", "data": [item], "has_more": false } })
    };
    receive(&test, "customer.subscription.created", MADE, &subscription("active")).await;
    receive(&test, "customer.subscription.deleted", MADE + 1, &subscription("canceled")).await;
    let rows = test.rows("SELECT status FROM subscriptions WHERE NOT deleted").await;
    assert_eq!(rows, [json!({ "status": "canceled" })]);
    assert!(!is_deleted(&test, "subscription_items", "si_1").await);
}

/// Their events are named by what happened, which no rule reads: the object says where it stands.
#[tokio::test]
async fn the_verb_of_an_event_does_not_matter() {
    let test = TestApp::start().await;
    for (at, kind, id, object, status, table) in [
        (0, "quote.created", "qt_1", "quote", "draft", "quotes"),
        (1, "quote.finalized", "qt_1", "quote", "open", "quotes"),
        (2, "quote.accepted", "qt_1", "quote", "accepted", "quotes"),
        (0, "quote.canceled", "qt_2", "quote", "canceled", "quotes"),
        (0, "payout.created", "po_1", "payout", "pending", "payouts"),
        (1, "payout.paid", "po_1", "payout", "paid", "payouts"),
        (2, "payout.reconciliation_completed", "po_1", "payout", "paid", "payouts"),
        (3, "payout.failed", "po_1", "payout", "failed", "payouts"),
        (0, "charge.dispute.created", "dp_1", "dispute", "needs_response", "disputes"),
        (1, "charge.dispute.funds_withdrawn", "dp_1", "dispute", "under_review", "disputes"),
        (2, "charge.dispute.closed", "dp_1", "dispute", "won", "disputes"),
        (3, "charge.dispute.funds_reinstated", "dp_1", "dispute", "won", "disputes"),
        (0, "charge.refund.updated", "re_1", "refund", "succeeded", "refunds"),
        (1, "refund.failed", "re_1", "refund", "failed", "refunds"),
    ] {
        let object = json!({ "id": id, "object": object, "status": status, "created": MADE });
        receive(&test, kind, MADE + at, &object).await;
        let sql = format!("SELECT status FROM {table} WHERE id = '{id}' AND NOT deleted");
        assert_eq!(test.rows(&sql).await, [json!({ "status": status })], "{kind}");
    }
    assert!(states(&test).await.iter().all(|(_, state)| state == "applied"));
}

#[tokio::test]
async fn what_has_no_table_of_its_own_is_ordered_like_everything() {
    let order = |status: &str| json!({ "id": "nov_1", "object": "novelty", "status": status });
    let changed = |id: &str, from: &str, to: &str| {
        let mut event = told(id, "novelty.delayed", MADE + 5, &order(to));
        event["data"]["previous_attributes"] = json!({ "status": from });
        event
    };
    let history = [
        told("evt_1", "novelty.created", MADE, &order("awaiting_funds")),
        told("evt_2", "novelty.updated", MADE + 1, &order("open")),
        // Two of one second, whose ids are in the wrong order.
        changed("evt_b", "open", "delayed"),
        changed("evt_a", "delayed", "delivered"),
    ];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 3, 0, 1], [1, 3, 0, 2]] {
        let test = TestApp::start().await;
        for place in order {
            test.receive(&history[place]).await;
            test.receive(&history[place]).await;
        }
        let rows = test.rows("SELECT id, stamp, stamp_event, unsettled, raw FROM other_objects").await;
        assert_eq!(
            (rows.len(), &rows[0]["stamp"], flag(&rows[0]["unsettled"])),
            (1, &json!(MADE + 5), false)
        );
        assert!(rows[0]["raw"].to_string().contains("delivered"), "{order:?}: {}", rows[0]["raw"]);
        assert_eq!(test.count("webhook_events").await, 4);
    }
}

#[tokio::test]
async fn what_has_no_table_of_its_own_ends_and_comes_back_like_everything() {
    let test = TestApp::start().await;
    let order = |status: &str| json!({ "id": "nov_1", "object": "novelty", "status": status });
    for (at, verb, deleted) in [
        (0, "created", false),
        (3, "deleted", true),
        (2, "updated", true),
        (4, "updated", true),
        (5, "created", false),
    ] {
        receive(&test, &format!("novelty.{verb}"), MADE + at, &order(verb)).await;
        assert_eq!(other(&test, "nov_1").await.3, deleted, "{verb} at {at}");
    }
    let stale: Vec<String> =
        states(&test).await.into_iter().filter(|(_, state)| state == "stale").map(|(id, _)| id).collect();
    assert!(stale.contains(&format!("evt_novelty.updated_{}", MADE + 2)), "{stale:?}");
}
