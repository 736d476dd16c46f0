//! Objects that embed more than they show.

use serde_json::Value;

use super::caller::Caller;

const VERSIONS: [&str; 5] =
    ["2024-11-20.acacia", "2025-08-27.basil", "2025-09-30.clover", "2026-03-25.dahlia", "2026-09-30.endive"];

fn ids(list: &Value) -> Vec<String> {
    let data = list["data"].as_array().into_iter().flatten();
    data.filter_map(|value| value["id"].as_str()).map(str::to_owned).collect()
}

/// Everything that a list has, page by page.
async fn all(caller: &Caller, path: &str) -> Vec<String> {
    let (mut found, mut after): (Vec<String>, String) = (Vec::new(), String::new());
    loop {
        let page = caller.get(&format!("{path}limit=100{after}")).await.json();
        found.extend(ids(&page));
        if page["has_more"] != true {
            return found;
        }
        after = format!("&starting_after={}", found.last().expect("a page that goes on has objects"));
    }
}

fn shows_the_first_page(list: &Value, whole: &[String], url: &str) {
    assert_eq!((ids(list), &list["has_more"]), (whole[..10].to_vec(), &true.into()));
    assert_eq!((&list["url"], &list["object"]), (&url.into(), &"list".into()));
    assert!(list.get("total_count").is_none());
}

#[tokio::test]
async fn a_subscription_of_25_items_has_an_invoice_of_25_lines() {
    let caller = Caller::new().await;
    let (customer, price) = caller.shop().await;
    let product = caller.get(&format!("/v1/prices/{price}")).await.json()["product"].clone();
    let product = product.as_str().expect("a price names its product");
    let mut body = format!("customer={customer}");
    for item in 0..25 {
        let new = format!("product={product}&currency=usd&unit_amount={item}00&recurring[interval]=month");
        let price = caller.create("/v1/prices", &new).await;
        body = format!("{body}&items[{item}][price]={price}");
    }
    let subscription = caller.create("/v1/subscriptions", &body).await;
    let items = all(&caller, &format!("/v1/subscription_items?subscription={subscription}&")).await;
    let url = format!("/v1/subscription_items?subscription={subscription}");
    assert_eq!(items.len(), 25);
    for version in VERSIONS {
        let events = caller.sim.events(version);
        let created = events.iter().find(|event| event["type"] == "customer.subscription.created");
        let told = &created.expect("the subscription was told of")["data"]["object"];
        shows_the_first_page(&told["items"], &items, &url);
        let objects = caller.sim.objects("subscription", version);
        assert_eq!(
            (ids(&objects[0]["items"]), &objects[0]["items"]["has_more"]),
            (items.clone(), &false.into())
        );
        let embedded_plan = &told["items"]["data"][9]["plan"];
        assert_eq!(embedded_plan.get("aggregate_usage").is_some(), version.starts_with("2024"));
    }
    let invoice = caller.sim.objects("invoice", VERSIONS[4]).remove(0);
    assert_eq!((ids(&invoice["lines"]).len(), &invoice["total"]), (25, &30_000.into()));
}

#[tokio::test]
async fn an_invoice_of_250_lines_is_paged_through() {
    let caller = Caller::new().await;
    let (customer, _) = caller.shop().await;
    for number in 0..250 {
        let body = format!("customer={customer}&currency=usd&amount=1{number:02}&metadata[number]={number}");
        caller.create("/v1/invoiceitems", &body).await;
    }
    let body = format!("customer={customer}&pending_invoice_items_behavior=include");
    let invoice = caller.create("/v1/invoices", &body).await;
    let lines = all(&caller, &format!("/v1/invoices/{invoice}/lines?")).await;
    assert_eq!(lines.len(), 250);
    let finalized = caller.post(&format!("/v1/invoices/{invoice}/finalize"), "").await.json();
    shows_the_first_page(&finalized["lines"], &lines, &format!("/v1/invoices/{invoice}/lines"));
    assert_eq!(caller.post(&format!("/v1/invoices/{invoice}/pay"), "").await.json()["status"], "paid");
    for version in VERSIONS {
        let events = caller.sim.events(version);
        let told = events.iter().filter(|event| event["data"]["object"]["object"] == "invoice");
        assert_eq!(told.map(|event| ids(&event["data"]["object"]["lines"]).len()).max(), Some(10));
        assert_eq!(ids(&caller.sim.objects("invoice", version)[0]["lines"]), lines);
    }
    let older = caller.sim.objects("invoice", VERSIONS[0]).remove(0);
    let line = &older["lines"]["data"][249];
    assert_eq!((&line["type"], &line["price"]), (&"invoiceitem".into(), &Value::Null));
    let item = line["invoice_item"].as_str().expect("a line names its item");
    assert_eq!(caller.get(&format!("/v1/invoiceitems/{item}")).await.json()["invoice"], *invoice);
    assert_eq!(caller.delete(&format!("/v1/invoiceitems/{item}")).await.status, 400);
}

#[tokio::test]
async fn the_items_of_a_checkout_session_are_paged_through() {
    let caller = Caller::new().await;
    let product = caller.create("/v1/products", "name=Pack").await;
    let price = format!("product={product}&currency=usd&unit_amount=100");
    let price = caller.create("/v1/prices", &price).await;
    let mut body = "mode=payment&success_url=https://example.com/&expand[]=line_items".to_owned();
    for item in 0..15 {
        body = format!("{body}&line_items[{item}][price]={price}");
    }
    let session = caller.post("/v1/checkout/sessions", &body).await.json();
    let path = format!("/v1/checkout/sessions/{}/line_items", session["id"].as_str().expect("it has an id"));
    let whole = all(&caller, &format!("{path}?")).await;
    assert_eq!(whole.len(), 15);
    shows_the_first_page(&session["line_items"], &whole, &path);
    let rest = caller.get(&format!("{path}?limit=4&starting_after={}", whole[9])).await.json();
    assert_eq!((ids(&rest), &rest["has_more"]), (whole[10..14].to_vec(), &true.into()));
}

#[tokio::test]
async fn a_draft_changes_with_its_items_and_can_be_deleted() {
    let caller = Caller::new().await;
    let (customer, price) = caller.shop().await;
    let draft = caller.create("/v1/invoices", &format!("customer={customer}")).await;
    let item = format!("customer={customer}&invoice={draft}&pricing[price]={price}&quantity=2");
    let item = caller.create("/v1/invoiceitems", &item).await;
    let path = format!("/v1/invoices/{draft}");
    assert_eq!(caller.get(&path).await.json()["total"], 5_800);
    let older = caller.sim.objects("invoiceitem", VERSIONS[0]).remove(0);
    assert_eq!((&older["price"]["id"], &older["unit_amount"]), (&price.as_str().into(), &2_900.into()));
    assert!(older.get("pricing").is_none() && older.get("net_amount").is_none());
    caller.delete(&format!("/v1/invoiceitems/{item}")).await;
    assert_eq!(caller.get(&path).await.json()["total"], 0);
    let last = format!("customer={customer}&invoice={draft}&amount=500&currency=usd");
    let last = caller.create("/v1/invoiceitems", &last).await;
    assert_eq!(caller.delete(&path).await.json()["deleted"], true);
    let (invoices, items) = (caller.sim.deleted("invoice"), caller.sim.deleted("invoiceitem"));
    assert_eq!((invoices, items), (vec![draft], vec![item, last]));
    let kinds: Vec<Value> =
        caller.sim.events(VERSIONS[4]).iter().map(|event| event["type"].clone()).collect();
    assert!(kinds.ends_with(&["invoice.deleted".into(), "invoiceitem.deleted".into()]));
}
