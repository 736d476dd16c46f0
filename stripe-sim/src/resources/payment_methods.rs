//! `/v1/payment_methods`

use serde_json::{Value, json};

use crate::api::list;
use crate::api::route::{Call, Route};
use crate::error::{Answer, ApiError};
use crate::objects::payment_method::{billing_details, card};
use crate::state::{State, text};

/// What happens when a test card is charged (<https://docs.stripe.com/testing>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charges {
    Accepted,
    Declined,
    /// The customer has to authenticate each time.
    Challenged,
}

impl Charges {
    /// What a card number, a token or one of Stripe's test ids stands for.
    fn of(name: &str) -> Charges {
        match name {
            _ if name.contains("Declined") || name.contains("CustomerFail") => Charges::Declined,
            _ if name.contains("authenticationRequired") => Charges::Challenged,
            _ if name.ends_with("0002") || name.ends_with("0341") => Charges::Declined,
            _ if name.ends_with("3184") || name.ends_with("3155") => Charges::Challenged,
            _ => Charges::Accepted,
        }
    }

    fn last4(self) -> &'static str {
        match self {
            Charges::Accepted => "4242",
            Charges::Declined => "0002",
            Charges::Challenged => "3184",
        }
    }
}

/// The endpoints of payment methods.
pub(crate) const ROUTES: &[Route] = &[
    Route::post("/v1/payment_methods", &["billing_details", "card", "metadata", "type"], create),
    Route::list("/v1/payment_methods", &["customer", "type"], list),
    Route::list("/v1/customers/{}/payment_methods", &["type"], of_customer),
    Route::get("/v1/payment_methods/{}", &[], retrieve),
    Route::post("/v1/payment_methods/{}", &["billing_details", "metadata"], update),
    Route::post("/v1/payment_methods/{}/attach", &["customer"], attach),
    Route::post("/v1/payment_methods/{}/detach", &[], detach),
];

/// Creates a card that belongs to nobody; Stripe has no event for that.
pub(crate) fn create(state: &mut State, call: &Call) -> Answer {
    call.params.need("type")?;
    let name = call.params.text("card/number").or(call.params.text("card/token"));
    let mut details = billing_details(&Value::Null, &Value::Null);
    if let Some(given) = call.params.get("billing_details") {
        crate::form::merge(&mut details, given.clone());
    }
    let id = new_card(state, Charges::of(name.unwrap_or_default()), &details);
    Ok(state.get("payment_method", &id))
}

/// A new card; gives its id.
pub(crate) fn new_card(state: &mut State, charges: Charges, details: &Value) -> String {
    let (id, fingerprint) = (state.id("pm", 24), state.random.letters(16));
    let value = card(&id, state.now(), charges.last4(), details, &fingerprint);
    state.create("payment_method", value, &[]);
    match charges {
        Charges::Accepted => false,
        Charges::Declined => state.declining.insert(id.clone()),
        Charges::Challenged => state.challenging.insert(id.clone()),
    };
    id
}

/// Refuses an id that is neither a payment method's nor one of Stripe's test ids such as `pm_card_visa`.
pub(crate) fn check(state: &State, id: &str) -> Answer<()> {
    if !id.starts_with("pm_card_") {
        state.at_param("payment_method", id, "payment_method")?;
    }
    Ok(())
}

/// A payment method that exists, or a new one for one of Stripe's test ids.
pub(crate) fn known(state: &mut State, id: &str) -> Answer<String> {
    check(state, id)?;
    if !id.starts_with("pm_card_") {
        return Ok(id.to_owned());
    }
    let details = billing_details(&Value::Null, &Value::Null);
    Ok(new_card(state, Charges::of(id), &details))
}

/// Attaches a payment method to a customer.
pub(crate) fn attach_to(state: &mut State, method: &str, customer: &str) -> Answer {
    let id = known(state, method)?;
    let owner = state.get("payment_method", &id)["customer"].clone();
    if !owner.is_null() && owner != customer {
        return Err(ApiError::invalid(
            "The payment method you provided has already been attached to a customer.",
        ));
    }
    Ok(state.change("payment_method", &id, &["payment_method.attached"], |value| {
        value["customer"] = json!(customer);
    }))
}

/// Takes a payment method from its customer.
pub(crate) fn release(state: &mut State, id: &str) -> Value {
    state.change("payment_method", id, &["payment_method.detached"], |value| value["customer"] = Value::Null)
}

fn attach(state: &mut State, call: &Call) -> Answer {
    let customer = call.params.need("customer")?;
    state.at_param("customer", customer, "customer")?;
    if !call.id().starts_with("pm_card_") {
        state.at_path("payment_method", call.id())?;
    }
    attach_to(state, call.id(), customer)
}

fn detach(state: &mut State, call: &Call) -> Answer {
    let owner = text(state.at_path("payment_method", call.id())?, "customer");
    if owner.is_empty() {
        let message =
            "The payment method you provided is not attached to a customer so detachment is impossible.";
        return Err(ApiError::invalid(message));
    }
    let detached = release(state, call.id());
    state.change("customer", &owner, &["customer.updated"], |customer| {
        let default = &mut customer["invoice_settings"]["default_payment_method"];
        if *default == *call.id() {
            *default = Value::Null;
        }
    });
    Ok(detached)
}

/// Updates a payment method.
pub(crate) fn update(state: &mut State, call: &Call) -> Answer {
    state.at_path("payment_method", call.id())?;
    Ok(state.change("payment_method", call.id(), &["payment_method.updated"], |value| {
        call.params.write_metadata(value);
        if let Some(given) = call.params.get("billing_details") {
            crate::form::merge(&mut value["billing_details"], given.clone());
        }
    }))
}

fn retrieve(state: &mut State, call: &Call) -> Answer {
    state.at_path("payment_method", call.id()).cloned()
}

fn list(state: &mut State, call: &Call) -> Answer {
    of(state, call, call.params.need("customer")?)
}

fn of_customer(state: &mut State, call: &Call) -> Answer {
    state.at_path("customer", call.id())?;
    of(state, call, call.id())
}

fn of(state: &State, call: &Call, customer: &str) -> Answer {
    list::of_customer(state, call, "payment_method", customer, |value| {
        list::equal(&call.params, "type", &value["type"])
    })
}
