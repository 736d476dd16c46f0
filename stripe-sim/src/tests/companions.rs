//! Objects that accompany others: plans, promotion codes, tax ids and entitlements.

use serde_json::Value;

use super::caller::Caller;
use crate::Options;

const ACACIA: &str = "2024-11-20.acacia";
const ENDIVE: &str = "2026-09-30.endive";

/// The events of a type, as an endpoint of this version gets them.
fn told(caller: &Caller, kind: &str, version: &str) -> Vec<Value> {
    caller.sim.events(version).into_iter().filter(|event| event["type"] == kind).collect()
}

#[tokio::test]
async fn a_recurring_price_is_a_plan_too() {
    let caller = Caller::new().await;
    let (_, price) = caller.shop().await;
    caller.create(&format!("/v1/prices/{price}"), "active=false").await;
    let plan = caller.get(&format!("/v1/plans/{price}")).await.json();
    assert_eq!(
        (&plan["object"], &plan["active"], &plan["amount"]),
        (&"plan".into(), &false.into(), &2_900.into())
    );
    let updated = &told(&caller, "plan.updated", ENDIVE)[0]["data"];
    assert_eq!((&updated["previous_attributes"]["active"], &updated["object"]), (&true.into(), &plan));
    assert_eq!(caller.delete(&format!("/v1/plans/{price}")).await.json()["deleted"], true);
    assert_eq!((caller.sim.deleted("plan"), caller.sim.deleted("price")), (vec![price.clone()], vec![price]));
    assert_eq!(told(&caller, "price.deleted", ENDIVE).len(), 1);
}

#[tokio::test]
async fn a_promotion_code_embedded_its_coupon_before_clover() {
    let caller = Caller::new().await;
    caller.create("/v1/coupons", "id=HALF&percent_off=50&duration=forever").await;
    let body = "promotion[type]=coupon&promotion[coupon]=HALF&code=FALL20";
    let id = caller.create("/v1/promotion_codes", body).await;
    caller.create(&format!("/v1/promotion_codes/{id}"), "active=false").await;
    let new = &told(&caller, "promotion_code.updated", ENDIVE)[0]["data"]["object"];
    assert_eq!(
        (&new["promotion"]["coupon"], &new["active"], new.get("coupon")),
        (&"HALF".into(), &false.into(), None)
    );
    let old = &told(&caller, "promotion_code.created", "2025-08-27.basil")[0]["data"]["object"];
    assert_eq!((&old["coupon"]["percent_off"], old.get("promotion")), (&50.into(), None));
    let listed = caller.get("/v1/promotion_codes?code=FALL20&active=false").await.json();
    assert_eq!(listed["data"][0]["id"], id);
}

#[tokio::test]
async fn a_customer_gives_a_tax_id_and_takes_it_back() {
    let caller = Caller::new().await;
    let customer = caller.create("/v1/customers", "name=Customer 1").await;
    let path = format!("/v1/customers/{customer}/tax_ids");
    let id = caller.create(&path, "type=eu_vat&value=DE123456789").await;
    let listed = caller.get(&path).await.json();
    assert_eq!(
        (&listed["data"][0]["id"], &listed["data"][0]["country"]),
        (&id.as_str().into(), &"DE".into())
    );
    assert_eq!(caller.get(&format!("{path}/{id}")).await.json(), listed["data"][0]);
    caller.delete(&format!("{path}/{id}")).await;
    assert_eq!(told(&caller, "customer.tax_id.deleted", ENDIVE)[0]["data"]["object"], listed["data"][0]);
}

/// A customer who subscribes to a product of this many features.
async fn entitled(caller: &Caller, features: usize) -> (String, String) {
    let (customer, price) = caller.shop().await;
    let product = caller.get(&format!("/v1/prices/{price}")).await.json()["product"].clone();
    let product = product.as_str().expect("a price names its product");
    for number in 0..features {
        let body = format!("lookup_key=feature_{number}&name=Feature {number}");
        let feature = caller.create("/v1/entitlements/features", &body).await;
        let path = format!("/v1/products/{product}/features");
        caller.create(&path, &format!("entitlement_feature={feature}")).await;
    }
    let body = format!("customer={customer}&items[0][price]={price}");
    (customer, caller.create("/v1/subscriptions", &body).await)
}

#[tokio::test]
async fn a_subscription_entitles_to_the_features_of_its_product() {
    let caller = Caller::new().await;
    let (customer, subscription) = entitled(&caller, 12).await;
    let kind = "entitlements.active_entitlement_summary.updated";
    for version in [ACACIA, ENDIVE] {
        let summaries = told(&caller, kind, version);
        assert_eq!(summaries.len(), 1);
        let summary = &summaries[0]["data"]["object"];
        assert_eq!((summary.get("id"), &summary["customer"]), (None, &customer.as_str().into()));
        let list = &summary["entitlements"];
        assert_eq!((list["data"].as_array().map(Vec::len), &list["has_more"]), (Some(10), &true.into()));
        assert_eq!(summaries[0]["data"]["previous_attributes"]["entitlements"]["data"], Value::Array(vec![]));
    }
    let path = format!("/v1/entitlements/active_entitlements?customer={customer}");
    let active = caller.get(&format!("{path}&limit=100")).await.json();
    assert_eq!(active["data"].as_array().map(Vec::len), Some(12));
    assert_eq!(caller.sim.objects("entitlements.active_entitlement", ENDIVE).len(), 12);
    caller.delete(&format!("/v1/subscriptions/{subscription}")).await;
    let last = &told(&caller, kind, ENDIVE)[1]["data"]["object"];
    assert_eq!(last["entitlements"]["data"], Value::Array(vec![]));
    assert!(caller.sim.objects("entitlements.active_entitlement", ENDIVE).is_empty());
}

#[tokio::test]
async fn a_summary_in_live_mode_says_so() {
    let caller = Caller::of(Options::live()).await;
    entitled(&caller, 1).await;
    let summary =
        &told(&caller, "entitlements.active_entitlement_summary.updated", ENDIVE)[0]["data"]["object"];
    assert_eq!(
        (&summary["livemode"], &summary["entitlements"]["data"][0]["livemode"]),
        (&true.into(), &true.into())
    );
}
