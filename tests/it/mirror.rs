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

/// The objects that have a table, and of which the simulated history does not tell.
const UNTOLD: &[&str] = &[
    "account",
    "balance_transaction",
    "billing.credit_balance_transaction",
    "billing.credit_grant",
    "billing.meter",
    "billing_portal.configuration",
    "credit_note",
    "customer_balance_transaction",
    "dispute",
    "entitlements.feature",
    "mandate",
    "payment_link",
    "payout",
    "product_feature",
    "quote",
    "radar.early_fraud_warning",
    "review",
    "setup_intent",
    "subscription_schedule",
    "tax_rate",
    "test_helpers.test_clock",
    "transfer",
];

/// What `stripe-sim` does not hold as objects of their own: a session's items, and the list of all entitlements.
const UNCOMPARED: &[&str] = &["item", "entitlements.active_entitlement_summary"];

/// What comes in lists whose first page events show: the rest is known with their parent.
const LISTED: &[(&str, &str)] = &[("line_item", "invoice"), ("subscription_item", "subscription")];

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
    test.learn_the_rest(|| async {
        let report = test.sim.deliver().await;
        assert_eq!(report.failed, 0, "every event is taken in");
        report.delivered
    })
    .await;
    test.holds_what_stripe_holds(&test.sim.events(api_version), api_version).await;
    for mirror in MIRRORS.iter() {
        let is_newer = mirror.object == "invoice_payment" && api_version == ACACIA;
        let is_told = !is_newer && !UNTOLD.contains(&mirror.object);
        let has_happened = !test.sim.objects(mirror.object, api_version).is_empty();
        let rows = live_rows(&test, mirror.table).await;
        assert!(!rows.is_empty() || !is_told || !has_happened, "the history has {}", mirror.table);
    }
}

impl TestApp {
    /// Lets some seconds pass, delivers what happens meanwhile, and asks Stripe for what events left open, until nothing
    /// is left.
    pub async fn learn_the_rest<D: Future<Output = usize>>(&self, deliver: impl Fn() -> D) {
        for _ in 0..50 {
            self.sim.advance(3);
            let delivered = deliver().await;
            self.catch_up().await;
            if delivered == 0 && self.rows("SELECT object FROM sync_jobs").await.is_empty() {
                return;
            }
        }
        panic!("there is always more: {:?}", self.rows("SELECT * FROM sync_jobs").await);
    }

    /// Compares the mirror with what Stripe holds of the objects of which events in an API version tell.
    pub async fn holds_what_stripe_holds(&self, events: &[Value], api_version: &str) {
        let told = told(events);
        for mirror in MIRRORS.iter().filter(|mirror| !UNCOMPARED.contains(&mirror.object)) {
            let rows = live_rows(self, mirror.table).await;
            // Before 2025-03-31 there are no invoice payments.
            if mirror.object == "invoice_payment" && api_version == ACACIA {
                assert_eq!(rows.len(), 0);
                continue;
            }
            let mut held: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
            let versions = rows.values().filter_map(|row| row["api_version"].as_str());
            for version in versions.chain([api_version]).map(str::to_owned).collect::<BTreeSet<_>>() {
                let objects = objects(self, mirror.object, &version);
                let by_id = |object: Value| (object["id"].as_str().expect("an id").to_owned(), object);
                held.insert(version, objects.into_iter().map(by_id).collect());
            }
            let is_told = |object: &Value| {
                let parent = LISTED.iter().find(|(listed, _)| *listed == mirror.object);
                let ids = [Some("id"), parent.map(|(_, parent)| *parent)];
                ids.into_iter().flatten().any(|id| object[id].as_str().is_some_and(|id| told.contains(id)))
            };
            let expected: BTreeSet<&String> =
                held[api_version].iter().filter(|(_, object)| is_told(object)).map(|(id, _)| id).collect();
            let ids: BTreeSet<&String> = rows.keys().collect();
            assert_eq!(ids, expected, "{} in {api_version}", mirror.table);
            for (id, row) in &rows {
                assert!(row["unsettled"] == false || row["unsettled"] == 0, "{id} is settled");
                let version = row["api_version"].as_str().expect("a version");
                compare(mirror.object, version, &held[version][id], row);
            }
        }
    }
}

/// The ids of the objects that events tell of, by themselves or within a list.
fn told(events: &[Value]) -> BTreeSet<String> {
    let mut told = BTreeSet::new();
    for event in events {
        let object = &event["data"]["object"];
        let lists = ["items", "lines", "entitlements"].map(|list| object[list]["data"].as_array());
        let children = lists.into_iter().flatten().flatten();
        let discounts = object["discounts"].as_array().into_iter().flatten();
        let objects = std::iter::once(object).chain(children).chain(discounts).chain([&object["discount"]]);
        told.extend(objects.filter_map(|object| object["id"].as_str()).map(str::to_owned));
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
    let expected = &without_untold(object, expected.clone());
    let raw = match &row["raw"] {
        Value::String(text) => serde_json::from_str(text).expect("raw is JSON"),
        json => json.clone(),
    };
    assert_eq!(without_untold(object, raw), without_untold(object, first_pages(expected)), "raw of {id}");
    for (name, held) in row.as_object().expect("a row") {
        let nested = NESTED.iter().find(|(kind, column, version, _)| {
            (*kind, *column, *version) == (object, name.as_str(), api_version)
        });
        let told = match nested {
            Some((_, _, _, path)) => expected.pointer(path),
            None => expected.get(name).filter(|value| !value.is_null()),
        };
        // Of several items, the period is that of the one that ends first.
        let several = expected.pointer("/items/data/1").is_some() && name.starts_with("current_period");
        if let Some(told) = told.filter(|_| name != "raw" && !several) {
            // A percentage may have a fraction: its column is text.
            let told = if name == "percent_off" { json!(told.to_string()) } else { comparable(told) };
            assert_eq!(comparable(held), told, "{name} of {id}");
        }
    }
}

/// An invoice item comes to its invoice without an event of its own.
fn without_untold(object: &str, mut sent: Value) -> Value {
    if object == "invoiceitem" {
        sent["invoice"] = Value::Null;
    }
    sent
}

/// An object as Stripe sends it: with the first ten of each list.
fn first_pages(whole: &Value) -> Value {
    let mut sent = whole.clone();
    for list in sent.as_object_mut().expect("an object").values_mut() {
        if let Some(data) = list.get_mut("data").and_then(Value::as_array_mut).filter(|data| data.len() > 10)
        {
            data.truncate(10);
            list["has_more"] = true.into();
        }
    }
    sent
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
