//! The mirror: complete, equal to Stripe, the same from every API version.

use std::collections::{BTreeMap, BTreeSet};

use billgraph::mirror::{BORROWED, MIRRORS, OTHER};
use sea_orm::DbBackend;
use serde_json::{Value, json};

use crate::support::{ACACIA, ENDIVE, TestApp};

/// A history that the generator made, delivered in order in an API version.
async fn mirrored(api_version: &str, events: usize) -> TestApp {
    let test = TestApp::start().await;
    test.connect_webhooks(api_version);
    test.sim.generate(events);
    test.deliver().await;
    test
}

/// Objects that have a table, and of which `stripe-sim` has none.
const NOT_SIMULATED: &[&str] = &[
    "account",
    "balance_transaction",
    "billing.credit_balance_transaction",
    "billing.credit_grant",
    "billing.meter",
    "billing_portal.configuration",
    "customer_balance_transaction",
    "entitlements.active_entitlement",
    "entitlements.active_entitlement_summary",
    "entitlements.feature",
    "mandate",
    "payout",
    "product_feature",
    "radar.early_fraud_warning",
    "review",
    "test_helpers.test_clock",
    "transfer",
];

/// Where Stripe nests what a column holds, by API version.
const NESTED: &[(&str, &str, &str, &str)] = &[
    ("subscription", "current_period_start", ACACIA, "/current_period_start"),
    ("subscription", "current_period_end", ACACIA, "/current_period_end"),
    ("subscription", "current_period_start", ENDIVE, "/items/data/0/current_period_start"),
    ("subscription", "current_period_end", ENDIVE, "/items/data/0/current_period_end"),
    ("subscription", "price", ACACIA, "/items/data/0/price/id"),
    ("subscription", "price", ENDIVE, "/items/data/0/price/id"),
    ("invoice", "subscription", ACACIA, "/subscription"),
    ("invoice", "subscription", ENDIVE, "/parent/subscription_details/subscription"),
    ("invoice", "payment_intent", ACACIA, "/payment_intent"),
    ("invoice", "paid_at", ACACIA, "/status_transitions/paid_at"),
    ("invoice", "paid_at", ENDIVE, "/status_transitions/paid_at"),
    ("payment_intent", "invoice", ACACIA, "/invoice"),
    ("charge", "invoice", ACACIA, "/invoice"),
    ("price", "recurring_interval", ACACIA, "/recurring/interval"),
    ("price", "recurring_interval", ENDIVE, "/recurring/interval"),
    ("payment_method", "card_last4", ENDIVE, "/card/last4"),
    // Its values were renamed: the column has the new ones.
    ("checkout.session", "ui_mode", ACACIA, "/renamed"),
];

/// The objects that the simulated history does not tell of, or only within others.
const UNTOLD: &[&str] = &[
    "plan",
    "subscription_schedule",
    "invoiceitem",
    "setup_intent",
    "dispute",
    "item",
    "promotion_code",
    "discount",
    "credit_note",
    "tax_id",
    "tax_rate",
    "quote",
    "payment_link",
];

/// What Stripe holds of an object type.
fn objects(test: &TestApp, object: &str, api_version: &str) -> Vec<Value> {
    if object != "line_item" {
        return test.sim.objects(object, api_version);
    }
    let invoices = test.sim.objects("invoice", api_version);
    let lines = invoices.iter().filter_map(|invoice| invoice["lines"]["data"].as_array());
    lines.flatten().cloned().collect()
}

#[tokio::test]
async fn a_history_in_order_gives_what_stripe_holds() {
    is_what_stripe_holds(ENDIVE).await;
}

#[tokio::test]
async fn a_history_in_an_older_version_gives_what_stripe_holds() {
    is_what_stripe_holds(ACACIA).await;
}

async fn is_what_stripe_holds(api_version: &str) {
    let test = mirrored(api_version, 2000).await;
    let failed = test.rows("SELECT id, reason FROM webhook_events WHERE state <> 'applied'").await;
    let unmirrored = |row: &&Value| row["reason"] != Value::Null;
    assert_eq!(failed.iter().find(unmirrored), None, "no event failed");
    let told = told(&test, api_version);
    let open = unsettled(&test).await;
    for mirror in MIRRORS.iter().filter(|mirror| !UNTOLD.contains(&mirror.object)) {
        let expected: BTreeMap<String, Value> = objects(&test, mirror.object, api_version)
            .into_iter()
            .filter(|object| object["id"].as_str().is_some_and(|id| told.contains(id)))
            .map(|object| (object["id"].as_str().expect("an id").to_owned(), object))
            .collect();
        let rows = live_rows(&test, mirror.table).await;
        let ids = |keys: Vec<&String>| keys.into_iter().cloned().collect::<BTreeSet<_>>();
        let expected_ids = ids(expected.keys().collect());
        // Before 2025-03-31 there are no invoice payments.
        if mirror.object == "invoice_payment" && api_version == ACACIA {
            assert_eq!(rows.len(), 0);
            continue;
        }
        assert_eq!(ids(rows.keys().collect()), expected_ids, "{} in {api_version}", mirror.table);
        let simulated = !NOT_SIMULATED.contains(&mirror.object);
        assert_eq!(!rows.is_empty(), simulated, "whether the history has {}", mirror.table);
        // An item is told of by its subscription.
        let teller = if mirror.object == "subscription_item" { "subscription" } else { "id" };
        let settled = |row: &Value| row[teller].as_str().is_none_or(|id| !open.contains(id));
        for (id, row) in rows.iter().filter(|(_, row)| settled(row)) {
            compare(mirror.object, api_version, &expected[id], row);
        }
    }
}

/// The ids of the rows of which events leave open what they are: where events lead there and back within one second,
/// they do not say where they began, and only Stripe can tell.
async fn unsettled(test: &TestApp) -> BTreeSet<String> {
    let mut open = BTreeSet::new();
    for mirror in MIRRORS.iter() {
        let rows = test.rows(&format!("SELECT id FROM {} WHERE unsettled", mirror.table)).await;
        open.extend(rows.iter().filter_map(|row| row["id"].as_str().map(str::to_owned)));
    }
    open
}

/// The ids of the objects that events tell of, by themselves or within another: all but the payment methods that
/// were used once and never attached, and the invoice payments that are still open, of which Stripe has no event.
fn told(test: &TestApp, api_version: &str) -> BTreeSet<String> {
    let mut told = BTreeSet::new();
    for event in test.sim.events(api_version) {
        let object = &event["data"]["object"];
        let lists = [&object["items"]["data"], &object["lines"]["data"]];
        let children = lists.into_iter().filter_map(Value::as_array).flatten();
        let ids = std::iter::once(object).chain(children).filter_map(|object| object["id"].as_str());
        told.extend(ids.map(str::to_owned));
    }
    let silent =
        |object: &str| ["payment_method", "invoice_payment"].contains(&object) || UNTOLD.contains(&object);
    for mirror in MIRRORS.iter().filter(|mirror| !silent(mirror.object)) {
        for object in objects(test, mirror.object, api_version) {
            assert!(
                told.contains(object["id"].as_str().expect("an id")),
                "an event tells of every {}",
                mirror.object
            );
        }
    }
    told
}

/// The rows that are no tombstones, by id.
async fn live_rows(test: &TestApp, table: &str) -> BTreeMap<String, Value> {
    let rows = test.rows(&format!("SELECT * FROM {table} WHERE NOT deleted")).await;
    rows.into_iter().map(|row| (row["id"].as_str().expect("an id").to_owned(), row)).collect()
}

fn compare(object: &str, api_version: &str, expected: &Value, row: &Value) {
    let id = &expected["id"];
    let raw = match &row["raw"] {
        Value::String(text) => serde_json::from_str(text).expect("raw is JSON"),
        json => json.clone(),
    };
    assert_eq!(&raw, expected, "raw of {id}");
    for (name, held) in row.as_object().expect("a row") {
        let nested = NESTED.iter().find(|(kind, column, version, _)| {
            (*kind, *column, *version) == (object, name.as_str(), api_version)
        });
        let told = match nested {
            Some((_, _, _, path)) => expected.pointer(path),
            None => expected.get(name).filter(|value| !value.is_null()),
        };
        if let Some(told) = told.filter(|_| name != "raw") {
            // A percentage may have a fraction: its column is text.
            let told = if name == "percent_off" { json!(told.to_string()) } else { comparable(told) };
            assert_eq!(comparable(held), told, "{name} of {id}");
        }
    }
}

/// A value in the one form that a column and a field of Stripe's have in common.
fn comparable(value: &Value) -> Value {
    match value {
        Value::String(text) => match chrono::DateTime::parse_from_rfc3339(text) {
            Ok(time) => json!(time.timestamp()),
            Err(_) => serde_json::from_str(text)
                .ok()
                .filter(|json: &Value| !json.is_number())
                .unwrap_or_else(|| json!(text)),
        },
        Value::Bool(flag) => json!(i64::from(*flag)),
        Value::Object(object) if object.contains_key("object") => {
            object.get("id").cloned().unwrap_or_default()
        }
        other => other.clone(),
    }
}

#[tokio::test]
async fn every_api_version_gives_the_same_columns() {
    let endive = mirrored(ENDIVE, 600).await;
    let linked = "SELECT id FROM invoices WHERE payment_intent IS NOT NULL AND subscription IS NOT NULL";
    assert!(!endive.rows(linked).await.is_empty(), "links that only invoice payments know are found");
    for api_version in [ACACIA, "2025-08-27.basil", "2025-09-30.clover", "2026-03-25.dahlia"] {
        assert_same_columns(&endive, api_version).await;
    }
}

async fn assert_same_columns(endive: &TestApp, api_version: &str) {
    let older = mirrored(api_version, 600).await;
    for mirror in MIRRORS.iter().filter(|mirror| mirror.object != "invoice_payment") {
        let (new, old) = (live_rows(endive, mirror.table).await, live_rows(&older, mirror.table).await);
        assert_eq!(
            new.keys().collect::<Vec<_>>(),
            old.keys().collect::<Vec<_>>(),
            "{}, {api_version}",
            mirror.table
        );
        for (id, row) in &new {
            // Until 2025-03-31 an item that was added within a period did not say so.
            let told = |name: &str| mirror.object != "subscription_item" || name != "current_period_start";
            for column in mirror.columns.iter().filter(|column| told(column.name)) {
                let (new, old) = (&row[column.name], &old[id][column.name]);
                // Since 2025-03-31 only the payment of an invoice says what paid it: an unpaid one has none yet.
                let borrowed =
                    BORROWED.iter().any(|link| link.table == mirror.table && link.column == column.name);
                if borrowed && new.is_null() {
                    continue;
                }
                // What is kept as Stripe sent it has the members of its version.
                if new.to_string().contains("address") {
                    continue;
                }
                assert_eq!(new, old, "{} of {id}: endive and {api_version}", column.name);
            }
        }
    }
}

/// A column that is forgotten in the entity or in the migration is named here.
#[tokio::test]
async fn tables_have_the_columns_of_their_objects() {
    let test = TestApp::start().await;
    let kept = ["deleted", "unsettled", "account", "api_version", "stamp", "stamp_event", "synced_at", "raw"];
    for mirror in MIRRORS.iter().chain([&*OTHER]) {
        let db = &test.app().db.reader;
        let sql = match db.get_database_backend() {
            DbBackend::Postgres => format!(
                "SELECT column_name AS name FROM information_schema.columns \
                 WHERE table_schema = current_schema() AND table_name = '{}'",
                mirror.table
            ),
            _ => format!("SELECT name FROM pragma_table_info('{}')", mirror.table),
        };
        let migrated: BTreeSet<String> =
            test.rows(&sql).await.iter().filter_map(|row| row["name"].as_str().map(str::to_owned)).collect();
        let declared =
            mirror.columns.iter().map(|column| column.name).chain(kept).map(str::to_owned).collect();
        assert_eq!(migrated, declared, "{}", mirror.table);
    }
    for link in BORROWED {
        assert!(
            MIRRORS.iter().any(|mirror| mirror.table == link.table && mirror.position(link.column).is_some())
        );
    }
}
