//! The webhook endpoint at Stripe is made once, and repaired.

use reqwest::{StatusCode, header::USER_AGENT};
use serde_json::json;
use stripe_sim::Fault;

use crate::support::{
    ENDIVE, TestApp,
    process::{billgraph, run, text},
};

impl TestApp {
    async fn endpoint(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let base = self.sim.base_url();
        let settings = [("STRIPE_SECRET_KEY", "sk_test_sim"), ("STRIPE_API_BASE", base.as_str())];
        let arguments = [&["endpoint"], arguments].concat();
        let ended = run(billgraph(&self.database, &arguments, &settings), "").await;
        (ended.status.code(), text(&ended.stdout).to_owned(), text(&ended.stderr).to_owned())
    }

    async fn created(&self, url: &str) -> Vec<String> {
        let (code, out, told) = self.endpoint(&["create", "--url", url]).await;
        assert_eq!(code, Some(0), "{told}");
        out.lines().map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn an_endpoint_is_made_once_and_its_secret_shown_once() {
    let test = TestApp::start().await;
    let url = test.url("/webhooks/stripe");
    let made = test.created(&url).await;
    let [line, secret] = made.as_slice() else { panic!("{made:?}") };
    let fields: Vec<&str> = line.split('\t').collect();
    assert_eq!(fields[1..], ["created", &url, "all events", ENDIVE], "{line}");
    assert!(fields[0].starts_with("we_") && secret.starts_with("STRIPE_WEBHOOK_SECRET=whsec_"), "{made:?}");
    let again = test.created(&url).await;
    assert_eq!(again, [line.replace("\tcreated\t", "\tunchanged\t")]);
    let (code, listed, _) = test.endpoint(&["list"]).await;
    assert_eq!((code, listed), (Some(0), format!("{}\n", line.replace("\tcreated\t", "\tenabled\t"))));
    let posted = test.asked().into_iter().filter(|asked| asked.starts_with("POST")).count();
    assert_eq!(posted, 1, "nothing was changed the second time");
}

#[tokio::test]
async fn what_it_sends_is_taken_in_with_its_secret() {
    let first = TestApp::start().await;
    let made = first.created(&first.url("/webhooks/stripe")).await;
    let secret = made[1].strip_prefix("STRIPE_WEBHOOK_SECRET=").expect("a secret").to_owned();
    first.at_stripe("/v1/customers", "name=Ada").await;
    assert_eq!(first.sim.deliver().await.failed, 1, "the gateway does not know the secret yet");
    let body = json!({ "id": "evt_1", "type": "customer.created", "created": first.sim.now(),
                       "data": { "object": { "object": "customer", "id": "cus_1" } } })
    .to_string();
    let test = TestApp::over(first.database.clone(), first.sim.clone(), first.issuer.clone(), |settings| {
        settings.stripe_webhook_secret = Some(secret.clone());
    })
    .await;
    let signature = stripe_sim::signature(&secret, test.sim.now(), body.as_bytes());
    assert_eq!(test.post_webhook(Some(&signature), body).await.0, StatusCode::OK);
}

#[tokio::test]
async fn an_endpoint_that_lacks_something_is_repaired() {
    let test = TestApp::start().await;
    let url = test.url("/webhooks/stripe");
    let form = format!("url={url}&enabled_events[]=customer.created&api_version=2024-11-20.acacia");
    let id = test.at_stripe("/v1/webhook_endpoints", &form).await;
    test.at_stripe(&format!("/v1/webhook_endpoints/{id}"), "disabled=true").await;
    let other =
        test.at_stripe("/v1/webhook_endpoints", "url=https://other.example/hook&enabled_events[]=*").await;
    let (code, out, told) = test.endpoint(&["create", "--url", &url]).await;
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(out, format!("{id}\trepaired\t{url}\tall events\t2024-11-20.acacia\n"), "no secret is shown");
    assert!(told.contains("keeps its API version"), "{told}");
    let (_, listed, _) = test.endpoint(&["list"]).await;
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 2, "{listed}");
    assert!(listed.contains(&format!("{id}\tenabled\t")) && listed.contains(&format!("{other}\tenabled\t")));
    let request = test.client.get(format!("{}/v1/webhook_endpoints/{id}", test.sim.base_url()));
    let request = request.bearer_auth("sk_test_sim").header(USER_AGENT, "dashboard");
    let held: serde_json::Value = request.send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!((&held["enabled_events"], &held["status"]), (&json!(["*"]), &json!("enabled")));
}

#[tokio::test]
async fn a_key_that_may_not_is_told() {
    let test = TestApp::start().await;
    test.sim.faults().always_on("POST /v1/webhook_endpoints", Fault::Forbidden);
    let (code, out, told) =
        test.endpoint(&["create", "--url", "https://billing.example.com/webhooks/stripe"]).await;
    assert_eq!((code, out.as_str()), (Some(1), ""), "{told}");
    assert!(told.contains("rak_webhook_endpoint_write"), "{told}");
}
