//! Small Stripe objects, and events that tell of them.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::TestApp;

/// When the objects were made.
pub const MADE: i64 = 1_750_000_000;

/// An event that tells of an object's state.
pub fn event(kind: &str, created: i64, object: &Value) -> Value {
    let id = format!("evt_{kind}_{}_{created}", object["id"].as_str().expect("an object has an id"));
    let data = json!({ "object": object });
    json!({ "id": id, "object": "event", "type": kind, "created": created, "data": data })
}

/// A price and its product.
pub fn catalogue(who: &str, active: bool) -> [Value; 2] {
    let id = |prefix: &str| format!("{prefix}_{who}");
    [
        json!({ "id": id("prod"), "object": "product", "name": "Plan", "active": active, "created": MADE }),
        json!({ "id": id("price"), "object": "price", "product": id("prod"), "active": active, "created": MADE,
                "currency": "usd", "unit_amount": 900, "type": "recurring", "recurring": { "interval": "month" } }),
    ]
}

/// A customer whose metadata says who they are.
pub fn customer(who: &str, metadata_key: &str) -> Value {
    json!({ "id": format!("cus_{who}"), "object": "customer", "created": MADE, "currency": "usd",
            "metadata": { metadata_key: who }, "default_payment_method": format!("pm_{who}") })
}

/// A subscription of a customer, with one item.
pub fn subscription(who: &str, status: &str) -> Value {
    let id = |prefix: &str| format!("{prefix}_{who}");
    let item = json!({ "id": id("si"), "object": "subscription_item", "subscription": id("sub"), "created": MADE,
                       "quantity": 1, "price": { "id": id("price"), "object": "price", "product": id("prod") } });
    json!({ "id": id("sub"), "object": "subscription", "customer": id("cus"), "status": status, "created": MADE,
            "latest_invoice": id("in"), "items": { "object": "list", "data": [item], "has_more": false } })
}

/// One object of each type that somebody owns, and what they bought, which is archived.
pub fn account(who: &str, metadata_key: &str) -> Vec<Value> {
    let id = |prefix: &str| format!("{prefix}_{who}");
    let paid = json!({ "amount": 900, "currency": "usd", "created": MADE, "customer": id("cus"), "invoice": id("in"),
                       "payment_method": id("pm"), "payment_intent": id("pi"), "status": "succeeded" });
    let with = |more: Value| {
        let mut object = paid.clone();
        for (name, value) in more.as_object().expect("fields are an object") {
            object[name] = value.clone();
        }
        object
    };
    let payment = json!({ "type": "payment_intent", "payment_intent": id("pi") });
    let mut objects = Vec::from(catalogue(who, false));
    objects.extend([
        customer(who, metadata_key),
        subscription(who, "active"),
        json!({ "id": id("in"), "object": "invoice", "customer": id("cus"), "created": MADE, "currency": "usd",
                "subscription": id("sub"), "payment_intent": id("pi"), "charge": id("ch"), "status": "paid" }),
        json!({ "id": id("inpay"), "object": "invoice_payment", "invoice": id("in"), "created": MADE,
                "payment": payment, "status": "paid" }),
        with(json!({ "id": id("pi"), "object": "payment_intent", "latest_charge": id("ch") })),
        with(json!({ "id": id("ch"), "object": "charge" })),
        with(json!({ "id": id("re"), "object": "refund", "charge": id("ch") })),
        with(json!({ "id": id("pm"), "object": "payment_method", "type": "card" })),
        with(json!({ "id": id("cs"), "object": "checkout.session", "mode": "subscription", "status": "complete",
                     "subscription": id("sub") })),
    ]);
    objects
}

impl TestApp {
    /// Tells the gateway of objects, each by an event of its own.
    pub async fn know(&self, objects: &[Value]) {
        let events = objects.iter().map(|object| {
            let kind = match object["object"].as_str().expect("an object has a type") {
                "subscription" => "customer.subscription.created".to_owned(),
                name => format!("{name}.created"),
            };
            event(&kind, MADE, object)
        });
        let events: Vec<Value> = events.collect();
        join_all(events.iter().map(|event| self.receive(event))).await;
    }

    /// A token of a user whom a known customer's metadata names, and who was linked to it therefore.
    pub async fn linked(&self, id: &str) -> String {
        let token = self.user(id);
        let linked = self.data(Some(&token), LINK, json!({ "input": {} })).await;
        assert_eq!(
            linked["linkCustomer"]["outcome"], "ALREADY_LINKED",
            "{id} was linked when the customer came"
        );
        token
    }
}

/// The mutation that links.
pub const LINK: &str = "mutation($input: LinkCustomerInput!) { linkCustomer(input: $input) {
    outcome user { id } customer { id } userErrors { code field } } }";
