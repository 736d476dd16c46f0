//! One object that somebody waits for comes with what Stripe lists for it alone.

use billgraph::auth::Role;
use futures_util::future::join;
use serde_json::{Value, json};
use stripe_sim::Fault;

use crate::support::{
    ENDIVE, TestApp,
    process::{billgraph, run, text},
    socket::soon,
};

impl TestApp {
    /// `POST /sync/single/{id}`.
    async fn single(&self, admin: &str, id: &str) -> (u16, Value) {
        self.post(&format!("/sync/single/{id}"), admin, "").await
    }

    /// A customer with a tax id and a card; their ids.
    async fn customer_with_lists(&self) -> [String; 3] {
        let customer = self.at_stripe("/v1/customers", "name=Ada").await;
        let tax_ids = format!("/v1/customers/{customer}/tax_ids");
        let tax_id = self.at_stripe(&tax_ids, "type=eu_vat&value=DE100000000").await;
        let attach = format!("customer={customer}");
        let card = self.at_stripe("/v1/payment_methods/pm_card_visa/attach", &attach).await;
        [customer, tax_id, card]
    }

    async fn undeleted(&self, table: &str) -> Vec<String> {
        let rows = self.rows(&format!("SELECT id FROM {table} WHERE NOT deleted ORDER BY id")).await;
        rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
    }

    /// A subscription of so many items that an answer has only the first of them.
    async fn long_subscription(&self) -> String {
        let [customer, _, card] = self.customer_with_lists().await;
        let mut form = format!("customer={customer}&default_payment_method={card}");
        for item in 0..12 {
            let price = self.price("recurring[interval]=month").await;
            form = format!("{form}&items[{item}][price]={price}");
        }
        self.at_stripe("/v1/subscriptions", &form).await
    }
}

#[tokio::test]
async fn a_customer_comes_with_what_stripe_lists_for_each() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    let [customer, tax_id, card] = test.customer_with_lists().await;
    let [_, others_tax_id, _] = test.customer_with_lists().await;
    let (status, synced) = test.single(&admin, &customer).await;
    assert_eq!((status, &synced["companions"]), (200, &json!(2)), "{synced}");
    assert_eq!(test.undeleted("customers").await, [customer.as_str()]);
    let owned = "SELECT t.id AS tax_id, p.id AS card FROM tax_ids t JOIN payment_methods p \
                 ON p.customer = t.customer";
    assert_eq!(test.rows(owned).await, [json!({ "tax_id": tax_id, "card": card })]);
    assert_eq!(test.count("active_entitlement_summaries").await, 0, "nothing is made of nothing");
    let (status, again) = test.single(&admin, &customer).await;
    assert_eq!((status, &again["companions"]), (200, &json!(0)), "each is known by now");
    assert_eq!(test.single(&admin, &tax_id).await.0, 200, "it is known whose it is");
    let (status, answer) = test.single(&admin, &others_tax_id).await;
    assert_eq!((status, &answer["code"]), (400, &json!("INVALID")), "{answer}");
    assert!(answer["message"].as_str().is_some_and(|told| told.contains("ask for the customer")), "{answer}");
}

#[tokio::test]
async fn a_long_list_of_a_customers_comes_to_its_end() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    let customer = test.at_stripe("/v1/customers", "name=Ada").await;
    let path = format!("/v1/customers/{customer}/tax_ids");
    for number in 0..105 {
        test.at_stripe(&path, &format!("type=eu_vat&value=DE{}", 100_000_000 + number)).await;
    }
    let (_, synced) = test.single(&admin, &customer).await;
    assert_eq!((&synced["companions"], test.count("tax_ids").await), (&json!(105), 105));
}

#[tokio::test]
async fn a_product_comes_with_its_features_and_a_customer_with_what_these_give() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    let product = test.at_stripe("/v1/products", "name=Team").await;
    let feature = test.at_stripe("/v1/entitlements/features", "name=Chat&lookup_key=chat").await;
    let path = format!("/v1/products/{product}/features");
    let attached = test.at_stripe(&path, &format!("entitlement_feature={feature}")).await;
    let (status, answer) = test.single(&admin, &attached).await;
    assert_eq!((status, &answer["code"]), (400, &json!("INVALID")), "{answer}");
    assert!(answer["message"].as_str().is_some_and(|told| told.contains("ask for the product")), "{answer}");
    let (status, synced) = test.single(&admin, &product).await;
    assert_eq!((status, &synced["companions"]), (200, &json!(1)), "{synced}");
    let held = test.rows("SELECT id, product FROM product_features").await;
    assert_eq!(held, [json!({ "id": attached, "product": product })]);
    assert_eq!(test.single(&admin, &attached).await.0, 200, "it is known whose it is");

    let price = format!("product={product}&currency=usd&unit_amount=100&recurring[interval]=month");
    let price = test.at_stripe("/v1/prices", &price).await;
    let [customer, _, card] = test.customer_with_lists().await;
    let form = format!("customer={customer}&default_payment_method={card}&items[0][price]={price}");
    test.at_stripe("/v1/subscriptions", &form).await;
    let (status, synced) = test.single(&admin, &customer).await;
    assert_eq!((status, &synced["companions"]), (200, &json!(3)), "{synced}");
    let entitled = test.rows("SELECT customer, lookup_key FROM active_entitlements").await;
    assert_eq!(entitled, [json!({ "customer": customer, "lookup_key": "chat" })]);
}

#[tokio::test]
async fn what_the_key_may_not_list_keeps_nothing_else_away() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    let [customer, tax_id, card] = test.customer_with_lists().await;
    test.sim.faults().always_on(&format!("/v1/customers/{customer}/tax_ids"), Fault::Forbidden);
    let (status, synced) = test.single(&admin, &customer).await;
    assert_eq!((status, &synced["companions"]), (200, &json!(1)), "{synced}");
    assert_eq!((test.count("tax_ids").await, test.undeleted("payment_methods").await), (0, vec![card]));
    test.sim.faults().clear();
    test.single(&admin, &customer).await;
    assert_eq!(test.undeleted("tax_ids").await, [tax_id]);
}

#[tokio::test]
async fn whoever_asks_again_within_the_second_waits_for_the_next() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    let id = test.long_subscription().await;
    let (status, synced) = test.single(&admin, &id).await;
    assert_eq!((status, test.count("subscription_items").await), (200, 12), "{synced}");
    let lists = || test.asked().iter().filter(|asked| *asked == "GET /v1/subscription_items").count();
    let before = lists();
    let passing = soon(async {
        while lists() == before {
            tokio::task::yield_now().await;
        }
        test.sim.advance(1);
    });
    let ((status, synced), ()) = join(test.single(&admin, &id), passing).await;
    assert_eq!((status, &synced["deleted"], lists() - before), (200, &json!(false), 2), "{synced}");
    // A clock that stands still is not waited for.
    let (status, answer) = test.single(&admin, &id).await;
    assert_eq!((status, &answer["code"], lists() - before), (503, &json!("UNAVAILABLE"), 4), "{answer}");
}

#[tokio::test]
async fn the_command_tells_what_became_of_each() {
    let test = TestApp::start().await;
    let [customer, ..] = test.customer_with_lists().await;
    let [gone, ..] = test.customer_with_lists().await;
    test.delete_at_stripe(&format!("/v1/customers/{gone}")).await;
    let base = test.sim.base_url();
    let sync = async |ids: &[&str], key: &str| {
        let settings =
            [("STRIPE_SECRET_KEY", key), ("STRIPE_API_BASE", base.as_str()), ("STRIPE_RATE_LIMIT", "1000")];
        let ended = run(billgraph(&test.database, &[&["sync"], ids].concat(), &settings), "").await;
        (ended.status.code(), text(&ended.stdout).to_owned(), text(&ended.stderr).to_owned())
    };
    let (code, out, told) = sync(&[&customer, &gone], "sk_test_sim").await;
    let expected =
        format!("{customer}\tcustomer\twritten, with 2 others\n{gone}\tcustomer\tdeleted at Stripe\n");
    assert_eq!((code, out), (Some(0), expected), "{told}");
    let deleted = test.rows("SELECT id FROM customers WHERE deleted").await;
    assert_eq!(deleted, [json!({ "id": gone })]);
    assert_eq!((test.count("tax_ids").await, test.count("payment_methods").await), (1, 1));

    let (code, out, told) = sync(&["txi_unknown", &customer, "hunter2 \u{1b}[2J"], "sk_test_sim").await;
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!((code, lines.len()), (Some(1), 3), "{out}{told}");
    assert!(
        lines[0].starts_with("txi_unknown\tfailed: ") && lines[0].contains("ask for the customer"),
        "{out}"
    );
    assert_eq!(lines[1], format!("{customer}\tcustomer\twritten, with 0 others"));
    assert!(lines[2].contains("\tfailed: ") && !out.contains('\u{1b}'), "{out}");
    assert!(told.contains("2 objects were not written."), "{told}");

    let (code, out, told) = sync(&[&customer], "sk_test_hunter2").await;
    assert_eq!((code, out.contains("\tfailed: ")), (Some(1), true), "{out}{told}");
    assert!(!format!("{out}{told}").contains("sk_test_hunter2"), "{out}{told}");
    assert_eq!(sync(&[&customer], "").await.0, Some(2));
}

#[tokio::test]
async fn a_customer_that_events_told_of_is_written_over_by_nothing_older() {
    let test = TestApp::start().await;
    let admin = test.service(Role::Admin).await;
    test.connect_webhooks(ENDIVE);
    let [customer, tax_id, _] = test.customer_with_lists().await;
    test.deliver().await;
    test.delete_at_stripe(&format!("/v1/customers/{customer}/tax_ids/{tax_id}")).await;
    test.sim.advance(60);
    let asking = test.single(&admin, &customer).await;
    assert_eq!((asking.0, &asking.1["companions"]), (200, &json!(0)));
    test.deliver().await;
    assert_eq!(test.undeleted("tax_ids").await, [] as [&str; 0]);
}
