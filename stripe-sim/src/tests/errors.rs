//! Requests that are refused as Stripe refuses them.

use super::caller::Caller;

fn error(status: u16, code: &str, param: &str) -> (u16, String, String) {
    (status, code.to_owned(), param.to_owned())
}

#[tokio::test]
async fn a_key_is_needed_as_bearer_token_or_as_basic_user() {
    let caller = Caller::new().await;
    let status = async |value: &str| {
        let answered = caller.send("GET", "/v1/customers", "", &[("authorization", value)]).await;
        answered.expect("the simulation answers").status
    };
    assert_eq!(status("").await, 401);
    assert_eq!(status("Bearer sk_test_other").await, 401);
    assert_eq!(status("Bearer sk_test_sim").await, 200);
    assert_eq!(status("Basic c2tfdGVzdF9zaW06").await, 200);
}

#[tokio::test]
async fn what_does_not_exist_is_named_with_its_parameter() {
    let caller = Caller::new().await;
    let missing = caller.get("/v1/customers/cus_none").await;
    assert_eq!(missing.error(), error(404, "resource_missing", "id"));
    assert_eq!(missing.json()["error"]["message"], "No such customer: 'cus_none'");
    let missing = caller.get("/v1/balance_transactions/txn_none").await;
    assert_eq!(missing.error(), error(404, "resource_missing", "id"));
    let (customer, _) = caller.shop().await;
    let body = format!("customer={customer}&items[0][price]=price_none");
    let answered = caller.post("/v1/subscriptions", &body).await;
    assert_eq!(answered.error(), error(400, "resource_missing", "items[0][price]"));
    let answered = caller.post("/v1/subscriptions", "items[0][price]=price_none").await;
    assert_eq!(answered.error(), error(400, "parameter_missing", "customer"));
}

#[tokio::test]
async fn unknown_parameters_paths_and_versions_are_refused() {
    let caller = Caller::new().await;
    let answered = caller.post("/v1/customers", "emial=x").await;
    assert_eq!(answered.error(), error(400, "parameter_unknown", "emial"));
    assert_eq!(caller.get("/v1/unknown").await.status, 404);
    let headers = [("stripe-version", "latest")];
    let answered = caller.send("GET", "/v1/customers", "", &headers).await.expect("the simulation answers");
    assert_eq!(answered.status, 400);
    let session = "mode=payment&payment_method_types[0]=card&success_url=x";
    let answered = caller.post("/v1/checkout/sessions", session).await;
    assert_eq!(answered.error(), error(400, "parameter_unknown", "payment_method_types"));
}

#[tokio::test]
async fn a_deleted_customer_answers_that_it_is_deleted() {
    let caller = Caller::new().await;
    let id = caller.create("/v1/customers", "name=Customer 1").await;
    assert_eq!(caller.delete(&format!("/v1/customers/{id}")).await.json()["deleted"], true);
    let retrieved = caller.get(&format!("/v1/customers/{id}")).await;
    assert_eq!((retrieved.status, retrieved.json()["deleted"].clone()), (200, true.into()));
    assert_eq!(caller.post(&format!("/v1/customers/{id}"), "name=x").await.status, 404);
    assert_eq!(caller.sim.deleted("customer"), [id]);
    let event = caller.sim.events("2026-09-30.endive").pop().expect("the deletion is an event");
    assert_eq!(
        (&event["type"], &event["data"]["object"]["name"]),
        (&"customer.deleted".into(), &"Customer 1".into())
    );
}

#[tokio::test]
async fn answers_carry_the_virtual_date_and_the_version() {
    let caller = Caller::new().await;
    caller.sim.advance(61);
    let answered = caller.get("/v1/account").await;
    assert_eq!(answered.header("date"), "Thu, 01 Oct 2026 00:01:01 GMT");
    assert_eq!(answered.header("stripe-version"), "2026-09-30.endive");
    assert!(answered.header("request-id").starts_with("req_"));
}
