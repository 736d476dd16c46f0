//! What a bill is made of, as the API shows it: joined both ways, and to nobody but its owner.

use billgraph::auth::Role;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    billing::{MADE, account},
};

/// One object of each further type, for somebody who has an account.
fn parts(who: &str) -> Vec<Value> {
    let id = |prefix: &str| format!("{prefix}_{who}");
    let with = |prefix: &str, object: &str, more: Value| {
        let mut value = json!({
            "id": id(prefix), "object": object, "created": MADE, "customer": id("cus"), "currency": "usd",
            "amount": 700, "subscription": id("sub"), "invoice": id("in"), "payment_method": id("pm"),
        });
        for (name, field) in more.as_object().expect("fields are an object") {
            value[name] = field.clone();
        }
        value
    };
    let list = |items: Value| json!({ "object": "list", "data": items, "has_more": false });
    let price = json!({ "id": id("price"), "object": "price", "product": id("prod") });
    let line = |number: usize| {
        json!({ "id": format!("il_{number}_{who}"), "object": "line_item", "amount": 450, "currency": "usd",
                "price": price, "subscription": id("sub"), "invoice_item": id("ii"), "discounts": [id("di")] })
    };
    vec![
        with(
            "in",
            "invoice",
            json!({
                "quote": id("qt"), "discounts": [id("di")], "lines": list(json!([line(1), line(2), line(3)])),
            }),
        ),
        with(
            "sub",
            "subscription",
            json!({
                "schedule": id("sub_sched"), "pending_setup_intent": id("seti"), "discounts": [id("di")],
            }),
        ),
        with(
            "cs",
            "checkout.session",
            json!({
                "mode": "payment", "setup_intent": id("seti"), "payment_link": id("plink"),
                "line_items": list(json!([{ "id": id("li"), "object": "item", "price": price, "amount_total": 900,
                                            "currency": "usd" }])),
            }),
        ),
        with("ii", "invoiceitem", json!({ "date": MADE, "price": price, "discounts": [id("di")] })),
        with("seti", "setup_intent", json!({ "status": "succeeded" })),
        with(
            "dp",
            "dispute",
            json!({
                "charge": id("ch"), "payment_intent": id("pi"), "status": "needs_response",
            }),
        ),
        with(
            "di",
            "discount",
            json!({
                "coupon": id("coupon"), "promotion_code": id("promo"), "start": MADE, "end": null,
            }),
        ),
        with("cn", "credit_note", json!({ "refund": id("re"), "status": "issued" })),
        with("txi", "tax_id", json!({ "type": "eu_vat", "value": "DE123456789" })),
        with("qt", "quote", json!({ "status": "accepted", "discounts": [id("di")] })),
        with("sub_sched", "subscription_schedule", json!({ "status": "active" })),
        with("plan", "plan", json!({ "active": who == "a", "product": id("prod") })),
        with("coupon", "coupon", json!({ "percent_off": 25, "duration": "once", "valid": true })),
        with("promo", "promotion_code", json!({ "code": "SAVE", "coupon": id("coupon"), "active": true })),
        with("txr", "tax_rate", json!({ "percentage": 19, "active": true })),
        with("plink", "payment_link", json!({ "active": true })),
    ]
}

const PREFIXES: [&str; 16] = [
    "il_1",
    "li",
    "ii",
    "seti",
    "dp",
    "di",
    "cn",
    "txi",
    "qt",
    "sub_sched",
    "plan:plan",
    "coupon",
    "promo",
    "txr",
    "plink",
    "in",
];

/// Which of these ids a viewer sees, by their prefixes.
async fn seen(test: &TestApp, token: Option<&str>, who: &str) -> Vec<&'static str> {
    let ids = PREFIXES.map(|prefix| format!("{prefix}_{who}"));
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let data = test.data(token, query, json!({ "ids": ids })).await;
    let nodes = data["nodes"].as_array().expect("nodes are a list");
    PREFIXES.into_iter().zip(nodes).filter(|(_, node)| !node.is_null()).map(|(prefix, _)| prefix).collect()
}

async fn two_accounts() -> (TestApp, String) {
    let test = TestApp::start().await;
    test.know(&[account("a", "user_id"), account("b", "user_id")].concat()).await;
    let a = test.linked("a").await;
    // Later, so that they replace what the accounts say.
    for object in [parts("a"), parts("b")].concat() {
        let kind = format!("{}.updated", object["object"].as_str().expect("an object has a type"));
        test.receive(&crate::support::billing::event(&kind, MADE + 1, &object)).await;
    }
    (test, a)
}

#[tokio::test]
async fn everybody_sees_their_own() {
    let (test, a) = two_accounts().await;
    let nobodys = ["coupon", "promo", "txr", "plink"];
    let own: Vec<&str> = PREFIXES.into_iter().filter(|prefix| !nobodys.contains(prefix)).collect();
    assert_eq!(seen(&test, Some(&a), "a").await, own);
    assert_eq!(seen(&test, Some(&a), "b").await, Vec::<&str>::new());
    assert_eq!(seen(&test, None, "a").await, ["plan:plan"], "it is on offer");
    let reader = test.service(Role::Reader).await;
    assert_eq!(seen(&test, Some(&reader), "b").await, PREFIXES);
}

const JOINS: &str = "{ customer(id: \"cus_a\") {
    taxIds { nodes { id value customer { id } } }
    creditNotes { nodes { id amount { decimal } invoice { id } refund { id } } }
    quotes { nodes { id invoice { id } subscription { id } discounts { id } } }
    setupIntents { nodes { id paymentMethod { id setupIntents { nodes { id } } } } }
    subscriptionSchedules { nodes { id subscription { id } } }
    invoiceItems { nodes { id price { id } invoice { id } discounts { id } } }
    checkoutSessions { nodes { id setupIntent { id } paymentLink { id } lineItems { nodes { id price { id } checkoutSession { id } amountTotal { decimal } } } } }
    charges { nodes { id disputes { totalCount nodes { id status charge { id } payment { id disputes { nodes { id } } } } } } }
    subscriptions { nodes { id schedule { id } pendingSetupIntent { id } discounts { id coupon { id percentOff promotionCodes { nodes { id } } } promotionCode { id } } } }
    invoices { nodes { id quote { id } creditNotes { nodes { id } } discounts { id }
        lines(first: 2) { totalCount nodes { id amount { decimal } price { id product { id } } subscription { id } invoiceItem { id } discounts { id } } pageInfo { hasNextPage endCursor } } } }
} }";

#[tokio::test]
async fn joins_lead_there_and_back() {
    let (test, a) = two_accounts().await;
    let reader = test.service(Role::Reader).await;
    let data = test.data(Some(&reader), JOINS, json!({})).await;
    let customer = &data["customer"];
    for (path, id) in [
        ("/taxIds/nodes/0/customer", "cus"),
        ("/creditNotes/nodes/0/refund", "re"),
        ("/quotes/nodes/0/discounts/0", "di"),
        ("/setupIntents/nodes/0/paymentMethod/setupIntents/nodes/0", "seti"),
        ("/subscriptionSchedules/nodes/0/subscription", "sub"),
        ("/invoiceItems/nodes/0/price", "price"),
        ("/invoiceItems/nodes/0/discounts/0", "di"),
        ("/checkoutSessions/nodes/0/setupIntent", "seti"),
        ("/checkoutSessions/nodes/0/paymentLink", "plink"),
        ("/checkoutSessions/nodes/0/lineItems/nodes/0/checkoutSession", "cs"),
        ("/charges/nodes/0/disputes/nodes/0/payment/disputes/nodes/0", "dp"),
        ("/subscriptions/nodes/0/schedule", "sub_sched"),
        ("/subscriptions/nodes/0/pendingSetupIntent", "seti"),
        ("/subscriptions/nodes/0/discounts/0/coupon/promotionCodes/nodes/0", "promo"),
        ("/subscriptions/nodes/0/discounts/0/promotionCode", "promo"),
        ("/invoices/nodes/0/quote", "qt"),
        ("/invoices/nodes/0/creditNotes/nodes/0", "cn"),
        ("/invoices/nodes/0/lines/nodes/0", "il_3"),
        ("/invoices/nodes/0/lines/nodes/1/price/product", "prod"),
        ("/invoices/nodes/0/lines/nodes/1/invoiceItem", "ii"),
    ] {
        let shown = customer.pointer(path).unwrap_or_else(|| panic!("{path}: {customer}"));
        assert_eq!(shown["id"], format!("{id}_a"), "{path}");
    }
    assert_eq!(customer["charges"]["nodes"][0]["disputes"]["nodes"][0]["status"], "NEEDS_RESPONSE");
    assert_eq!(customer["creditNotes"]["nodes"][0]["amount"]["decimal"], "7.00");
    let own = test.data(Some(&a), JOINS, json!({})).await;
    let discount = &own["customer"]["subscriptions"]["nodes"][0]["discounts"][0];
    assert_eq!((&discount["id"], &discount["coupon"]), (&"di_a".into(), &Value::Null));
}

/// An invoice's lines have no time of their own: their pages go by their ids.
#[tokio::test]
async fn lines_have_pages() {
    let (test, a) = two_accounts().await;
    let query = "query($after: String) { invoice(id: \"in_a\") { lines(first: 2, after: $after) {
        totalCount nodes { id } pageInfo { hasNextPage endCursor } } } }";
    let first = test.data(Some(&a), query, json!({})).await["invoice"]["lines"].clone();
    assert_eq!(first["nodes"], json!([{ "id": "il_3_a" }, { "id": "il_2_a" }]));
    assert_eq!((&first["totalCount"], &first["pageInfo"]["hasNextPage"]), (&3.into(), &true.into()));
    let after = json!({ "after": first["pageInfo"]["endCursor"] });
    let second = test.data(Some(&a), query, after).await["invoice"]["lines"].clone();
    assert_eq!(second["nodes"], json!([{ "id": "il_1_a" }]));
}
