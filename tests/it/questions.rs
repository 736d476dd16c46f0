//! The questions of `docs/graphql.md`, asked, with the answers that stand there.

use billgraph::auth::Role;
use serde_json::{Value, json};

use crate::support::{TestApp, billing::LINK};

const GUIDE: &str = include_str!("../../docs/graphql.md");

/// 2025-06-01T00:00:00Z.
const JUNE: i64 = 1_748_736_000;
const DAY: i64 = 86_400;

struct Question {
    title: &'static str,
    asker: &'static str,
    document: &'static str,
    variables: Value,
    answer: Value,
}

fn questions() -> Vec<Question> {
    let sections = GUIDE.split("\n### ").skip(1);
    let question = |section: &'static str| {
        let mut code: Vec<&str> = section.split("```").skip(1).step_by(2).collect();
        let (_, asker) = section.split_once("Asked by ").expect("a question says who asks");
        let document = code.remove(0).strip_prefix("graphql\n").expect("a question has a document");
        let mut json = code.into_iter().map(|code| {
            let code = code.strip_prefix("json\n").expect("what follows is JSON");
            serde_json::from_str(code).expect("what follows is JSON")
        });
        let (first, second): (Option<Value>, Option<Value>) = (json.next(), json.next());
        let (variables, answer) = if second.is_some() { (first, second) } else { (None, first) };
        Question {
            title: section.lines().next().unwrap_or_default(),
            asker: asker.split('.').next().unwrap_or_default(),
            document,
            variables: variables.unwrap_or_default(),
            answer: answer.expect("a question has an answer"),
        }
    };
    sections.map(question).collect()
}

/// Two products, of which one can be paid monthly or yearly.
fn catalogue() -> Vec<Value> {
    let product = |id: &str, name: &str| json!({ "id": format!("prod_{id}"), "object": "product", "name": name, "active": true, "created": JUNE });
    let price = |id: &str, product: &str, amount: i64, currency: &str, interval: &str| {
        json!({ "id": format!("price_{id}"), "object": "price", "product": format!("prod_{product}"), "active": true,
                "created": JUNE, "currency": currency, "unit_amount": amount, "type": "recurring",
                "recurring": { "interval": interval, "interval_count": 1, "usage_type": "licensed" } })
    };
    vec![
        product("pro", "Pro"),
        product("team", "Team"),
        price("pro_month", "pro", 2000, "usd", "month"),
        price("pro_year", "pro", 20_000, "usd", "year"),
        price("team_month", "team", 5000, "jpy", "month"),
    ]
}

/// A customer with a card and a subscription, an invoice of it and its payment.
fn customer(who: &str, metadata_key: &str, price: &str, quantity: i64, is_paid: bool) -> Vec<Value> {
    let id = |prefix: &str| format!("{prefix}_{who}");
    let (amount, currency) = if price == "price_team_month" { (5000, "jpy") } else { (2000, "usd") };
    let amount = amount * quantity;
    let status = |paid: &str, unpaid: &str| if is_paid { paid.to_owned() } else { unpaid.to_owned() };
    let items = json!([{ "id": id("si"), "object": "subscription_item", "subscription": id("sub"), "created": JUNE,
        "quantity": quantity, "current_period_start": JUNE, "current_period_end": JUNE + 30 * DAY,
        "price": { "id": price, "object": "price" } }]);
    vec![
        json!({ "id": id("cus"), "object": "customer", "created": JUNE, "currency": currency, "delinquent": !is_paid,
                "email": format!("{who}@example.com"), "metadata": { metadata_key: who },
                "default_payment_method": id("pm") }),
        json!({ "id": id("pm"), "object": "payment_method", "created": JUNE, "customer": id("cus"), "type": "card",
                "card": { "brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2027 } }),
        json!({ "id": id("sub"), "object": "subscription", "customer": id("cus"), "created": JUNE, "start_date": JUNE,
                "currency": currency, "status": status("active", "past_due"), "latest_invoice": id("in"),
                "items": { "object": "list", "data": items, "has_more": false } }),
        json!({ "id": id("in"), "object": "invoice", "customer": id("cus"), "created": JUNE + DAY, "currency": currency,
                "subscription": id("sub"), "payment_intent": id("pi"), "status": status("paid", "open"),
                "number": format!("{}-0001", who.to_uppercase()), "total": amount, "due_date": JUNE + 14 * DAY,
                "amount_due": amount, "amount_remaining": if is_paid { 0 } else { amount },
                "hosted_invoice_url": format!("https://invoice.stripe.com/i/{who}"),
                "invoice_pdf": format!("https://pay.stripe.com/invoice/{who}/pdf") }),
        json!({ "id": id("pi"), "object": "payment_intent", "customer": id("cus"), "created": JUNE + DAY,
                "currency": currency, "amount": amount, "invoice": id("in"), "metadata": { "order": "1001" },
                "status": status("succeeded", "requires_payment_method") }),
        json!({ "id": id("ch"), "object": "charge", "customer": id("cus"), "created": JUNE + DAY, "currency": currency,
                "amount": amount, "amount_captured": if is_paid { amount } else { 0 }, "payment_intent": id("pi"),
                "paid": is_paid, "status": status("succeeded", "failed") }),
    ]
}

/// Ada pays, Bob does not, and an organization pays for three.
async fn shop() -> TestApp {
    let test = TestApp::start().await;
    let mut objects = catalogue();
    let mut ada = customer("ada", "user_id", "price_pro_month", 1, true);
    ada[0]["name"] = "Ada Lovelace".into();
    ada[2]["cancel_at_period_end"] = true.into();
    let mut bob = customer("bob", "user_id", "price_pro_month", 1, false);
    bob[4]["metadata"]["order"] = "1002".into();
    bob[4]["last_payment_error"] = json!({ "code": "card_declined", "decline_code": "insufficient_funds" });
    bob[5]["failure_code"] = "card_declined".into();
    bob[5]["failure_message"] = "Your card has insufficient funds.".into();
    let mut engines = customer("engines", "organization_id", "price_team_month", 3, true);
    engines[0]["name"] = "Analytical Engines".into();
    engines[4]["metadata"]["order"] = "1003".into();
    objects.extend([ada, bob, engines].concat());
    objects.extend([
        json!({ "id": "re_ada", "object": "refund", "charge": "ch_ada", "payment_intent": "pi_ada", "amount": 500,
                "currency": "usd", "created": JUNE + 2 * DAY, "status": "succeeded" }),
        json!({ "id": "cs_ada", "object": "checkout.session", "customer": "cus_ada", "created": JUNE, "mode": "subscription",
                "status": "complete", "payment_status": "paid", "subscription": "sub_ada" }),
        json!({ "id": "dp_engines", "object": "dispute", "charge": "ch_engines", "payment_intent": "pi_engines",
                "amount": 15_000, "currency": "jpy", "created": JUNE + 3 * DAY, "reason": "fraudulent",
                "status": "needs_response", "evidence_details": { "due_by": JUNE + 20 * DAY } }),
    ]);
    test.know(&objects).await;
    let entitlement = json!({ "id": "ent_ada", "object": "entitlements.active_entitlement", "lookup_key": "exports",
                              "feature": "feat_exports", "livemode": false });
    let summary = json!({ "object": "entitlements.active_entitlement_summary", "customer": "cus_ada", "livemode": false,
                          "entitlements": { "object": "list", "data": [entitlement], "has_more": false } });
    test.receive(
        &json!({ "id": "evt_ada", "object": "event", "created": JUNE, "data": { "object": summary },
                          "type": "entitlements.active_entitlement_summary.updated" }),
    )
    .await;
    test
}

/// The token of who asks.
async fn token(test: &TestApp, asker: &str) -> Option<String> {
    match asker {
        "anybody" => None,
        "a user" => Some(test.linked("ada").await),
        "a reader" => Some(test.service(Role::Reader).await),
        "an admin" => Some(test.service(Role::Admin).await),
        "an organization's admin" => Some(organization(test).await),
        _ => panic!("nobody knows who {asker} is"),
    }
}

/// The token of an admin of the organization, which is linked to its customer.
async fn organization(test: &TestApp) -> String {
    let claims =
        json!({ "sub": "charles", "org_id": "engines", "org_role": "admin", "exp": test.sim.now() + 3600 });
    let token = test.issuer.token(claims);
    let link = json!({ "input": { "organizationId": "org:engines", "name": "Analytical Engines" } });
    test.data(Some(&token), LINK, link).await;
    token
}

#[tokio::test]
async fn the_guides_questions_have_the_guides_answers() {
    let test = shop().await;
    organization(&test).await;
    let questions = questions();
    assert_eq!(questions.len(), 20);
    let mut wrong = Vec::new();
    for Question { title, asker, document, variables, answer } in questions {
        let token = token(&test, asker).await;
        let actual = test.graphql(token.as_deref(), document, variables).await;
        if actual != json!({ "data": answer }) {
            wrong.push(format!("{title}\n{actual:#}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Pages follow each other by the cursor that the first one ends with.
#[tokio::test]
async fn the_guides_next_page_is_another() {
    let test = shop().await;
    let question = questions().into_iter().find(|question| question.document.contains("query MorePayments"));
    let document =
        question.expect("the guide pages").document.replace("hasNextPage", "endCursor hasNextPage");
    let reader = test.service(Role::Reader).await;
    let mut seen = Vec::new();
    let mut after = Value::Null;
    for more in [true, true, false] {
        let page = test.data(Some(&reader), &document, json!({ "after": after })).await["payments"].take();
        assert_eq!(page["pageInfo"]["hasNextPage"], more);
        seen.push(page["nodes"][0]["id"].clone());
        after = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(seen, ["pi_engines", "pi_bob", "pi_ada"]);
}
