//! The mirror is compared with Stripe: what differs is named, and mended where that is asked for.

use std::time::Duration;

use billgraph::{
    clock::Clock,
    commands::issuer::Issuer,
    mirror::{self, mirror},
    sync::{
        missing::{self, Window},
        verify::{Drift, HELD, Kind, Report, Wanted, last, regular, verify},
    },
};
use entity::verification::Outcome;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use stripe_sim::{ClockMode, Fault, Options, Sim};

use crate::support::{
    ACACIA, ENDIVE, MONTHLY, TestApp, TestDatabase, anywhere,
    process::{billgraph, run, text},
    socket::soon,
};

const DAY: i64 = 24 * 60 * 60;

/// All that can be compared, looked at again at once.
fn all() -> Wanted {
    let mirrors = mirror::listed().collect();
    Wanted { mirrors, sample: None, repair: false, pause: Duration::ZERO, held: HELD }
}

fn of(object: &str) -> Wanted {
    Wanted { mirrors: vec![mirror(object).expect("it has a table")], ..all() }
}

impl TestApp {
    async fn verify(&self, wanted: &Wanted) -> Report {
        let (app, mut told) = (self.app(), Vec::new());
        let report = verify(app, &app.stripe, wanted, &mut |drift: &Drift| told.push(drift.clone())).await;
        let report = report.expect("the database answers");
        assert_eq!(told.len() as u64, report.drifted, "each is told once: {told:?}");
        report
    }

    /// Compares, and expects that nothing differs.
    async fn assert_equal(&self) {
        let report = self.verify(&all()).await;
        assert_eq!((report.outcome, drifts(&report)), (Outcome::Equal, Vec::new()), "{report:?}");
        assert!(report.checked > 0);
    }

    /// What came of the comparison that is made each day; none where it was made, or is under way.
    async fn daily(&self) -> Option<Outcome> {
        let app = self.app();
        let report = regular(app, &app.stripe, Duration::from_hours(24), Duration::ZERO).await;
        report.expect("the database answers").map(|report| report.outcome)
    }

    /// Another process over the same database and Stripe.
    async fn another(&self) -> Self {
        Self::over(self.database.clone(), self.sim.clone(), self.issuer.clone(), |_| {}).await
    }

    async fn damage(&self, sql: &str) {
        self.app().db.writer.execute_unprepared(sql).await.expect(sql);
    }

    /// The ids of some rows, by their order.
    async fn some(&self, table: &str, many: usize) -> Vec<String> {
        let rows =
            self.rows(&format!("SELECT id FROM {table} WHERE NOT deleted ORDER BY id LIMIT {many}")).await;
        assert_eq!(rows.len(), many, "{table} has enough");
        rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
    }
}

fn drifts(report: &Report) -> Vec<&Drift> {
    report.objects.iter().flat_map(|found| &found.drift).collect()
}

/// What differs, by its id.
fn found(report: &Report) -> Vec<(&str, Kind, Vec<&str>)> {
    let mut found: Vec<_> = drifts(report)
        .into_iter()
        .map(|drift| (drift.id.as_str(), drift.kind, drift.fields.iter().map(String::as_str).collect()))
        .collect();
    found.sort_by_key(|(id, ..)| *id);
    found
}

fn listed(ids: &[String]) -> String {
    ids.iter().map(|id| format!("'{id}'")).collect::<Vec<_>>().join(", ")
}

/// An account whose history was delivered; what no event tells of was loaded by a first repair.
async fn filled(events: usize, api_version: &str) -> TestApp {
    let test = TestApp::start().await;
    test.connect_webhooks(api_version);
    test.sim.generate(events);
    test.deliver().await;
    test.sim.advance(60);
    let mut window = Window::first(&test.app().db).await.expect("it looks");
    for _ in 0..4 {
        window = missing::scan(test.app(), window).await.expect("it looks");
        test.catch_up().await;
    }
    test.sim.advance(60);
    test
}

#[tokio::test]
async fn a_history_that_was_delivered_is_equal() {
    let test = filled(600, ENDIVE).await;
    let report = test.verify(&Wanted { repair: true, ..all() }).await;
    // No event tells of a new feature, of a payment before it is made, and of the invoice that takes an item up.
    let untold = ["entitlements.feature", "product_feature", "invoice_payment", "invoiceitem"];
    let told: Vec<_> = drifts(&report).into_iter().filter(|drift| !untold.contains(&drift.object)).collect();
    assert_eq!(told, Vec::<&Drift>::new());
    assert_eq!(report.drifted, report.repaired, "{report:?}");
    test.sim.advance(60);
    test.assert_equal().await;
}

#[tokio::test]
async fn a_history_of_an_older_version_is_equal() {
    let test = filled(300, ACACIA).await;
    test.verify(&Wanted { repair: true, ..all() }).await;
    test.sim.advance(60);
    test.assert_equal().await;
}

#[tokio::test]
async fn what_is_damaged_removed_or_too_much_is_named_and_mended() {
    let test = filled(500, ENDIVE).await;
    test.verify(&Wanted { repair: true, ..all() }).await;
    test.sim.advance(60);
    let damaged = test.some("customers", 20).await;
    test.damage(&format!("UPDATE customers SET name = 'x', balance = 7 WHERE id IN ({})", listed(&damaged)))
        .await;
    let removed = test.some("invoices", 10).await;
    test.damage(&format!("DELETE FROM invoices WHERE id IN ({})", listed(&removed))).await;
    let buried = test.some("prices", 2).await;
    test.damage(&format!("UPDATE prices SET deleted = true WHERE id IN ({})", listed(&buried))).await;
    test.damage(
        "INSERT INTO products (id, active, created, livemode, metadata, deleted, unsettled, account, api_version, \
         stamp, stamp_event, synced_at, raw) SELECT 'prod_surplus', active, created, livemode, metadata, deleted, \
         unsettled, account, api_version, stamp, stamp_event, synced_at, raw FROM products LIMIT 1",
    )
    .await;
    let report = test.verify(&all()).await;
    let named = found(&report);
    assert_eq!((report.outcome, named.len()), (Outcome::Drift, 33), "{named:?}");
    for id in &damaged {
        assert!(named.contains(&(id, Kind::Differs, vec!["balance", "name"])), "{id}");
    }
    for id in &removed {
        assert!(named.contains(&(id, Kind::Missing, vec![])), "{id}");
    }
    for id in &buried {
        assert!(named.contains(&(id, Kind::Differs, vec!["deleted"])), "{id}");
    }
    assert!(named.contains(&("prod_surplus", Kind::Surplus, vec![])));
    assert_eq!(test.verify(&all()).await.drifted, 33, "looking changes nothing");
    let report = test.verify(&Wanted { repair: true, ..all() }).await;
    assert_eq!((report.outcome, report.drifted, report.repaired), (Outcome::Drift, 33, 33), "{report:?}");
    test.assert_equal().await;
    let kept = test.rows("SELECT outcome, drifted, repaired, report FROM verifications ORDER BY id").await;
    let last_but_one = &kept[kept.len() - 2];
    assert_eq!(
        (&last_but_one["outcome"], &last_but_one["drifted"], &last_but_one["repaired"]),
        (&json!("drift"), &json!(33), &json!(33))
    );
    let stored: Value = serde_json::from_str(last_but_one["report"].as_str().expect("text")).expect("JSON");
    assert_eq!(stored["outcome"], "drift");
}

#[tokio::test]
async fn what_is_in_lists_is_compared_and_mended() {
    let test = filled(250, ENDIVE).await;
    test.verify(&Wanted { repair: true, ..all() }).await;
    test.sim.advance(60);
    let rows = test
        .rows("SELECT id, subscription FROM subscription_items WHERE NOT deleted ORDER BY id LIMIT 3")
        .await;
    let held = |row: &Value, name: &str| row[name].as_str().expect("text").to_owned();
    let [one, two, three] =
        [0, 1, 2].map(|place| (held(&rows[place], "subscription"), held(&rows[place], "id")));
    test.damage(&format!("UPDATE subscription_items SET quantity = 99 WHERE id = '{}'", one.1)).await;
    test.damage(&format!("DELETE FROM subscription_items WHERE id = '{}'", two.1)).await;
    test.damage(&format!("UPDATE subscription_items SET deleted = true WHERE id = '{}'", three.1)).await;
    test.damage(&format!(
        "UPDATE invoice_line_items SET amount = amount + 1 WHERE id = '{}'",
        test.some("invoice_line_items", 1).await[0]
    ))
    .await;
    let report = test.verify(&Wanted { mirrors: of("subscription").mirrors, ..all() }).await;
    let named = found(&report);
    let expected =
        |(parent, item): &(String, String), rest: &str| (parent.clone(), format!("items/{item}{rest}"));
    for (parent, field) in [expected(&one, "/quantity"), expected(&two, ""), expected(&three, "/deleted")] {
        let is_named = |(id, kind, fields): &(&str, Kind, Vec<&str>)| {
            *id == parent && *kind == Kind::Differs && fields.contains(&field.as_str())
        };
        assert!(named.iter().any(is_named), "{parent} {field}: {named:?}");
    }
    let report = test.verify(&Wanted { repair: true, ..all() }).await;
    assert_eq!(report.drifted, report.repaired, "{report:?}");
    assert!(report.drifted >= 2);
    test.sim.advance(60);
    test.assert_equal().await;
}

#[tokio::test]
async fn short_and_long_lists_of_customers_are_compared_and_mended() {
    let test = TestApp::start().await;
    test.connect_webhooks(ENDIVE);
    let (mut lists, mut tax_ids) = (Vec::new(), Vec::new());
    for many in [105, 1, 0, 2] {
        let customer = test.at_stripe("/v1/customers", "name=Ada").await;
        let (path, mut held) = (format!("/v1/customers/{customer}/tax_ids"), Vec::new());
        for number in 0..many {
            let body = format!("type=eu_vat&value=DE{:09}", 100_000_000 + number);
            held.push(test.at_stripe(&path, &body).await);
        }
        lists.push(path);
        tax_ids.push(held);
    }
    test.deliver().await;
    test.sim.advance(60);
    test.assert_equal().await;
    let removed = [&tax_ids[0][0], &tax_ids[0][104], &tax_ids[1][0]].map(String::as_str);
    test.damage(&format!("DELETE FROM tax_ids WHERE id IN ('{}')", removed.join("', '"))).await;
    let deleted = [&tax_ids[0][1], &tax_ids[3][0]].map(String::as_str);
    for (id, list) in deleted.into_iter().zip([&lists[0], &lists[3]]) {
        test.delete_at_stripe(&format!("{list}/{id}")).await;
    }
    let report = test.verify(&Wanted { repair: true, ..all() }).await;
    let missing = removed.map(|id| (id, Kind::Missing, vec![]));
    let mut expected: Vec<_> =
        missing.into_iter().chain(deleted.map(|id| (id, Kind::Surplus, vec![]))).collect();
    expected.sort_by_key(|(id, ..)| *id);
    assert_eq!((found(&report), report.repaired), (expected, 5));
    test.sim.advance(60);
    test.assert_equal().await;
}

#[tokio::test]
async fn what_a_missing_customer_has_is_found_with_it() {
    let test = TestApp::start().await;
    let customer = test.at_stripe("/v1/customers", "name=Ada").await;
    let tax_id =
        test.at_stripe(&format!("/v1/customers/{customer}/tax_ids"), "type=eu_vat&value=DE100000000").await;
    let report = test.verify(&Wanted { repair: true, ..all() }).await;
    let missing: Vec<_> =
        drifts(&report).into_iter().map(|drift| (drift.object, drift.id.as_str())).collect();
    assert_eq!(missing, [("customer", customer.as_str()), ("tax_id", tax_id.as_str())]);
    test.sim.advance(60);
    test.assert_equal().await;
}

#[tokio::test]
async fn a_column_that_another_object_lends_is_compared_too() {
    let test = filled(200, ENDIVE).await;
    let paid =
        test.rows("SELECT id FROM invoices WHERE payment_intent IS NOT NULL ORDER BY id LIMIT 1").await;
    let id = paid[0]["id"].as_str().expect("an id");
    test.damage(&format!("UPDATE invoices SET payment_intent = 'pi_other' WHERE id = '{id}'")).await;
    let report = test.verify(&Wanted { repair: true, ..of("invoice") }).await;
    let named = found(&report);
    assert!(named.len() == 1 && named[0].0 == id && named[0].2.contains(&"payment_intent"), "{named:?}");
    assert_eq!(report.repaired, 1);
}

#[tokio::test]
async fn a_payment_method_that_was_detached_and_never_told_is_named_and_mended() {
    let test = TestApp::start().await;
    test.connect_webhooks(ENDIVE);
    let customer = test.at_stripe("/v1/customers", "name=Ada").await;
    let attach = format!("customer={customer}");
    let card = test.at_stripe("/v1/payment_methods/pm_card_visa/attach", &attach).await;
    test.at_stripe("/v1/payment_methods/pm_card_visa/attach", &attach).await;
    test.deliver().await;
    test.sim.advance(60);
    test.assert_equal().await;
    test.at_stripe(&format!("/v1/payment_methods/{card}/detach"), "").await;
    test.sim.advance(60);
    let expected = [(card.as_str(), Kind::Differs, vec!["customer"])];
    assert_eq!(found(&test.verify(&of("payment_method")).await), expected);
    let report = test.verify(&Wanted { repair: true, ..of("payment_method") }).await;
    assert_eq!((found(&report), report.repaired), (expected.to_vec(), 1));
    let detached = test.rows("SELECT id FROM payment_methods WHERE customer IS NULL").await;
    assert_eq!(detached, [json!({ "id": card })]);
    test.sim.advance(60);
    assert_eq!(test.verify(&of("payment_method")).await.outcome, Outcome::Equal);
}

/// A draft of more lines than an answer has, which the mirror holds whole.
async fn long_draft(test: &TestApp) -> String {
    let customer = test.at_stripe("/v1/customers", "name=Ada").await;
    for _ in 0..12 {
        let item = format!("customer={customer}&amount=100&currency=usd");
        test.at_stripe("/v1/invoiceitems", &item).await;
    }
    let form = format!("customer={customer}&pending_invoice_items_behavior=include");
    let draft = test.at_stripe("/v1/invoices", &form).await;
    test.deliver().await;
    test.sim.advance(60);
    test.catch_up().await;
    test.sim.advance(60);
    assert_eq!(test.verify(&of("invoice")).await.outcome, Outcome::Equal);
    draft
}

/// Compares while a draft is deleted, after its lines were read so often.
async fn deleted_meanwhile(test: &TestApp, draft: &str, read_before: usize, is_told: bool) -> Report {
    let lines = format!("GET /v1/invoices/{draft}/lines");
    let asked = || test.asked().iter().filter(|asked| **asked == lines).count();
    let before = asked();
    test.sim.faults().after(&lines, read_before, Fault::Latency(Duration::from_millis(400)));
    let wanted = Wanted { pause: Duration::from_millis(200), ..of("invoice") };
    let deleting = async {
        while asked() == before + read_before {
            tokio::task::yield_now().await;
        }
        test.delete_at_stripe(&format!("/v1/invoices/{draft}")).await;
        if is_told {
            test.deliver().await;
        }
    };
    let (report, ()) = soon(futures_util::future::join(test.verify(&wanted), deleting)).await;
    test.sim.faults().clear();
    assert!(report.objects.iter().all(|found| found.error.is_none()), "{report:?}");
    report
}

#[tokio::test]
async fn what_is_deleted_while_its_lists_are_read_is_looked_at_again() {
    let test = TestApp::start().await;
    test.connect_webhooks(ENDIVE);
    let draft = long_draft(&test).await;
    let report = deleted_meanwhile(&test, &draft, 0, true).await;
    assert_eq!((report.outcome, found(&report)), (Outcome::Equal, vec![]), "{report:?}");

    // Whose deletion is not told, is named.
    let draft = long_draft(&test).await;
    let report = deleted_meanwhile(&test, &draft, 0, false).await;
    assert_eq!(found(&report), [(draft.as_str(), Kind::Surplus, vec![])]);
    test.deliver().await;

    // The same while it is looked at again.
    let draft = long_draft(&test).await;
    test.damage(&format!("UPDATE invoices SET number = 'x' WHERE id = '{draft}'")).await;
    let report = deleted_meanwhile(&test, &draft, 1, false).await;
    assert_eq!(found(&report), [(draft.as_str(), Kind::Surplus, vec![])]);
}

#[tokio::test]
async fn a_part_that_is_equal_hides_not_that_the_whole_differs() {
    let test = TestApp::start().await;
    let last = async || {
        let made = last(test.app()).await.expect("the database answers").expect("one was made");
        (made.outcome, made.whole)
    };
    test.at_stripe("/v1/customers", "name=Ada").await;
    test.verify(&of("product")).await;
    assert_eq!(last().await, (Outcome::Equal, false), "a part is all that is known");
    assert_eq!(test.daily().await, Some(Outcome::Drift));
    assert_eq!(last().await, (Outcome::Drift, true));
    for part in [
        of("product"),
        Wanted { sample: Some(1), ..of("product") },
        Wanted { repair: true, ..of("customer") },
        Wanted { sample: Some(1), ..all() },
    ] {
        test.sim.advance(60);
        test.verify(&part).await;
        assert_eq!(last().await, (Outcome::Drift, true), "{part:?}");
    }
    test.verify(&all()).await;
    assert_eq!(last().await, (Outcome::Equal, true));
}

#[tokio::test]
async fn invoice_items_are_told_apart_by_their_date() {
    let test = TestApp::start().await;
    test.connect_webhooks(ENDIVE);
    let customer = test.at_stripe("/v1/customers", "name=Ada").await;
    let mut items = Vec::new();
    for number in 0..230 {
        let item = format!("customer={customer}&amount=100&currency=usd");
        items.push(test.at_stripe("/v1/invoiceitems", &item).await);
        // Some share a second, over the end of a page.
        if number % 70 == 0 {
            test.sim.advance(10);
        }
    }
    test.deliver().await;
    test.sim.advance(60);
    let asked = test.asked().len();
    let report = test.verify(&of("invoiceitem")).await;
    assert_eq!((report.outcome, report.checked), (Outcome::Equal, 230), "{report:?}");
    assert_eq!(test.asked().len() - asked, 3, "none is asked for by itself");
    let mut gone = [items[3].as_str(), items[120].as_str(), items[229].as_str()];
    for id in gone {
        test.delete_at_stripe(&format!("/v1/invoiceitems/{id}")).await;
    }
    gone.sort_unstable();
    let report = test.verify(&Wanted { repair: true, ..of("invoiceitem") }).await;
    assert_eq!((found(&report), report.repaired), (gone.map(|id| (id, Kind::Surplus, vec![])).to_vec(), 3));
    assert_eq!(test.verify(&of("invoiceitem")).await.outcome, Outcome::Equal);
}

#[tokio::test]
async fn a_list_without_dates_is_gone_through_for_as_many_rows_as_may_be_held() {
    let test = TestApp::start().await;
    for number in 0..7 {
        test.at_stripe("/v1/entitlements/features", &format!("name=Chat&lookup_key=chat-{number}")).await;
    }
    let features = of("entitlements.feature");
    let report = test.verify(&Wanted { repair: true, held: 3, ..features.clone() }).await;
    assert_eq!((report.checked, report.drifted, report.repaired), (7, 7, 7), "{report:?}");
    test.sim.advance(60);
    for (held, walks) in [(3, 3), (7, 2), (8, 1)] {
        let asked = test.asked().len();
        let report = test.verify(&Wanted { held, ..features.clone() }).await;
        assert_eq!((report.outcome, report.checked), (Outcome::Equal, 7), "{held}: {report:?}");
        assert_eq!(test.asked().len() - asked, walks, "{held}");
    }
    let columns = "active, livemode, lookup_key, metadata, deleted, unsettled, account, api_version, stamp, \
                   stamp_event, synced_at, raw";
    for id in ["feat_", "feat_zzzz"] {
        test.damage(&format!(
            "INSERT INTO entitlement_features (id, {columns}) SELECT '{id}', {columns} \
             FROM entitlement_features LIMIT 1"
        ))
        .await;
    }
    let surplus = ["feat_", "feat_zzzz"].map(|id| (id, Kind::Surplus, vec![]));
    for held in [2, 100] {
        assert_eq!(found(&test.verify(&Wanted { held, ..features.clone() }).await), surplus, "{held}");
    }
}

#[tokio::test]
async fn what_was_deleted_at_stripe_and_never_told_becomes_a_tombstone() {
    let test = TestApp::start().await;
    let product = test.at_stripe("/v1/products", "name=Team").await;
    let customers = [
        test.at_stripe("/v1/customers", "name=Ada").await,
        test.at_stripe("/v1/customers", "name=Grace").await,
    ];
    test.connect_webhooks(ENDIVE);
    test.sim.resend();
    test.deliver().await;
    test.sim.advance(60);
    test.delete_at_stripe(&format!("/v1/products/{product}")).await;
    test.delete_at_stripe(&format!("/v1/customers/{}", customers[0])).await;
    test.sim.advance(60);
    let report = test.verify(&Wanted { repair: true, ..all() }).await;
    let mut gone =
        vec![(customers[0].as_str(), Kind::Surplus, vec![]), (product.as_str(), Kind::Surplus, vec![])];
    gone.sort_by_key(|(id, ..)| *id);
    assert_eq!((found(&report), report.repaired), (gone, 2));
    assert_eq!(test.rows("SELECT name FROM customers WHERE NOT deleted").await, [json!({ "name": "Grace" })]);
    test.assert_equal().await;
}

#[tokio::test]
async fn more_objects_of_one_second_than_a_page_has_are_told_apart() {
    let test = TestApp::start().await;
    test.connect_webhooks(ENDIVE);
    for _ in 0..230 {
        test.at_stripe("/v1/customers", "name=Ada").await;
    }
    test.deliver().await;
    test.sim.advance(60);
    test.assert_equal().await;
    let asked = test.asked().len();
    assert_eq!(test.verify(&of("customer")).await.checked, 230);
    assert_eq!(test.asked().len() - asked, 3, "none is asked for by itself");
    test.damage("DELETE FROM customers WHERE id IN (SELECT id FROM customers ORDER BY id LIMIT 5)").await;
    assert_eq!(test.verify(&of("customer")).await.drifted, 5);
}

#[tokio::test]
async fn what_changes_meanwhile_is_looked_at_again_and_not_reported() {
    let test = TestApp::start().await;
    let customer = test.at_stripe("/v1/customers", "name=Ada").await;
    test.connect_webhooks(ENDIVE);
    test.sim.resend();
    test.deliver().await;
    test.sim.advance(60);
    test.at_stripe(&format!("/v1/customers/{customer}"), "name=Grace").await;
    // Its event arrives between the two looks.
    test.sim.faults().next_on("/v1/customers/", 1, Fault::Latency(Duration::from_millis(400)));
    let wanted = Wanted { pause: Duration::from_millis(200), ..of("customer") };
    let (report, ()) = futures_util::future::join(test.verify(&wanted), async {
        while !test.asked().contains(&"GET /v1/customers".to_owned()) {
            tokio::task::yield_now().await;
        }
        test.deliver().await;
    })
    .await;
    assert_eq!((report.outcome, report.checked), (Outcome::Equal, 1), "{report:?}");
}

#[tokio::test]
async fn a_sample_finds_what_is_everywhere_and_asks_little() {
    let test = filled(700, ENDIVE).await;
    test.damage("UPDATE customers SET name = 'x'").await;
    let (all_of_them, asked) = (test.count("customers").await, test.asked().len());
    let report = test.verify(&Wanted { sample: Some(20), ..of("customer") }).await;
    assert!(report.drifted > 0 && report.drifted < all_of_them, "{} of {all_of_them}", report.drifted);
    let lists = test.asked()[asked..].iter().filter(|asked| *asked == "GET /v1/customers").count();
    assert_eq!(lists, 2);
    let empty = TestApp::start().await;
    empty.at_stripe("/v1/customers", "name=Ada").await;
    let report = empty.verify(&Wanted { sample: Some(20), ..of("customer") }).await;
    assert_eq!((report.drifted, drifts(&report)[0].kind), (1, Kind::Missing));
}

#[tokio::test]
async fn rate_limits_and_failures_in_between_change_nothing_of_the_result() {
    let test = filled(300, ENDIVE).await;
    test.verify(&Wanted { repair: true, ..all() }).await;
    test.sim.advance(60);
    let faults = test.sim.faults();
    faults.every(3, "/v1/", Fault::RateLimited { retry_after: Some(0) });
    faults.every(7, "/v1/", Fault::ServerErrorHtml);
    test.assert_equal().await;
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_told_and_the_rest_compared() {
    let test = filled(200, ENDIVE).await;
    test.verify(&Wanted { repair: true, ..all() }).await;
    test.sim.advance(60);
    test.sim.faults().always_on("/v1/coupons", Fault::Forbidden);
    let report = test.verify(&all()).await;
    assert_eq!(report.outcome, Outcome::Unchecked);
    let failed: Vec<_> = report.objects.iter().filter(|found| found.error.is_some()).collect();
    assert_eq!((failed.len(), failed[0].object), (1, "coupon"), "{failed:?}");
    assert!(failed[0].error.as_ref().is_some_and(|error| error.contains("rak_coupon_read")), "{failed:?}");
    test.damage("UPDATE customers SET name = 'x'").await;
    assert_eq!(test.verify(&all()).await.outcome, Outcome::Drift, "drift is drift");
    test.sim.faults().clear();
    test.sim.faults().after("/v1/", 3, Fault::KeyRevoked);
    let asked = test.asked().len();
    let report = test.verify(&all()).await;
    assert!(report.objects.iter().skip(4).all(|found| found.error.is_some()), "{report:?}");
    assert!(test.asked().len() - asked < 20, "nothing is asked with a key that was revoked");
}

#[tokio::test]
async fn a_regular_comparison_is_made_once_in_its_interval_whoever_makes_it() {
    let test = TestApp::start().await;
    let other = test.another().await;
    test.at_stripe("/v1/customers", "name=Ada").await;
    let (one, two) = futures_util::future::join(test.daily(), other.daily()).await;
    assert_eq!(one.or(two), Some(Outcome::Drift));
    assert_eq!(one.and(two), None, "one of them makes it");
    assert_eq!((test.daily().await, other.daily().await), (None, None));
    assert_eq!(test.verify(&of("customer")).await.drifted, 1, "whoever asks for one gets one");
    test.sim.advance(DAY);
    assert_eq!((other.daily().await, test.daily().await), (Some(Outcome::Drift), None));
}

#[tokio::test]
async fn a_regular_comparison_that_is_broken_off_is_made_by_the_next_process() {
    let test = TestApp::start().await;
    let other = test.another().await;
    test.at_stripe("/v1/customers", "name=Ada").await;
    test.sim.faults().always_on("GET /v1/", Fault::Latency(Duration::from_millis(100)));
    let app = other.app().clone();
    let day = Duration::from_hours(24);
    let broken_off = tokio::spawn(async move { regular(&app, &app.stripe, day, Duration::ZERO).await });
    soon(async {
        while !test.asked().iter().any(|asked| asked.starts_with("GET")) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let made = last(test.app()).await.expect("the database answers");
    assert_eq!(made, None, "it is under way");
    assert_eq!(test.daily().await, None, "another process makes it");
    soon(other.gateway.stop()).await;
    let outcome = broken_off.await.expect("it does not panic");
    assert_eq!(outcome.expect("the database answers"), None);
    test.sim.faults().clear();
    assert_eq!(test.daily().await, Some(Outcome::Drift));
}

/// An account whose clock is the machine's, as the program's is.
async fn of_today() -> TestApp {
    let (now, clock) = (Clock::system().unix() - 5 * DAY, ClockMode::Wall);
    let sim = Sim::new(Options { now, clock, ..Options::default() });
    sim.listen(anywhere()).await.expect("a port is free");
    let issuer = Issuer::with_seed([7; 32]);
    issuer.listen(anywhere()).await.expect("a port is free");
    TestApp::over(TestDatabase::create(), sim, issuer, |_| {}).await
}

#[tokio::test]
async fn the_command_ends_with_0_3_or_4() {
    let test = of_today().await;
    test.connect_webhooks(ENDIVE);
    let customer = test.at_stripe("/v1/customers", "name=Ada").await;
    test.price(MONTHLY).await;
    test.sim.advance(5 * DAY);
    test.deliver().await;
    test.sim.advance(60);
    let base = test.sim.base_url();
    let verify = async |arguments: &[&str], key: &str| {
        let settings =
            [("STRIPE_SECRET_KEY", key), ("STRIPE_API_BASE", base.as_str()), ("STRIPE_RATE_LIMIT", "1000")];
        let ended = run(billgraph(&test.database, &[&["verify"], arguments].concat(), &settings), "").await;
        (ended.status.code(), text(&ended.stdout).to_owned(), text(&ended.stderr).to_owned())
    };
    let key = "sk_test_sim";
    let (code, out, told) = verify(&[], key).await;
    assert_eq!(code, Some(0), "{out}{told}");
    assert!(out.contains("customer\t1 compared\t0 missing\t0 surplus\t0 differing"), "{out}");
    test.damage("UPDATE customers SET name = 'x'").await;
    let (code, out, told) = verify(&["--object", "customer,product"], key).await;
    assert_eq!(code, Some(3), "{out}{told}");
    assert!(out.starts_with(&format!("customer\t{customer}\tdiffers: name\n")), "{out}");
    assert!(told.contains("1 of 2 objects differ from Stripe; 0 were repaired."), "{told}");
    let (code, out, _) = verify(&["--object", "customer", "--repair", "--json"], key).await;
    let report: Value = serde_json::from_str(&out).expect("one JSON object");
    assert_eq!(
        (code, &report["outcome"], &report["repaired"]),
        (Some(3), &json!("drift"), &json!(1)),
        "{out}"
    );
    let drift = json!({ "object": "customer", "id": customer, "kind": "differs", "fields": ["name"], "repaired": true });
    assert_eq!(report["objects"][0]["drift"], json!([drift]));
    assert_eq!(verify(&[], key).await.0, Some(0));
    let (code, out, told) = verify(&["--sample", "5"], key).await;
    assert_eq!(code, Some(0), "{out}{told}");
    assert!(out.contains("customer\t"), "{out}");
    let (code, out, told) = verify(&["--object", "customer"], "sk_test_hunter2").await;
    assert_eq!(code, Some(4), "{out}{told}");
    assert!(!format!("{out}{told}").contains("hunter2"));
    assert_eq!(verify(&[], "").await.0, Some(2));
    test.damage("DELETE FROM customers").await;
    let (code, out, told) = verify(&["--object", "tax_id"], key).await;
    assert_eq!(code, Some(3), "{out}{told}");
    assert!(
        out.starts_with(&format!("customer\t{customer}\tis missing\n")),
        "their lists are unknown: {out}"
    );
}
