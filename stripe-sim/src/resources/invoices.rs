//! `/v1/invoices`

use serde_json::Value;

use crate::api::list;
use crate::api::route::{Call, Route};
use crate::billing::{collection, invoice};
use crate::error::{Answer, ApiError};
use crate::resources::invoice_drafts as drafts;
use crate::state::State;

/// The endpoints of invoices.
pub(crate) const ROUTES: &[Route] = &[
    Route::list(
        "/v1/invoices",
        &["collection_method", "created", "customer", "status", "subscription"],
        list,
    ),
    Route::post("/v1/invoices", drafts::NEW, drafts::create),
    Route::get("/v1/invoices/{}", &[], retrieve),
    Route::post("/v1/invoices/{}", drafts::FIELDS, drafts::update),
    Route::delete("/v1/invoices/{}", &[], drafts::delete),
    Route::list("/v1/invoices/{}/lines", &[], lines),
    Route::post("/v1/invoices/{}/pay", &[], pay),
    Route::post("/v1/invoices/{}/void", &[], void),
    Route::post("/v1/invoices/{}/finalize", &["auto_advance"], finalize),
];

/// Tries to collect an open invoice.
pub(crate) fn pay(state: &mut State, call: &Call) -> Answer {
    in_status(state, call, "open")?;
    if collection::pay(state, call.id()) {
        Ok(state.get("invoice", call.id()))
    } else {
        Err(ApiError::declined())
    }
}

fn void(state: &mut State, call: &Call) -> Answer {
    in_status(state, call, "open")?;
    invoice::void(state, call.id());
    Ok(state.get("invoice", call.id()))
}

/// Makes a draft final.
pub(crate) fn finalize(state: &mut State, call: &Call) -> Answer {
    in_status(state, call, "draft")?;
    invoice::finalize(state, call.id());
    Ok(state.get("invoice", call.id()))
}

fn in_status(state: &State, call: &Call, status: &str) -> Answer<()> {
    let invoice = state.at_path("invoice", call.id())?;
    if invoice["status"] == status {
        return Ok(());
    }
    Err(ApiError::invalid(format!("This invoice is not {status}: {}", call.id())))
}

fn retrieve(state: &mut State, call: &Call) -> Answer {
    state.at_path("invoice", call.id()).cloned()
}

fn list(state: &mut State, call: &Call) -> Answer {
    list::objects(state, call, "invoice", |value| {
        let subscription = &value["parent"]["subscription_details"]["subscription"];
        list::equal(&call.params, "status", &value["status"])
            && list::equal(&call.params, "subscription", subscription)
            && list::equal(&call.params, "collection_method", &value["collection_method"])
    })
}

fn lines(state: &mut State, call: &Call) -> Answer {
    let invoice = state.at_path("invoice", call.id())?;
    let lines = invoice["lines"]["data"].as_array().map_or(&[][..], Vec::as_slice);
    list::values(call, "line_item", lines.iter().map(Value::clone).collect())
}
