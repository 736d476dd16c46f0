//! What happens when the customer pays a checkout session.

use serde_json::{Map, Value, json};

use crate::api::route::Call;
use crate::billing::payment;
use crate::billing::subscribe::{self, NewSubscription};
use crate::error::{Answer, ApiError};
use crate::objects::payment_intent::NewIntent;
use crate::objects::payment_method::billing_details;
use crate::objects::setup_intent;
use crate::params::Params;
use crate::render::HIDDEN;
use crate::resources::payment_methods::Charges;
use crate::resources::subscription_params::metadata;
use crate::resources::{customers, payment_methods, subscription_params};
use crate::state::{State, number, text};

/// Pays an open session; a declined card leaves it open.
pub(crate) fn complete(state: &mut State, id: &str, card: Charges) -> Answer {
    let session = state.at_path("checkout.session", id)?.clone();
    if session["status"] != "open" {
        return Err(ApiError::invalid("This Checkout Session is no longer open."));
    }
    if card == Charges::Declined {
        return decline(state, &session);
    }
    let customer = customer(state, &session)?;
    let details = details(state, &session, &customer);
    let method = card_of(state, &session, &customer, &details)?;
    let mut outcome = match session["mode"].as_str() {
        Some("subscription") => subscribe(state, &session, &customer, method)?,
        Some("setup") => set_up(state, &customer, method.as_deref().unwrap_or_default()),
        _ => pay(state, &session, &customer, method.as_deref().unwrap_or_default()),
    };
    outcome.insert("customer".to_owned(), customer);
    outcome.insert("customer_details".to_owned(), details);
    Ok(state.change("checkout.session", id, &["checkout.session.completed"], |session| {
        crate::form::merge(session, Value::Object(outcome));
        session["status"] = json!("complete");
        session["url"] = Value::Null;
    }))
}

/// The card that the customer enters, where one is asked for; it becomes the customer's.
fn card_of(state: &mut State, session: &Value, customer: &Value, details: &Value) -> Answer<Option<String>> {
    let free = number(session, "amount_total") == 0 && session["payment_method_collection"] == "if_required";
    if free {
        return Ok(None);
    }
    let method = payment_methods::new_card(state, Charges::Accepted, &billing(details));
    if let Some(customer) = customer.as_str() {
        payment_methods::attach_to(state, &method, customer)?;
    }
    Ok(Some(method))
}

fn decline(state: &mut State, session: &Value) -> Answer {
    if session["mode"] == "payment" {
        let details = billing_details(&session["customer_email"], &Value::Null);
        let method = payment_methods::new_card(state, Charges::Declined, &details);
        pay(state, session, &session["customer"], &method);
    }
    Err(ApiError::declined())
}

/// The customer of the session: the given one, a new one, or none for a guest's payment.
fn customer(state: &mut State, session: &Value) -> Answer {
    let guest = session["mode"] == "payment" && session["customer_creation"] != "always";
    if let Some(id) = session["customer"].as_str() {
        return Ok(state.at_param("customer", id, "customer")?["id"].clone());
    }
    if guest || session["mode"] == "setup" {
        return Ok(Value::Null);
    }
    let email = email(state, session);
    let params = json!({"email": email, "name": "Checkout customer"});
    let call = Call::internal(state, &[], &params);
    Ok(customers::create(state, &call)?["id"].clone())
}

fn email(state: &mut State, session: &Value) -> String {
    match session["customer_email"].as_str() {
        Some(email) => email.to_owned(),
        None => format!("guest-{}@example.com", state.tick()),
    }
}

fn details(state: &mut State, session: &Value, customer: &Value) -> Value {
    let known = customer.as_str().map(|id| state.get("customer", id)).unwrap_or_default();
    let email = if known["email"].is_null() { json!(email(state, session)) } else { known["email"].clone() };
    json!({
        "address": {
            "city": null, "country": "US", "line1": null, "line2": null, "postal_code": "94102", "state": null,
        },
        "business_name": null,
        "email": email,
        "individual_name": null,
        "name": known["name"],
        "phone": null,
        "tax_exempt": "none",
        "tax_ids": [],
    })
}

fn billing(details: &Value) -> Value {
    let mut billing = billing_details(&details["email"], &details["name"]);
    billing["address"] = details["address"].clone();
    billing
}

fn subscribe(
    state: &mut State,
    session: &Value,
    customer: &Value,
    method: Option<String>,
) -> Answer<Map<String, Value>> {
    let data = Params::new(session[HIDDEN]["subscription_data"].clone());
    let items = state.session_items.get(&text(session, "id")).cloned().unwrap_or_default();
    let recurring = items.iter().filter(|item| !item["price"]["recurring"].is_null());
    let new = NewSubscription {
        customer: customer.as_str().unwrap_or_default().to_owned(),
        items: recurring.map(|item| (item["price"].clone(), number(item, "quantity"))).collect(),
        trial_end: subscription_params::trial_end(state, &data)?,
        metadata: metadata(&data, "metadata"),
        default_payment_method: method,
        fields: subscription_params::fields(&data)?,
        coupon: session[HIDDEN]["coupon"].as_str().map(str::to_owned),
        ..NewSubscription::default()
    };
    let subscription = subscribe::start(state, &new);
    Ok(fields(json!({
        "invoice": subscription["latest_invoice"],
        "payment_status": "paid",
        "subscription": subscription["id"],
    })))
}

fn pay(state: &mut State, session: &Value, customer: &Value, method: &str) -> Map<String, Value> {
    let amount = number(session, "amount_total");
    if amount == 0 {
        return fields(json!({"payment_status": "no_payment_required"}));
    }
    let data = Params::new(session[HIDDEN]["payment_intent_data"].clone());
    let new = NewIntent {
        amount,
        currency: text(session, "currency"),
        customer: customer.as_str().map(str::to_owned),
        description: data.text("description").map(str::to_owned),
        invoice: None,
        receipt_email: None,
    };
    let intent = payment::intend(state, &new);
    state.change("payment_intent", &intent, &[], |intent| data.write_metadata(intent));
    payment::charge(state, &intent, method);
    fields(json!({"payment_intent": intent, "payment_status": "paid"}))
}

fn set_up(state: &mut State, customer: &Value, method: &str) -> Map<String, Value> {
    let (id, secret) = (state.id("seti", 24), state.random.letters(25));
    let value = setup_intent::succeeded(&id, state.now(), &secret, customer, method);
    state.create("setup_intent", value, &["setup_intent.created", "setup_intent.succeeded"]);
    fields(json!({"payment_status": "no_payment_required", "setup_intent": id}))
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
