//! Objects by their ids, and the time of an answer.

use chrono::DateTime;

use super::caller::Caller;
use crate::resources::paths::PATHS;

#[tokio::test]
async fn every_object_is_found_by_its_id() {
    let caller = Caller::new().await;
    caller.sim.generate(800);
    let setup = "mode=setup&success_url=https://example.com/";
    let setup = caller.post("/v1/checkout/sessions", setup).await.json();
    let page =
        setup["url"].as_str().expect("a hosted session has a page").replace(&caller.sim.base_url(), "");
    caller.send("POST", &page, "action=pay", &[]).await.expect("the page answers");
    let (customer, _) = caller.shop().await;
    caller.create("/v1/invoiceitems", &format!("customer={customer}&amount=1&currency=usd")).await;
    for (object, path) in PATHS {
        let known = caller.sim.objects(object, "2026-09-30.endive");
        let id = known.last().and_then(|value| value["id"].as_str()).expect("the history has all types");
        let found = caller.get(&format!("{path}/{id}")).await;
        assert_eq!((found.status, &found.json()), (200, &known[known.len() - 1]), "a {object}");
        let lost = caller.get(&format!("{path}/none")).await;
        assert_eq!((lost.error().0, lost.error().1.as_str()), (404, "resource_missing"), "no {object}");
    }
}

#[tokio::test]
async fn what_is_deleted_says_so() {
    let caller = Caller::new().await;
    let customer = caller.create("/v1/customers", "name=Customer 1").await;
    let product = caller.create("/v1/products", "id=team&name=Team").await;
    for (path, id) in [("customers", &customer), ("products", &product)] {
        let path = format!("/v1/{path}/{id}");
        let deleted = caller.delete(&path).await.json();
        let answered = caller.get(&path).await;
        assert_eq!(
            (answered.status, answered.json(), deleted["deleted"].clone()),
            (200, deleted, true.into())
        );
    }
    caller.create("/v1/products", "id=team&name=Team").await;
    assert_eq!(caller.get("/v1/products/team").await.json()["name"], "Team");
}

#[tokio::test]
async fn the_account_says_who_it_is_and_no_mode() {
    let caller = Caller::new().await;
    let account = caller.get("/v1/account").await.json();
    assert_eq!((&account["id"], &account["object"]), (&"acct_sim".into(), &"account".into()));
    assert!(account.get("livemode").is_none());
    assert_eq!(caller.get("/v1/accounts/acct_sim").await.json(), account);
    assert_eq!(caller.get("/v1/accounts/acct_other").await.error().1, "account_invalid");
}

#[tokio::test]
async fn every_answer_has_the_date_of_the_simulations_clock() {
    let caller = Caller::new().await;
    caller.sim.advance(12_345);
    for path in ["/v1/customers", "/v1/customers/cus_none", "/v1/unknown", "/pay/none", "/portal/none"] {
        let answered = caller.get(path).await;
        let date = DateTime::parse_from_rfc2822(answered.header("date")).expect("an HTTP date");
        assert_eq!(date.timestamp(), caller.sim.now(), "{path}");
    }
}
