//! Invoices that are made by hand: `POST /v1/invoices`, and what can be done to a draft.

use serde_json::json;

use crate::api::route::Call;
use crate::billing::{invoice, invoice_item};
use crate::error::{Answer, ApiError};
use crate::objects::customer::deleted;
use crate::state::State;

/// The parameters of a new invoice.
pub(super) const NEW: &[&str] = &[
    "auto_advance",
    "currency",
    "customer",
    "description",
    "footer",
    "metadata",
    "pending_invoice_items_behavior",
];
/// The parameters of an update.
pub(super) const FIELDS: &[&str] = &["auto_advance", "description", "footer", "metadata"];

/// Creates a draft; the customer's pending items come onto it where `pending_invoice_items_behavior` is `include`.
pub(crate) fn create(state: &mut State, call: &Call) -> Answer {
    let params = &call.params;
    let customer_id = params.need("customer")?;
    let customer = state.at_param("customer", customer_id, "customer")?.clone();
    let currency = params.text("currency").or(customer["currency"].as_str()).unwrap_or("usd").to_lowercase();
    let items = match params.text("pending_invoice_items_behavior") {
        None | Some("exclude") => Vec::new(),
        Some("include") => invoice_item::pending(state, customer_id, &currency),
        Some(_) => {
            let message = "Invalid pending_invoice_items_behavior: must be one of exclude or include";
            return Err(ApiError::invalid(message).param("pending_invoice_items_behavior"));
        }
    };
    let advance = params.flag("auto_advance")?.unwrap_or(false);
    let id = state.id("in", 24);
    let mut value = invoice::build_by_hand(state, &id, &customer, &currency, &items);
    value["auto_advance"] = json!(advance);
    params.write(&["description", "footer"], &mut value);
    params.write_metadata(&mut value);
    state.create("invoice", value, &["invoice.created"]);
    if advance {
        invoice::finalize_later(state, &id);
    }
    Ok(state.get("invoice", &id))
}

/// Updates an invoice; what it charges for changes by its items alone.
pub(super) fn update(state: &mut State, call: &Call) -> Answer {
    state.at_path("invoice", call.id())?;
    let advance = call.params.flag("auto_advance")?;
    Ok(state.change("invoice", call.id(), &["invoice.updated"], |invoice| {
        call.params.write(&["description", "footer"], invoice);
        call.params.write_metadata(invoice);
        if let Some(advance) = advance {
            invoice["auto_advance"] = json!(advance);
        }
    }))
}

/// Deletes a draft that no subscription issued, with its items.
pub(crate) fn delete(state: &mut State, call: &Call) -> Answer {
    let id = call.id();
    let invoice = state.at_path("invoice", id)?;
    if invoice["status"] != "draft" || !invoice["parent"].is_null() {
        return Err(ApiError::invalid("You can only delete draft invoices that no subscription issued."));
    }
    let items = invoice_item::taken_by(state, id);
    state.delete("invoice", id, &["invoice.deleted"]);
    invoice_item::delete(state, &items);
    Ok(deleted("invoice", id))
}
