//! From a checkout session to the page, the payment and the way back.

use serde_json::Value;

use super::caller::{Answered, Caller};

const ENDIVE: &str = "2026-09-30.endive";

async fn session(caller: &Caller, more: &str) -> Value {
    let (_, price) = caller.shop().await;
    let body = format!(
        "mode=subscription&line_items[0][price]={price}&line_items[0][quantity]=2\
         &success_url=https://example.com/done?s=%7BCHECKOUT_SESSION_ID%7D&cancel_url=https://example.com/no{more}"
    );
    let answered = caller.post("/v1/checkout/sessions", &body).await;
    assert_eq!(answered.status, 200, "{}", answered.text);
    answered.json()
}

fn path(session: &Value) -> String {
    format!("/pay/{}", session["id"].as_str().expect("a session has an id"))
}

async fn press(caller: &Caller, session: &Value, action: &str) -> Answered {
    caller.post(&path(session), &format!("action={action}")).await
}

#[tokio::test]
async fn the_page_says_what_is_bought_and_that_no_money_moves() {
    let caller = Caller::new().await;
    let session = session(&caller, "").await;
    assert_eq!(session["url"], format!("{}{}", caller.sim.base_url(), path(&session)));
    let page = caller.get(&path(&session)).await;
    assert!(page.header("content-type").starts_with("text/html"));
    for part in ["lang=\"en\"", "no money moves", "Team × 2", "58.00 USD", "<form method=\"post\">"] {
        assert!(page.text.contains(part), "{part}");
    }
}

#[tokio::test]
async fn paying_completes_the_session_and_sends_the_customer_back() {
    let caller = Caller::new().await;
    let session =
        session(&caller, "&subscription_data[metadata][plan]=team&client_reference_id=user-1").await;
    assert!(caller.sim.objects("subscription", ENDIVE).is_empty());
    let paid = press(&caller, &session, "pay").await;
    let id = session["id"].as_str().expect("a session has an id");
    assert_eq!(
        (paid.status, paid.header("location")),
        (303, format!("https://example.com/done?s={id}").as_str())
    );
    let done = caller
        .get(&format!("/v1/checkout/sessions/{id}?expand[]=subscription&expand[]=line_items"))
        .await
        .json();
    assert_eq!((&done["status"], &done["payment_status"]), (&"complete".into(), &"paid".into()));
    assert_eq!(done["subscription"]["status"], "active");
    assert_eq!(done["subscription"]["metadata"]["plan"], "team");
    assert_eq!(done["subscription"]["customer"], done["customer"]);
    assert_eq!(done["line_items"]["data"][0]["quantity"], 2);
    let last = caller.sim.events(ENDIVE).pop().expect("there are events");
    assert_eq!(last["type"], "checkout.session.completed");
    let again = press(&caller, &session, "pay").await;
    assert!(again.status == 200 && again.text.contains("Already paid"));
    assert_eq!(caller.sim.objects("subscription", ENDIVE).len(), 1);
}

#[tokio::test]
async fn a_declined_card_and_a_cancellation_leave_the_session_open() {
    let caller = Caller::new().await;
    let session = session(&caller, "").await;
    let declined = press(&caller, &session, "decline").await;
    assert!(declined.status == 200 && declined.text.contains("Your card was declined."));
    let canceled = press(&caller, &session, "cancel").await;
    assert_eq!((canceled.status, canceled.header("location")), (303, "https://example.com/no"));
    let id = session["id"].as_str().expect("a session has an id");
    assert_eq!(caller.get(&format!("/v1/checkout/sessions/{id}")).await.json()["status"], "open");
}

#[tokio::test]
async fn a_session_expires_after_a_day() {
    let caller = Caller::new().await;
    let session = session(&caller, "").await;
    caller.sim.advance(86_401);
    assert_eq!(caller.get(&path(&session)).await.status, 410);
    let last = caller.sim.events(ENDIVE).pop().expect("there are events");
    assert_eq!(last["type"], "checkout.session.expired");
}

#[tokio::test]
async fn a_trial_without_a_card_needs_no_payment_method() {
    let caller = Caller::new().await;
    let more = "&subscription_data[trial_period_days]=7&payment_method_collection=if_required";
    let session = session(&caller, more).await;
    assert_eq!(session["amount_total"], 0);
    assert_eq!(press(&caller, &session, "pay").await.status, 303);
    let subscription = caller.sim.objects("subscription", ENDIVE).remove(0);
    assert_eq!(subscription["status"], "trialing");
    assert!(subscription["default_payment_method"].is_null());
}

#[tokio::test]
async fn markup_in_names_is_escaped() {
    let caller = Caller::new().await;
    let body = "mode=payment&success_url=https://example.com/&line_items[0][price_data][currency]=usd\
        &line_items[0][price_data][unit_amount]=500\
        &line_items[0][price_data][product_data][name]=%3Cscript%3Ealert(1)%3C/script%3E";
    let session = caller.post("/v1/checkout/sessions", body).await.json();
    let page = caller.get(&path(&session)).await.text;
    assert!(!page.contains("<script>") && page.contains("&lt;script&gt;"));
}
