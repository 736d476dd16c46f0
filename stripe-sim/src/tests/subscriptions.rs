//! Subscriptions over time.

use serde_json::Value;

use super::caller::Caller;

const DAY: i64 = 86_400;
const ENDIVE: &str = "2026-09-30.endive";

async fn subscribe(caller: &Caller, more: &str) -> (String, String) {
    let (customer, price) = caller.shop().await;
    let body = format!("customer={customer}&items[0][price]={price}{more}");
    (customer, caller.create("/v1/subscriptions", &body).await)
}

async fn status(caller: &Caller, id: &str) -> Value {
    caller.get(&format!("/v1/subscriptions/{id}")).await.json()["status"].clone()
}

fn kinds(caller: &Caller, since: usize) -> Vec<String> {
    let events = caller.sim.events(ENDIVE);
    events[since..].iter().filter_map(|event| event["type"].as_str()).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_first_payment_comes_in_stripes_order() {
    let caller = Caller::new().await;
    let (customer, price) = caller.shop().await;
    let before = caller.sim.events(ENDIVE).len();
    caller.create("/v1/subscriptions", &format!("customer={customer}&items[0][price]={price}")).await;
    let expected = [
        "customer.subscription.created",
        "invoice.created",
        "customer.updated",
        "payment_intent.created",
        "invoice.finalized",
        "charge.succeeded",
        "payment_intent.succeeded",
        "charge.updated",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
        "customer.subscription.updated",
    ];
    assert_eq!(kinds(&caller, before), expected);
}

#[tokio::test]
async fn a_subscription_renews_each_month() {
    let caller = Caller::new().await;
    let (_, id) = subscribe(&caller, "").await;
    caller.sim.advance(62 * DAY);
    assert_eq!(status(&caller, &id).await, "active");
    let invoices = caller.sim.objects("invoice", ENDIVE);
    assert_eq!(invoices.iter().filter(|invoice| invoice["status"] == "paid").count(), 3);
}

#[tokio::test]
async fn a_trial_is_announced_and_then_paid() {
    let caller = Caller::new().await;
    let (_, id) = subscribe(&caller, "&trial_period_days=14").await;
    assert_eq!(status(&caller, &id).await, "trialing");
    let before = caller.sim.events(ENDIVE).len();
    caller.sim.advance(12 * DAY);
    assert_eq!(kinds(&caller, before), ["customer.subscription.trial_will_end"]);
    caller.sim.advance(3 * DAY);
    assert_eq!(status(&caller, &id).await, "active");
}

#[tokio::test]
async fn a_failing_card_leads_to_arrears_and_to_the_end() {
    let caller = Caller::new().await;
    let (customer, id) = subscribe(&caller, "").await;
    let attach = format!("customer={customer}");
    let bad = caller.create("/v1/payment_methods/pm_card_chargeCustomerFail/attach", &attach).await;
    caller.create(&format!("/v1/subscriptions/{id}"), &format!("default_payment_method={bad}")).await;
    caller.sim.advance(32 * DAY);
    assert_eq!(status(&caller, &id).await, "past_due");
    assert_eq!(caller.get(&format!("/v1/customers/{customer}")).await.json()["delinquent"], true);
    caller.sim.advance(20 * DAY);
    assert_eq!(status(&caller, &id).await, "canceled");
}

#[tokio::test]
async fn a_cancellation_waits_for_the_period_or_does_not() {
    let caller = Caller::new().await;
    let (_, id) = subscribe(&caller, "").await;
    let path = format!("/v1/subscriptions/{id}");
    let waiting = caller.post(&path, "cancel_at_period_end=true").await.json();
    assert_eq!(waiting["cancel_at"], waiting["items"]["data"][0]["current_period_end"]);
    caller.create(&path, "cancel_at_period_end=false").await;
    assert_eq!(caller.delete(&path).await.json()["status"], "canceled");
    assert_eq!(caller.delete(&path).await.status, 404);
    assert_eq!(caller.get("/v1/subscriptions").await.json()["data"], Value::Array(Vec::new()));
}

#[tokio::test]
async fn a_trial_without_a_card_can_end_in_a_pause() {
    let caller = Caller::new().await;
    let (_, price) = caller.shop().await;
    let customer = caller.create("/v1/customers", "").await;
    let body = format!(
        "customer={customer}&items[0][price]={price}&trial_period_days=7\
         &trial_settings[end_behavior][missing_payment_method]=pause"
    );
    let id = caller.create("/v1/subscriptions", &body).await;
    caller.sim.advance(8 * DAY);
    assert_eq!(status(&caller, &id).await, "paused");
    caller.create(&format!("/v1/subscriptions/{id}/resume"), "").await;
    assert_eq!(status(&caller, &id).await, "active");
}

#[tokio::test]
async fn an_upgrade_is_prorated() {
    let caller = Caller::new().await;
    let (_, id) = subscribe(&caller, "").await;
    let subscription = caller.get(&format!("/v1/subscriptions/{id}")).await.json();
    let item = &subscription["items"]["data"][0];
    let (item_id, product) = (item["id"].as_str(), item["price"]["product"].as_str());
    let (item_id, product) = (item_id.expect("it has an id"), product.expect("it has a product"));
    let new = format!("product={product}&currency=usd&unit_amount=9900&recurring[interval]=month");
    let price = caller.create("/v1/prices", &new).await;
    caller.sim.advance(10 * DAY);
    let body = format!("items[0][id]={item_id}&items[0][price]={price}&proration_behavior=always_invoice");
    let body = format!("{body}&expand[]=latest_invoice");
    let updated = caller.post(&format!("/v1/subscriptions/{id}"), &body).await.json();
    let invoice = &updated["latest_invoice"];
    assert_eq!(
        (&invoice["billing_reason"], &invoice["status"]),
        (&"subscription_update".into(), &"paid".into())
    );
    assert_eq!(invoice["lines"]["data"].as_array().map(Vec::len), Some(2));
    assert!(invoice["total"].as_i64().is_some_and(|total| (4_000..7_000).contains(&total)));
}

#[tokio::test]
async fn a_payment_can_wait_for_authentication() {
    let caller = Caller::new().await;
    let (_, price) = caller.shop().await;
    let customer = caller.create("/v1/customers", "").await;
    let attach = format!("customer={customer}");
    let card = caller.create("/v1/payment_methods/pm_card_authenticationRequired/attach", &attach).await;
    let body = format!("customer={customer}&items[0][price]={price}&default_payment_method={card}");
    let id = caller.create("/v1/subscriptions", &body).await;
    assert_eq!(status(&caller, &id).await, "incomplete");
    let intent =
        caller.get(&format!("/v1/payment_intents?customer={customer}")).await.json()["data"][0].clone();
    assert_eq!(intent["status"], "requires_action");
    let intent = intent["id"].as_str().expect("an intent has an id");
    caller.create(&format!("/v1/payment_intents/{intent}/confirm"), "").await;
    assert_eq!(status(&caller, &id).await, "active");
}
