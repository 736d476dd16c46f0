//! Objects in the shape of each API version.

use serde_json::Value;

use super::caller::Caller;

const ACACIA: &str = "2024-11-20.acacia";
const BASIL: &str = "2025-08-27.basil";
const CLOVER: &str = "2025-09-30.clover";
const ENDIVE: &str = "2026-09-30.endive";

async fn subscribed() -> Caller {
    let caller = Caller::new().await;
    let (customer, price) = caller.shop().await;
    caller.create("/v1/coupons", "id=HALF&percent_off=50&duration=forever").await;
    let body = format!("customer={customer}&items[0][price]={price}&discounts[0][coupon]=HALF");
    caller.create("/v1/subscriptions", &body).await;
    caller
}

fn only(caller: &Caller, object: &str, version: &str) -> Value {
    let mut objects = caller.sim.objects(object, version);
    assert_eq!(objects.len(), 1);
    objects.remove(0)
}

#[tokio::test]
async fn a_subscription_had_the_period_before_basil() {
    let caller = subscribed().await;
    let (old, new) = (only(&caller, "subscription", ACACIA), only(&caller, "subscription", ENDIVE));
    let item = &new["items"]["data"][0];
    assert_eq!(old["current_period_end"], item["current_period_end"]);
    assert!(old["items"]["data"][0].get("current_period_end").is_none());
    assert!(new.get("current_period_end").is_none());
    assert_eq!(old["discount"]["coupon"]["id"], "HALF");
    assert!(old.get("billing_mode").is_none() && old.get("_hidden").is_none());
}

#[tokio::test]
async fn an_invoice_named_its_payment_before_basil() {
    let caller = subscribed().await;
    let (old, new) = (only(&caller, "invoice", ACACIA), only(&caller, "invoice", ENDIVE));
    let intent = only(&caller, "payment_intent", ACACIA);
    assert_eq!((&old["payment_intent"], &old["paid"]), (&intent["id"], &true.into()));
    assert_eq!((&old["charge"], &intent["invoice"]), (&intent["latest_charge"], &old["id"]));
    assert_eq!(old["subscription"], new["parent"]["subscription_details"]["subscription"]);
    let absent = ["payment_intent", "paid", "charge", "subscription", "tax", "quote"];
    assert!(absent.iter().all(|field| new.get(*field).is_none()));
    let (old_line, new_line) = (&old["lines"]["data"][0], &new["lines"]["data"][0]);
    assert_eq!(old_line["price"]["id"], new_line["pricing"]["price_details"]["price"]);
    assert_eq!((&old_line["type"], &old_line["plan"]["object"]), (&"subscription".into(), &"plan".into()));
    assert_eq!((&new["subtotal"], &new["total"]), (&2_900.into(), &1_450.into()));
}

#[tokio::test]
async fn a_discount_embedded_its_coupon_before_clover() {
    let caller = subscribed().await;
    assert_eq!(only(&caller, "discount", BASIL)["coupon"]["percent_off"], 50);
    let newer = only(&caller, "discount", CLOVER);
    assert_eq!((&newer["source"]["coupon"], newer.get("coupon")), (&"HALF".into(), None));
}

#[tokio::test]
async fn a_request_names_its_version() {
    let caller = Caller::new().await;
    let body = "mode=setup&ui_mode=embedded&return_url=https://example.com/";
    let old = [("stripe-version", BASIL)];
    let session = caller.send("POST", "/v1/checkout/sessions", body, &old).await.expect("it answers").json();
    assert_eq!(session["ui_mode"], "embedded");
    assert!(session["client_secret"].is_string());
    let path = format!("/v1/checkout/sessions/{}", session["id"].as_str().expect("it has an id"));
    assert_eq!(caller.get(&path).await.json()["ui_mode"], "embedded_page");
    assert_eq!(caller.post("/v1/checkout/sessions", body).await.status, 400);
}

#[tokio::test]
async fn invoice_payments_are_told_since_may_2025_only() {
    let caller = subscribed().await;
    let told = |version: &str| {
        let events = caller.sim.events(version);
        events.iter().filter(|event| event["type"] == "invoice_payment.paid").count()
    };
    assert_eq!((told("2025-03-31.basil"), told("2025-05-28.basil")), (0, 1));
}
