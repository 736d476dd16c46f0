//! `/v1/subscriptions`

use crate::api::list;
use crate::api::route::{Call, Route};
use crate::billing::subscribe::{self, NewSubscription};
use crate::billing::{cancel, trial};
use crate::error::{Answer, ApiError};
use crate::resources::subscription_params as given;
use crate::resources::subscription_updates as updates;
use crate::state::State;

const NEW: &[&str] = &[
    "automatic_tax",
    "cancel_at_period_end",
    "coupon",
    "currency",
    "customer",
    "default_payment_method",
    "description",
    "discounts",
    "items",
    "metadata",
    "off_session",
    "payment_behavior",
    "payment_settings",
    "proration_behavior",
    "trial_end",
    "trial_period_days",
    "trial_settings",
];
const FIELDS: &[&str] = &[
    "cancel_at_period_end",
    "cancellation_details",
    "default_payment_method",
    "description",
    "items",
    "metadata",
    "off_session",
    "payment_behavior",
    "payment_settings",
    "proration_behavior",
    "trial_settings",
];

/// The endpoints of subscriptions.
pub(crate) const ROUTES: &[Route] = &[
    Route::post("/v1/subscriptions", NEW, create),
    Route::list("/v1/subscriptions", &["collection_method", "created", "customer", "price", "status"], list),
    Route::get("/v1/subscriptions/{}", &[], retrieve),
    Route::post("/v1/subscriptions/{}", FIELDS, updates::update),
    Route::delete("/v1/subscriptions/{}", &["cancellation_details", "invoice_now", "prorate"], cancel),
    Route::post("/v1/subscriptions/{}/resume", &["billing_cycle_anchor", "proration_behavior"], resume),
];

/// Creates a subscription of a customer.
pub(crate) fn create(state: &mut State, call: &Call) -> Answer {
    let params = &call.params;
    let customer = params.need("customer")?;
    state.at_param("customer", customer, "customer")?;
    let new = NewSubscription {
        customer: customer.to_owned(),
        items: given::priced_items(state, params)?,
        trial_end: given::trial_end(state, params)?,
        metadata: given::metadata(params, "metadata"),
        default_payment_method: given::method(state, params)?,
        coupon: given::coupon(state, params)?,
        wait_for_client: params.text("payment_behavior") == Some("default_incomplete"),
        fields: given::fields(params)?,
    };
    given::payable(state, &new)?;
    Ok(subscribe::start(state, &new))
}

/// Cancels a subscription at once.
pub(crate) fn cancel(state: &mut State, call: &Call) -> Answer {
    let subscription = state.at_path("subscription", call.id())?;
    if cancel::ended(subscription) {
        return Err(ApiError::not_found("subscription", call.id()));
    }
    cancel::now(state, call.id(), "cancellation_requested");
    Ok(state.get("subscription", call.id()))
}

/// Ends the pause of a subscription.
pub(crate) fn resume(state: &mut State, call: &Call) -> Answer {
    if state.at_path("subscription", call.id())?["status"] != "paused" {
        return Err(ApiError::invalid("Only paused subscriptions can be resumed."));
    }
    trial::resume(state, call.id());
    Ok(state.get("subscription", call.id()))
}

fn retrieve(state: &mut State, call: &Call) -> Answer {
    state.at_path("subscription", call.id()).cloned()
}

fn list(state: &mut State, call: &Call) -> Answer {
    let params = &call.params;
    list::objects(state, call, "subscription", |value| {
        let priced = |price| subscribe::items(value).iter().any(|item| item["price"]["id"] == price);
        let status = match params.text("status") {
            None => value["status"] != "canceled",
            Some("all") => true,
            Some("ended") => cancel::ended(value),
            Some(status) => value["status"] == status,
        };
        status
            && list::equal(params, "collection_method", &value["collection_method"])
            && params.text("price").is_none_or(priced)
    })
}
